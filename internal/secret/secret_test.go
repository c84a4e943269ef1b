package secret_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/secret"
	"go.yaml.in/yaml/v3"
)

const canary = "canary-7f3a9b"

func TestNothingPrintsIt(t *testing.T) {
	type holder struct {
		Key  secret.Text
		List []secret.Text
		Map  map[string]secret.Text
		Ptr  *secret.Text
	}
	text := secret.Text(canary)
	h := holder{Key: text, List: []secret.Text{text}, Map: map[string]secret.Text{"k": text}, Ptr: &text}

	var logs bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&logs, nil), slog.NewJSONHandler(&logs, nil)} {
		slog.New(handler).Info("starting", "key", text, "holder", h, slog.Group("g", "key", text))
	}
	outputs := map[string]string{"slog": logs.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s"} {
		outputs["value "+verb] = fmt.Sprintf(verb, text)
		outputs["holder "+verb] = fmt.Sprintf(verb, h)
	}
	outputs["print"] = fmt.Sprint(text, h, &h)
	outputs["error"] = fmt.Errorf("opening %v: %w", text, fmt.Errorf("bad key %s", text)).Error()
	encoded, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	outputs["json"] = string(encoded)
	if encoded, err = yaml.Marshal(h); err != nil {
		t.Fatal(err)
	}
	outputs["yaml"] = string(encoded)
	if encoded, err = xml.Marshal(text); err != nil {
		t.Fatal(err)
	}
	outputs["xml"] = string(encoded)

	hexed := fmt.Sprintf("%x", canary)
	for name, out := range outputs {
		if strings.Contains(out, canary) || strings.Contains(strings.ToLower(out), hexed) {
			t.Errorf("%s leaks: %s", name, out)
		}
		if name != "slog" && !strings.Contains(out, secret.Hidden) {
			t.Errorf("%s = %q, want it to say %s", name, out, secret.Hidden)
		}
	}
	if text.Reveal() != canary {
		t.Errorf("Reveal() = %q", text.Reveal())
	}
}
