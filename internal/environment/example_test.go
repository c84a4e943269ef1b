package environment_test

import (
	"reflect"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/stepup-auth/stepup/internal/environment"
)

// The example is the documentation of the format: it is valid as it stands and
// shows every key there is.
func TestExampleShowsEveryKey(t *testing.T) {
	mustParse(t, environment.Example)
	var tree yaml.Node
	if err := yaml.Unmarshal([]byte(environment.Example), &tree); err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	collect(tree.Content[0], "", shown)
	for _, path := range leaves(reflect.TypeFor[environment.Environment](), "") {
		if path == "providers.clientSecret" {
			if !shown[path+".file"] || !shown[path+".env"] {
				t.Error("the example lacks a secret in a file or in a variable")
			}
		} else if !shown[path] {
			t.Errorf("the example lacks %s", path)
		}
	}
}

func collect(n *yaml.Node, path string, into map[string]bool) {
	into[path] = true
	for i, child := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode:
			collect(child, path, into)
		case i%2 == 1 && path == "":
			collect(child, n.Content[i-1].Value, into)
		case i%2 == 1:
			collect(child, path+"."+n.Content[i-1].Value, into)
		}
	}
}
