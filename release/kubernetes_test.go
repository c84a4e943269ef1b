package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	core "k8s.io/api/core/v1"
)

var overlays = []string{"cluster", "single", "wallets"}

// TestKubernetes judges what each overlay makes.
func TestKubernetes(t *testing.T) {
	binary := unpackedBinary(t)
	for _, name := range overlays {
		c, err := builtBy(filepath.Join("../deploy/kubernetes/overlays", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range c.judge(binary) {
			t.Errorf("%s: %v", name, problem)
		}
	}
}

// TestKubernetesMistakes plants mistakes, and each has to be found.
func TestKubernetesMistakes(t *testing.T) {
	binary := unpackedBinary(t)
	for _, m := range []struct{ file, old, new, says string }{
		{"base/deployment.yaml", "minReadySeconds: 5", "minimumReadySeconds: 5", "unknown field"},
		{"base/deployment.yaml", "kind: Deployment", "kind: Deploy", "Deploy"},
		{"base/deployment.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "is writable"},
		{"base/deployment.yaml", "runAsNonRoot: true", "runAsNonRoot: false", "not restricted"},
		{"base/deployment.yaml", "seccompProfile: {type: RuntimeDefault}", "seccompProfile: {type: Unconfined}", "not restricted"},
		{"base/deployment.yaml", "capabilities: {drop: [ALL]}", "capabilities: {drop: [KILL]}", "not restricted"},
		{"base/deployment.yaml", "enableServiceLinks: false", "enableServiceLinks: true", "service links"},
		{"base/deployment.yaml", "automountServiceAccountToken: false", "automountServiceAccountToken: true", "token for the cluster"},
		{"base/deployment.yaml", "terminationGracePeriodSeconds: 35", "terminationGracePeriodSeconds: 20", "no time to end"},
		{"base/deployment.yaml", "requests: {cpu: 250m, memory: 96Mi}", "requests: {cpu: 250m}", "must be asked for"},
		{"base/deployment.yaml", "path: /readyz", "path: /healthz", "readiness probe asks"},
		{"base/deployment.yaml", "containerPort: 9100", "containerPort: 9101", "no port of it"},
		{"base/deployment.yaml", "defaultMode: 0440", "defaultMode: 0444", "read by others"},
		{"base/deployment.yaml", "mountPath: /run/secrets/stepup,", "mountPath: /run/secrets/other,", "not mounted"},
		{"base/service.yaml", "targetPort: http", "targetPort: https", "leads to nothing"},
		{"base/service.yaml", "component: issuer}", "component: server}", "leads to nothing"},
		{"base/networkpolicy.yaml", "  name: nothing-else\nspec:\n  podSelector: {}",
			"  name: nothing-else\nspec:\n  podSelector: {matchLabels: {a: b}}",
			"what no policy names is allowed"},
		{"base/networkpolicy.yaml", "port: metrics", "port: metric", "not there"},
		{"base/networkpolicy.yaml", `, except: ["fc00::/7", "fe80::/10"]`, "", "all neighbours"},
		{"base/ingress.yaml", "name: stepup, port", "name: server, port", "no service"},
		{"base/kustomization.yaml", "STEPUP_SMTP_URL_FILE=", "STEPUP_SMPT_URL_FILE=", "unknown variable"},
		{"base/kustomization.yaml", "STEPUP_MASTER_KEY_FILE=/run/secrets/stepup/master.key", "STEPUP_MASTER_KEY=aaaa", "in the open"},
		{"overlays/cluster/disruption.yaml", "component: issuer", "component: server", "is for no pods"},
		{"overlays/cluster/kustomization.yaml", "newTag: VERSION", "newTag: latest", "no version"},
		{"overlays/cluster/kustomization.yaml", "STEPUP_DATABASE_CONNECTIONS=16", "STEPUP_DATABASE_CONNECTIONS=40",
			"more than PostgreSQL takes"},
		{"overlays/cluster/kustomization.yaml", "spec.tls.0.hosts.0", "metadata.annotations.host", "annotations"},
		{"wallets/signer.yaml", "https://guardian:8084", "https://guardian:8083", "no such service"},
		{"wallets/networkpolicy.yaml", "component: guardian}}}]\n      ports: [{port: wallets}]",
			"component: guardian}}}]\n      ports: [{port: custody}]",
			"may not reach"},
	} {
		folder := t.TempDir()
		if err := os.CopyFS(folder, os.DirFS("../deploy/kubernetes")); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(folder, m.file)
		right := content(t, file)
		if !strings.Contains(right, m.old) {
			t.Fatalf("%s has no %q", m.file, m.old)
		}
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(right, m.old, m.new)), 0o644); err != nil {
			t.Fatal(err)
		}
		c, err := builtBy(filepath.Join(folder, "overlays/wallets"))
		var problems []error
		if err != nil {
			problems = []error{err}
		} else {
			problems = c.judge(binary)
		}
		if !slices.ContainsFunc(problems, func(p error) bool { return strings.Contains(p.Error(), m.says) }) {
			t.Errorf("%s with %q: %v; it should say %q", m.file, m.new, problems, m.says)
		}
	}
}

// kubectl stands in for the real one: it keeps secrets as files.
const kubectl = `#!/bin/sh
set -eu
[ "$1" = create ] || shift 2
case "$2 $3" in
"namespace stepup" | "secret tls") exit ;;
"secret generic") ;;
*) echo "unknown: $*" >&2; exit 1 ;;
esac
mkdir -p "$SECRETS/$4"
name=$4
shift 4
for file; do
	file=${file#--from-file=}
	cp "${file#*=}" "$SECRETS/$name/$(basename "${file%%=*}")"
done
`

// secretsOfReadme runs the commands of deploy/kubernetes/README.md that make secrets,
// and says in which folder they are.
func secretsOfReadme(t *testing.T, binary string) string {
	t.Helper()
	work, secrets := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(work, "kubectl"), []byte(kubectl), 0o755); err != nil {
		t.Fatal(err)
	}
	page := content(t, "../deploy/kubernetes/README.md")
	blocks := regexp.MustCompile("(?s)a kubectl of its own -->\n```sh\n(.*?)```").FindAllStringSubmatch(page, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d blocks make secrets", len(blocks))
	}
	for _, block := range blocks {
		run := exec.CommandContext(t.Context(), "bash", "-euc", block[1])
		run.Dir = work
		run.Env = append(os.Environ(), "PATH="+work+":"+filepath.Dir(binary)+":"+os.Getenv("PATH"), "SECRETS="+secrets)
		if output, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
	}
	return secrets
}

// TestKubernetesRuns starts what the overlay with wallets describes, as the kubelet
// would: init containers first, variables of config maps, secrets as files that the
// group of the pod may read, the user of the pod, probes. They are processes in a
// network of their own, one for each kind of pod, and SQLite stands in for PostgreSQL.
func TestKubernetesRuns(t *testing.T) {
	if !alone(t) {
		return
	}
	binary := unpackedBinary(t)
	secrets := secretsOfReadme(t, binary)
	for file, database := range map[string]string{"stepup/database.url": "stepup", "wallet/database.url": "wallet"} {
		if err := os.WriteFile(filepath.Join(secrets, file), []byte("sqlite:/var/lib/stepup/"+database+".db"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c, err := builtBy("../deploy/kubernetes/overlays/wallets")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range c.services {
		names = append(names, s.Name)
	}
	ended := make(chan error, len(c.pods))
	commands := map[string]*exec.Cmd{}
	for _, pod := range slices.Sorted(maps.Keys(c.pods)) {
		root := t.TempDir()
		extract(t, root)
		open(t, root)
		layNames(t, root, names)
		c.mount(t, pod, secrets, root)
		for _, first := range c.pods[pod].Spec.InitContainers {
			if output, err := c.process(t, pod, first, root).CombinedOutput(); err != nil {
				t.Fatalf("%s of %s: %v\n%s", first.Name, pod, err, output)
			}
		}
		cmd := c.process(t, pod, c.container(pod), root)
		var said bytes.Buffer
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		commands[pod] = cmd
		go func() { ended <- cmd.Wait() }()
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("%s said:\n%s", pod, said.String())
			}
		})
	}
	for pod := range commands {
		probe := c.container(pod).ReadinessProbe
		if probe.HTTPGet != nil {
			err = ready(t, fmt.Sprintf("http://127.0.0.1:%d%s", c.port(pod, probe.HTTPGet.Port), probe.HTTPGet.Path), ended)
		} else {
			err = listening(t, fmt.Sprint(c.port(pod, probe.TCPSocket.Port)), ended)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	doctor := *commands["wallet"]
	asked := exec.CommandContext(t.Context(), doctor.Path, "wallet", "doctor")
	asked.Env, asked.Dir, asked.SysProcAttr = doctor.Env, doctor.Dir, doctor.SysProcAttr
	output, err := asked.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, output)
	}
	for _, cmd := range commands {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	}
	for range commands {
		if err := <-ended; err != nil {
			t.Errorf("one did not end well: %v", err)
		}
	}
}

// mount lays the secrets of a pod out as the kubelet does: owned by root, and readable
// by the group that fsGroup names.
func (c *cluster) mount(t *testing.T, pod, secrets, root string) {
	t.Helper()
	spec := c.pods[pod].Spec
	for _, v := range spec.Volumes {
		i := slices.IndexFunc(spec.Containers[0].VolumeMounts, func(m core.VolumeMount) bool { return m.Name == v.Name })
		if v.Secret == nil || i < 0 {
			continue
		}
		found, err := filesBelow(filepath.Join(secrets, v.Secret.SecretName))
		if err != nil || len(found) == 0 {
			t.Fatalf("the README makes no secret %s: %v", v.Secret.SecretName, err)
		}
		for _, f := range found {
			to := path.Join(spec.Containers[0].VolumeMounts[i].MountPath, f.name)
			lay(t, root, to, laid{content(t, f.from), os.FileMode(*v.Secret.DefaultMode), 0, int(*spec.SecurityContext.FSGroup)})
		}
	}
}

// process is a container of a pod: what the image starts with its arguments.
func (c *cluster) process(t *testing.T, pod string, container core.Container, root string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/usr/bin/stepup", container.Args...)
	for name, value := range c.environment(container) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	as := c.pods[pod].Spec.SecurityContext
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: uint32(*as.RunAsUser),
		Gid: uint32(*as.RunAsGroup), Groups: []uint32{uint32(*as.FSGroup)}}}
	cmd.Dir = "/"
	return cmd
}

// TestServiceLinks shows what a pod would be given without enableServiceLinks: false.
func TestServiceLinks(t *testing.T) {
	refused := exec.Command(unpackedBinary(t), "env", "list")
	refused.Env = []string{"STEPUP_SERVICE_HOST=10.96.0.1"}
	if said, err := refused.CombinedOutput(); err == nil || !strings.Contains(string(said), "unknown variable STEPUP_SERVICE_HOST") {
		t.Errorf("%v\n%s", err, said)
	}
}
