package cases_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// TestClientTokensSayWhatTheyAre holds the tokens of the set clients to the claims
// beside them: clients read those and check no signature.
func TestClientTokensSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	var tokens []struct {
		Name   string
		Claims map[string]any
		Token  string
	}
	readJSON(t, "clients/vectors/tokens.json", &tokens)
	for _, one := range tokens {
		parts := strings.Split(one.Token, ".")
		if len(parts) != 3 {
			t.Errorf("%s is no token", one.Name)
			continue
		}
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		var claims map[string]any
		if err == nil {
			err = json.Unmarshal(payload, &claims)
		}
		if err != nil || !reflect.DeepEqual(claims, one.Claims) {
			t.Errorf("%s says %v, not what stands beside it (%v)", one.Name, claims, err)
		}
	}
}

// TestClientCasesNameWhatThereIs finds answers and tokens that a case names and
// nobody wrote.
func TestClientCasesNameWhatThereIs(t *testing.T) {
	t.Parallel()
	var tokens []struct{ Name string }
	var answers map[string]any
	readJSON(t, "clients/vectors/tokens.json", &tokens)
	readJSON(t, "clients/vectors/answers.json", &answers)
	known := map[string]bool{}
	for _, one := range tokens {
		known[one.Name] = true
	}
	files, _ := filepath.Glob("clients/*.json")
	vectors, err := os.ReadFile("clients/vectors/answers.json")
	if err != nil {
		t.Fatal(err)
	}
	all := string(vectors)
	for _, file := range files {
		if filepath.Base(file) == "schema.json" {
			continue
		}
		content := read(t, file)
		all += string(content)
		var cases struct {
			Cases []struct {
				Name    string
				Network map[string][]any
			}
		}
		if err := json.Unmarshal(content, &cases); err != nil {
			t.Fatal(err)
		}
		for _, one := range cases.Cases {
			for place, list := range one.Network {
				for _, answer := range list {
					name, ok := answer.(string)
					if ok && answers[name] == nil {
						t.Errorf("%s: %s: %s answers with %q, which is none", file, one.Name, place, name)
					}
				}
			}
		}
	}
	for _, found := range regexp.MustCompile(`"(?:Bearer )?\{([a-z0-9-]+)\}"`).FindAllStringSubmatch(all, -1) {
		if !known[found[1]] {
			t.Errorf("there is no token %s", found[1])
		}
	}
}
