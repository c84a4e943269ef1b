package main

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	serializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/pod-security-admission/api"
	security "k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// cluster is what an overlay makes, as the types of Kubernetes have it.
type cluster struct {
	pods      map[string]core.PodTemplateSpec // by the name of their Deployment or StatefulSet
	mostPods  map[string]int                  // how many of them there are at most, while they are rolled
	services  []*core.Service
	settings  map[string]map[string]string // of config maps
	claims    map[string]bool              // names of volumes that are claimed
	policies  []*networking.NetworkPolicy
	ingresses []*networking.Ingress
	budgets   []*policy.PodDisruptionBudget
}

// builtBy builds an overlay as `kubectl kustomize` does, and reads each object
// strictly: a field that Kubernetes does not have is an error.
func builtBy(folder string) (*cluster, error) {
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{core.AddToScheme, apps.AddToScheme, networking.AddToScheme, policy.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	decoder := serializer.NewSerializerWithOptions(serializer.DefaultMetaFactory, scheme, scheme,
		serializer.SerializerOptions{Yaml: true, Strict: true})
	c := &cluster{pods: map[string]core.PodTemplateSpec{}, mostPods: map[string]int{}, settings: map[string]map[string]string{},
		claims: map[string]bool{}}
	for _, resource := range made.Resources() {
		text, err := resource.AsYAML()
		if err != nil {
			return nil, err
		}
		object, _, err := decoder.Decode(text, nil, nil)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", resource.GetKind(), resource.GetName(), err)
		}
		if err := c.take(object); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *cluster) take(object runtime.Object) error {
	at := object.(meta.Object)
	if _, ok := object.(*core.Namespace); !ok && at.GetNamespace() != "stepup" {
		return fmt.Errorf("%s is in the namespace %q", at.GetName(), at.GetNamespace())
	}
	switch o := object.(type) {
	case *apps.Deployment:
		c.pods[o.Name] = o.Spec.Template
		c.mostPods[o.Name] = int(*o.Spec.Replicas)
		if o.Spec.Strategy.Type != apps.RecreateDeploymentStrategyType {
			c.mostPods[o.Name]++
		}
		return selects(o.Name, o.Spec.Selector, o.Spec.Template)
	case *apps.StatefulSet:
		c.pods[o.Name] = o.Spec.Template
		for _, claim := range o.Spec.VolumeClaimTemplates {
			c.claims[claim.Name] = true
		}
		return selects(o.Name, o.Spec.Selector, o.Spec.Template)
	case *core.Service:
		c.services = append(c.services, o)
	case *core.ConfigMap:
		c.settings[o.Name] = o.Data
	case *core.PersistentVolumeClaim:
		c.claims[o.Name] = true
	case *networking.NetworkPolicy:
		c.policies = append(c.policies, o)
	case *networking.Ingress:
		c.ingresses = append(c.ingresses, o)
	case *policy.PodDisruptionBudget:
		c.budgets = append(c.budgets, o)
	case *core.Namespace, *core.ServiceAccount:
	default:
		return fmt.Errorf("%T is of a kind that nobody judges", o)
	}
	return nil
}

func selects(name string, selector *meta.LabelSelector, template core.PodTemplateSpec) error {
	s, err := meta.LabelSelectorAsSelector(selector)
	if err != nil {
		return err
	}
	if !s.Matches(labels.Set(template.Labels)) {
		return fmt.Errorf("%s does not select its own pods", name)
	}
	return nil
}

// selected are the pods that a selector of this namespace means.
func (c *cluster) selected(selector *meta.LabelSelector) (names []string) {
	s, err := meta.LabelSelectorAsSelector(selector)
	if err != nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(c.pods)) {
		if s.Matches(labels.Set(c.pods[name].Labels)) {
			names = append(names, name)
		}
	}
	return names
}

// container is the one that serves in a pod.
func (c *cluster) container(pod string) core.Container { return c.pods[pod].Spec.Containers[0] }

// port is the number of a port that a pod has by name or number; 0: it has none.
func (c *cluster) port(pod string, wanted intstr.IntOrString) int32 {
	for _, p := range c.container(pod).Ports {
		if wanted.Type == intstr.String && p.Name == wanted.StrVal || wanted.Type == intstr.Int && p.ContainerPort == wanted.IntVal {
			return p.ContainerPort
		}
	}
	return 0
}

// environment is what the kubelet gives a container: whole config maps, then what is
// named alone.
func (c *cluster) environment(container core.Container) map[string]string {
	values := map[string]string{}
	for _, from := range container.EnvFrom {
		maps.Copy(values, c.settings[from.ConfigMapRef.Name])
	}
	for _, v := range container.Env {
		values[v.Name] = v.Value
	}
	return values
}

// judge says what is wrong with an overlay. The binary is asked about the variables.
func (c *cluster) judge(binary string) (problems []error) {
	for _, name := range slices.Sorted(maps.Keys(c.pods)) {
		problems = append(problems, c.judgePod(name, binary)...)
	}
	for _, s := range c.services {
		pods := c.selected(&meta.LabelSelector{MatchLabels: s.Spec.Selector})
		for _, p := range s.Spec.Ports {
			if len(pods) != 1 || c.port(pods[0], p.TargetPort) == 0 {
				problems = append(problems, fmt.Errorf("service %s: port %s leads to nothing: %v", s.Name, p.Name, pods))
			}
		}
	}
	for _, b := range c.budgets {
		if len(c.selected(b.Spec.Selector)) != 1 {
			problems = append(problems, fmt.Errorf("budget %s is for no pods", b.Name))
		}
	}
	if !slices.ContainsFunc(c.policies, func(p *networking.NetworkPolicy) bool {
		return len(p.Spec.PodSelector.MatchLabels) == 0 && len(p.Spec.Ingress)+len(p.Spec.Egress) == 0 && len(p.Spec.PolicyTypes) == 2
	}) {
		problems = append(problems, errors.New("what no policy names is allowed"))
	}
	problems = append(problems, c.judgePolicies()...)
	return append(problems, c.judgeIngress()...)
}

func (c *cluster) judgePod(name, binary string) (problems []error) {
	wrong := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("pod "+name+": "+format, args...))
	}
	template := c.pods[name]
	spec := template.Spec
	judges, err := security.NewEvaluator(security.DefaultChecks(), nil)
	if err != nil {
		return []error{err}
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	if v := security.AggregateCheckResults(judges.EvaluatePod(restricted, &template.ObjectMeta, &spec)); !v.Allowed {
		wrong("it is not restricted: %s", v.ForbiddenDetail())
	}
	if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken {
		wrong("it holds a token for the cluster")
	}
	if spec.EnableServiceLinks == nil || *spec.EnableServiceLinks {
		wrong("service links are variables that begin with STEPUP_")
	}
	for _, container := range append(slices.Clone(spec.InitContainers), spec.Containers...) {
		if container.SecurityContext == nil || container.SecurityContext.ReadOnlyRootFilesystem == nil ||
			!*container.SecurityContext.ReadOnlyRootFilesystem {
			wrong("the root file system of %s is writable", container.Name)
		}
		if image, tag, _ := strings.Cut(container.Image, ":"); tag == "" || tag == "latest" || !strings.Contains(image, "/") {
			wrong("the image %q names no registry or no version", container.Image)
		}
		r := container.Resources
		if r.Requests.Cpu().IsZero() || r.Requests.Memory().IsZero() || r.Limits.Memory().IsZero() || !r.Limits.Cpu().IsZero() {
			wrong("%s: processor and memory must be asked for, memory bounded, the processor not", container.Name)
		}
		for _, from := range container.EnvFrom {
			if c.settings[from.ConfigMapRef.Name] == nil {
				wrong("there is no config map %s", from.ConfigMapRef.Name)
			}
		}
		if err := c.known(container, binary); err != nil {
			wrong("%v", err)
		}
		problems = append(problems, c.judgeFiles(name, container)...)
	}
	problems = append(problems, c.judgeLife(name)...)
	return append(problems, c.judgeWays(name)...)
}

// answered is what the binary has said to sets of variables. It is asked once.
var answered = map[string]string{}

// known asks the binary whether it knows each variable.
func (c *cluster) known(container core.Container, binary string) error {
	asked := exec.Command(binary, "env", "list")
	for variable := range c.environment(container) {
		asked.Env = append(asked.Env, variable+"=/dev/null")
	}
	slices.Sort(asked.Env)
	set := strings.Join(asked.Env, " ")
	if answered[set] == "" {
		said, _ := asked.CombinedOutput()
		answered[set] = string(said)
	}
	if strings.Contains(answered[set], "unknown variable") {
		return errors.New(answered[set])
	}
	return nil
}

// judgeFiles holds the mounts of a container to its volumes, and the files that its
// settings name to its mounts.
func (c *cluster) judgeFiles(pod string, container core.Container) (problems []error) {
	volumes := map[string]core.Volume{}
	for _, v := range c.pods[pod].Spec.Volumes {
		volumes[v.Name] = v
		if v.Secret != nil && (v.Secret.DefaultMode == nil || *v.Secret.DefaultMode != 0o440) {
			problems = append(problems, fmt.Errorf("pod %s: the secret %s may be read by others", pod, v.Secret.SecretName))
		}
		if v.PersistentVolumeClaim != nil && !c.claims[v.PersistentVolumeClaim.ClaimName] {
			problems = append(problems, fmt.Errorf("pod %s: nobody claims %s", pod, v.PersistentVolumeClaim.ClaimName))
		}
	}
	var at []string
	for _, m := range container.VolumeMounts {
		at = append(at, m.MountPath)
		if _, ok := volumes[m.Name]; !ok && !c.claims[m.Name] {
			problems = append(problems, fmt.Errorf("pod %s: there is no volume %s", pod, m.Name))
		}
	}
	for variable, value := range c.environment(container) {
		path := strings.TrimPrefix(strings.TrimPrefix(value, "file:"), "sqlite:")
		if filepath.IsAbs(path) && variable != "STEPUP_WALLET_CERTS" && !slices.Contains(at, filepath.Dir(path)) {
			problems = append(problems, fmt.Errorf("pod %s: %s of %s names %s, which is not mounted", pod, variable, container.Name, path))
		}
		for _, word := range []string{"MASTER_KEY", "PASSWORD", "SMTP_URL", "DATABASE_URL"} {
			if strings.HasSuffix(variable, word) && !strings.HasPrefix(value, "sqlite:") {
				problems = append(problems, fmt.Errorf("pod %s: %s is a secret in the open", pod, variable))
			}
		}
	}
	return problems
}

// openRequests is how long the server lets them finish, in seconds (docs/operating.md).
const openRequests = 20

// judgeLife holds probes and the end of a pod to what the server does.
func (c *cluster) judgeLife(pod string) (problems []error) {
	wrong := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("pod "+pod+": "+format, args...))
	}
	container := c.container(pod)
	for word, probe := range map[string]*core.Probe{"startup": container.StartupProbe, "readiness": container.ReadinessProbe,
		"liveness": container.LivenessProbe} {
		switch {
		case probe == nil:
			wrong("there is no %s probe", word)
		case probe.HTTPGet != nil:
			paths := map[string]string{"startup": "/healthz", "readiness": "/readyz", "liveness": "/healthz"}
			if probe.HTTPGet.Path != paths[word] {
				wrong("the %s probe asks %s", word, probe.HTTPGet.Path)
			}
			if c.port(pod, probe.HTTPGet.Port) == 0 {
				wrong("the %s probe has no port", word)
			}
		case probe.TCPSocket == nil || c.port(pod, probe.TCPSocket.Port) == 0:
			wrong("the %s probe has no port", word)
		}
	}
	var wait int64
	if l := container.Lifecycle; l != nil && l.PreStop != nil && l.PreStop.Sleep != nil {
		wait = l.PreStop.Sleep.Seconds
	}
	if grace := c.pods[pod].Spec.TerminationGracePeriodSeconds; wait < 3 || grace == nil || *grace < wait+openRequests+5 {
		wrong("it has no time to end: it waits %d s, and open requests may take %d s", wait, openRequests)
	}
	environment := c.environment(container)
	listens := map[int32]bool{}
	for variable, value := range environment {
		if _, text, found := strings.Cut(value, ":"); found && strings.HasSuffix(variable, "LISTEN") {
			n, _ := strconv.ParseInt(text, 10, 32)
			listens[int32(n)] = true
			if c.port(pod, intstr.FromInt32(int32(n))) == 0 {
				wrong("%s is %s, which is no port of it", variable, value)
			}
		}
	}
	for _, p := range container.Ports {
		if !listens[p.ContainerPort] {
			wrong("nothing listens on its port %s", p.Name)
		}
	}
	if n, _ := strconv.Atoi(environment["STEPUP_DATABASE_CONNECTIONS"]); n*c.mostPods[pod] > 97 {
		wrong("%d servers with %d connections each are more than PostgreSQL takes by default", c.mostPods[pod], n)
	}
	return problems
}

// judgeWays holds the addresses in the settings of a pod to services and policies.
func (c *cluster) judgeWays(pod string) (problems []error) {
	for variable, value := range c.environment(c.container(pod)) {
		u, err := url.Parse(value)
		if err != nil || u.Scheme != "https" || variable == "STEPUP_PUBLIC_URL" {
			continue
		}
		var to string
		var port int32
		for _, s := range c.services {
			for _, p := range s.Spec.Ports {
				if pods := c.selected(&meta.LabelSelector{MatchLabels: s.Spec.Selector}); s.Name == u.Hostname() &&
					strconv.Itoa(int(p.Port)) == u.Port() && len(pods) == 1 {
					to, port = pods[0], c.port(pods[0], p.TargetPort)
				}
			}
		}
		if to == "" {
			problems = append(problems, fmt.Errorf("pod %s: %s is %s, and there is no such service", pod, variable, value))
		} else if !c.leaves(pod, to, port) || !c.enters(pod, to, port) {
			problems = append(problems, fmt.Errorf("pod %s may not reach %s", pod, value))
		}
	}
	return problems
}

func (c *cluster) leaves(from, to string, port int32) bool {
	for _, p := range c.policies {
		for _, rule := range p.Spec.Egress {
			if slices.Contains(c.selected(&p.Spec.PodSelector), from) && c.names(rule.To, to) && c.opens(rule.Ports, to, port) {
				return true
			}
		}
	}
	return false
}

func (c *cluster) enters(from, to string, port int32) bool {
	for _, p := range c.policies {
		for _, rule := range p.Spec.Ingress {
			if slices.Contains(c.selected(&p.Spec.PodSelector), to) && c.names(rule.From, from) && c.opens(rule.Ports, to, port) {
				return true
			}
		}
	}
	return false
}

func (c *cluster) names(peers []networking.NetworkPolicyPeer, pod string) bool {
	return slices.ContainsFunc(peers, func(p networking.NetworkPolicyPeer) bool {
		return p.PodSelector != nil && p.NamespaceSelector == nil && slices.Contains(c.selected(p.PodSelector), pod)
	})
}

func (c *cluster) opens(ports []networking.NetworkPolicyPort, pod string, port int32) bool {
	return slices.ContainsFunc(ports, func(p networking.NetworkPolicyPort) bool { return p.Port != nil && c.port(pod, *p.Port) == port })
}

// judgePolicies refuses policies that are for nobody, open to everybody, or name a
// port that is not there; and between our own pods any way that no setting uses.
func (c *cluster) judgePolicies() (problems []error) {
	for _, p := range c.policies {
		pods := c.selected(&p.Spec.PodSelector)
		if len(pods) == 0 {
			problems = append(problems, fmt.Errorf("policy %s is for no pods", p.Name))
		}
		for _, rule := range p.Spec.Ingress {
			if len(rule.From) == 0 || len(rule.Ports) == 0 {
				problems = append(problems, fmt.Errorf("policy %s lets everybody in", p.Name))
			}
			for _, port := range rule.Ports {
				if port.Port == nil || c.port(pods[0], *port.Port) == 0 {
					problems = append(problems, fmt.Errorf("policy %s opens the port %v, which is not there", p.Name, port.Port))
				}
			}
		}
		for _, rule := range p.Spec.Egress {
			if len(rule.To) == 0 || len(rule.Ports) == 0 {
				problems = append(problems, fmt.Errorf("policy %s lets everything out", p.Name))
			}
			for _, to := range rule.To {
				if to.IPBlock != nil && strings.HasSuffix(to.IPBlock.CIDR, "/0") && len(to.IPBlock.Except) == 0 {
					problems = append(problems, fmt.Errorf("policy %s lets %s reach all neighbours", p.Name, pods))
				}
			}
		}
	}
	return problems
}

func (c *cluster) judgeIngress() (problems []error) {
	if len(c.ingresses) != 1 || len(c.ingresses[0].Spec.Rules) != 1 || len(c.ingresses[0].Spec.TLS) != 1 {
		return []error{errors.New("there is not one host for users")}
	}
	rule, tls := c.ingresses[0].Spec.Rules[0], c.ingresses[0].Spec.TLS[0]
	public, err := url.Parse(c.environment(c.container("stepup"))["STEPUP_PUBLIC_URL"])
	if err != nil || public.Host != rule.Host || !slices.Equal(tls.Hosts, []string{rule.Host}) {
		problems = append(problems, fmt.Errorf("users come to %v, and the ingress is for %s with a certificate for %v", public, rule.Host,
			tls.Hosts))
	}
	backend := rule.HTTP.Paths[0].Backend.Service
	if !slices.ContainsFunc(c.services, func(s *core.Service) bool {
		named := func(p core.ServicePort) bool { return p.Name == backend.Port.Name }
		return s.Name == backend.Name && slices.ContainsFunc(s.Spec.Ports, named)
	}) {
		problems = append(problems, fmt.Errorf("the ingress leads to %s, which is no service", backend.Name))
	}
	return problems
}
