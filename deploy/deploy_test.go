// Package deploy_test holds the files of this folder to the server that they are for.
package deploy_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// metrics are those that docs/operating.md lists.
func metrics(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`stepup_[^|]*) \\|").FindAllStringSubmatch(read(t, "../docs/operating.md"), -1) {
		for _, name := range regexp.MustCompile("`(stepup_[a-z_]+)").FindAllStringSubmatch(row[1], -1) {
			names[name[1]] = true
		}
	}
	if len(names) < 15 {
		t.Fatalf("only %d metrics found", len(names))
	}
	return names
}

// named are the metrics of ours in an expression.
func named(expression string) (names []string) {
	for _, name := range regexp.MustCompile(`\bstepup_[a-z_]+`).FindAllString(expression, -1) {
		names = append(names, regexp.MustCompile(`_(bucket|count|sum)$`).ReplaceAllString(name, ""))
	}
	return names
}

type rules struct {
	Groups []struct {
		Rules []struct {
			Alert, Record, Expr string
			Annotations         map[string]string
		}
	}
}

func alerts(t *testing.T) (found rules) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, "prometheus/stepup.rules.yaml")), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestMetricsExist(t *testing.T) {
	known := metrics(t)
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "grafana/stepup.json")), &board); err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			for _, name := range named(target.Expr) {
				shown[name] = true
				if !known[name] {
					t.Errorf("the dashboard shows %s in %q, which the server does not have", name, panel.Title)
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if !shown[name] {
			t.Errorf("the dashboard does not show %s", name)
		}
	}
	for _, group := range alerts(t).Groups {
		for _, rule := range group.Rules {
			if len(named(rule.Expr)) == 0 && !strings.Contains(rule.Expr, "up{") && !strings.Contains(rule.Expr, "stepup:") {
				t.Errorf("%s%s looks at no metric of ours", rule.Alert, rule.Record)
			}
			for _, name := range named(rule.Expr) {
				if !known[name] {
					t.Errorf("%s looks at %s, which the server does not have", rule.Alert, name)
				}
			}
		}
	}
}

// TestAlerts lets Prometheus itself run the unit tests of the alerts. Each has one in
// which it fires, and one in which it does not.
func TestAlerts(t *testing.T) {
	tests := read(t, "prometheus/stepup.rules_test.yaml")
	for _, group := range alerts(t).Groups {
		for _, rule := range group.Rules {
			if rule.Alert == "" {
				continue
			}
			if !regexp.MustCompile(`alertname: `+rule.Alert+`\n\s+exp_alerts:`).MatchString(tests) ||
				!strings.Contains(tests, "alertname: "+rule.Alert+"}") {
				t.Errorf("no test fires %s, or none lets it be quiet", rule.Alert)
			}
		}
	}
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool, of Debian's package prometheus, is not here")
	}
	command := exec.Command(promtool, "test", "rules", "stepup.rules_test.yaml")
	command.Dir = "prometheus"
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// TestRunbooks holds alerts to the page that says what to do: each names its section,
// and each section is of an alert.
func TestRunbooks(t *testing.T) {
	sections := map[string]string{}
	parts := regexp.MustCompile("(?m)^### (Stepup\\w+)\n\n((?:[^#\n].*\n+)+)").FindAllStringSubmatch(read(t, "../docs/operating.md"), -1)
	for _, part := range parts {
		sections[part[1]] = part[2]
	}
	for _, group := range alerts(t).Groups {
		for _, rule := range group.Rules {
			if rule.Alert == "" {
				continue
			}
			if want := "docs/operating.md#" + strings.ToLower(rule.Alert); rule.Annotations["runbook"] != want {
				t.Errorf("%s leads to %q; %q was wanted", rule.Alert, rule.Annotations["runbook"], want)
			}
			if strings.Count(sections[rule.Alert], ".") < 2 {
				t.Errorf("docs/operating.md does not say what to do about %s", rule.Alert)
			}
			delete(sections, rule.Alert)
		}
	}
	for name := range sections {
		t.Errorf("docs/operating.md explains %s, which no rule raises", name)
	}
}

// TestOverlays holds the folders for Kubernetes to the page that explains them.
func TestOverlays(t *testing.T) {
	folders, err := os.ReadDir("kubernetes/overlays")
	if err != nil || len(folders) == 0 {
		t.Fatalf("there are %d overlays: %v", len(folders), err)
	}
	page := read(t, "kubernetes/README.md")
	for _, folder := range folders {
		if !strings.Contains(page, "\n| `overlays/"+folder.Name()+"` |") {
			t.Errorf("deploy/kubernetes/README.md does not explain %s", folder.Name())
		}
	}
}
