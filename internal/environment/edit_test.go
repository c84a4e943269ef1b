package environment_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stepup-auth/stepup/internal/environment"
)

const small = "id: 7f0c7a1e-2a54-4d7b-9b52-0d1f6c6f7a10\nname: Example\n"

func edited(t *testing.T, document string, edits ...environment.Edit) *environment.Environment {
	t.Helper()
	text, err := environment.Edited([]byte(document), edits)
	if err != nil {
		t.Fatalf("%v: %v", edits, err)
	}
	env, err := environment.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if string(env.YAML()) != string(text) {
		t.Errorf("what was written is not canonical:\n%s", text)
	}
	return env
}

// An edit changes the place that it names and nothing else.
func TestEdited(t *testing.T) {
	example, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	before, err := environment.Parse(example)
	if err != nil {
		t.Fatal(err)
	}
	for path, value := range map[string]string{
		"signUp.enabled":                                        "false",
		"limits.codeExpiry":                                     "2m",
		"limits.codesPerAddress.count":                          "4",
		"mfa.actions[wallet.waas.refresh].required":             "true",
		"mfa.methods[totp].allowBackupCodes":                    "false",
		"scopes[transfer:create].floor.withMfa":                 "urn:stepup:mfa",
		"scopes[transfer:create].expirySeconds":                 "60",
		"origins[http://[::1]:8080]":                            "",
		"scopes[wallet:export].coolDown":                        "24h",
		"rehearsal.users[3c1a6a52-9a58-4b9e-8d8f-0a1b2c3d4e5f]": "",
	} {
		after := edited(t, string(example), environment.Edit{Path: path, Value: value})
		changes := environment.Compare(before, after)
		if len(changes) != 1 {
			t.Errorf("%s = %s changes %v", path, value, changes)
			continue
		}
		back := edited(t, string(after.YAML()), undo(changes[0]))
		if rest := environment.Compare(before, back); len(rest) != 0 {
			t.Errorf("%s: what is undone leaves %v", path, rest)
		}
	}
}

// undo is the edit that takes a change back.
func undo(c environment.Change) environment.Edit {
	switch {
	case c.Old == "" && strings.HasSuffix(c.Path, "]"):
		return environment.Edit{Path: c.Path, Remove: true}
	case c.Old == "" && !strings.Contains(c.Path, "."):
		return environment.Edit{Path: c.Path + "[" + c.New + "]", Remove: true}
	case c.Old == "" && (c.Path == "rehearsal.users"):
		return environment.Edit{Path: c.Path + "[" + c.New + "]", Remove: true}
	case c.Old == "":
		return environment.Edit{Path: c.Path, Remove: true}
	}
	return environment.Edit{Path: c.Path, Value: c.Old}
}

// Entries come into being where they are set, and go.
func TestEditedEntries(t *testing.T) {
	env := edited(t, small,
		environment.Edit{Path: "mfa.methods[totp].enabled", Value: "true"},
		environment.Edit{Path: "mfa.actions[wallet.waas.sign].required", Value: "true"},
		environment.Edit{Path: "mfa.actions[wallet.waas.sign].tokenExpirySeconds", Value: "120"},
		environment.Edit{Path: "scopes[transfer:create].audience", Value: "https://bank.example"},
		environment.Edit{Path: "scopes[transfer:create].required", Value: "false"},
		environment.Edit{Path: "compatibility[update-user]"},
		environment.Edit{Path: "origins[https://app.example.com]"})
	sign, _ := env.Action("wallet.waas.sign")
	own, _ := env.Scope("transfer:create")
	if !env.MFA.On() || !sign.Required || sign.TokenExpirySeconds != 120 || own.Audience != "https://bank.example" || *own.Required ||
		!env.Allows(environment.UpdateUser) || env.Origins[0] != "https://app.example.com" {
		t.Errorf("%s", env.YAML())
	}
	none := edited(t, string(env.YAML()),
		environment.Edit{Path: "mfa.methods[totp]", Remove: true},
		environment.Edit{Path: "mfa.actions[wallet.waas.sign]", Remove: true},
		environment.Edit{Path: "mfa.actions[wallet.waas.export].required", Remove: true}, // is not there
		environment.Edit{Path: "scopes[transfer:create]", Remove: true},
		environment.Edit{Path: "compatibility[update-user]", Remove: true},
		environment.Edit{Path: "origins[https://app.example.com]", Remove: true})
	was, err := environment.Parse([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	if rest := environment.Compare(was, none); len(rest) != 0 {
		t.Errorf("left over: %v", rest)
	}
}

// An edit is one line, which reads back as it was written.
func TestEditLines(t *testing.T) {
	for _, edit := range []environment.Edit{
		{Path: "signUp.enabled", Value: "false"}, {Path: "mail.appName", Value: "a=b"}, {Path: "origins[https://a.example]"},
		{Path: "prompt.redirectUris[https://a.example/?x=[1]]"},
		{Path: "prompt.redirectUris[https://a.example/?x=1].customScheme", Value: "true"},
		{Path: "scopes[transfer:create]", Remove: true},
	} {
		if got := environment.ParseEdit(edit.String()); got != edit {
			t.Errorf("%+v is read as %+v", edit, got)
		}
	}
}

// What is no place, or may not stand there, is refused by name.
func TestEditedRefuses(t *testing.T) {
	for path, want := range map[string]string{
		"":                      "names what it changes",
		"orgins[https://a.b]":   `there is no key "orgins"`,
		"mfa.actions[]":         "has no end, or is empty",
		"mfa.actions[x":         "has no end, or is empty",
		"name.first":            "nothing is below",
		"signUp[enabled]":       "there is no key",
		"mfa.methods[totp]":     "a list entry has no value of its own",
		"limits.codeAttempts":   "is no value",
		"scopes[transfer:x].of": `there is no key "of"`,
	} {
		_, err := environment.Edited([]byte(small), []environment.Edit{{Path: path, Value: "[:"}})
		var refused *environment.EditError
		if !errors.As(err, &refused) || !strings.Contains(refused.Why, want) || refused.Path != path {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	for path, value := range map[string]string{
		"mfa.actions[wallet.waas.sign].tokenExpirySeconds": "301",
		"scopes[transfer:create].required":                 "true", // no audience
		"origins[javascript:alert(1)]":                     "",
		"signUp.enabled":                                   "yes",
		"limits.codeAttempts":                              "{a: b}",
		"name":                                             "",
		"providers[google].clientSecret":                   "hunter2",
		"signUp":                                           "!!binary x",
	} {
		_, err := environment.Edited([]byte(small), []environment.Edit{{Path: path, Value: value}})
		var problems environment.Problems
		if !errors.As(err, &problems) {
			t.Errorf("%s = %s: %v", path, value, err)
		}
	}
}

// Whatever an edit says, it is refused, or ends in a document that can be read.
func TestEditedNeverPanics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.StringMatching(`[a-zA-Z.\[\]:]{0,30}`).Draw(t, "path")
		value := rapid.String().Draw(t, "value")
		edit := environment.Edit{Path: path, Value: value, Remove: rapid.Bool().Draw(t, "remove")}
		text, err := environment.Edited([]byte(small), []environment.Edit{edit})
		if err != nil {
			return
		}
		if _, err := environment.Parse(text); err != nil {
			t.Fatalf("%s = %q makes a document that cannot be read: %v", path, value, err)
		}
	})
}
