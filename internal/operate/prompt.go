package operate

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/store"
)

// PromptOrigin is where the page of an environment's prompts is; empty: it is not known
// without the public URL.
func PromptOrigin(env *environment.Environment, publicURL string) string {
	if u, err := url.Parse(publicURL); env.Prompt.Origin == "" && err == nil && u.Host != "" {
		return u.Scheme + "://" + u.Host
	}
	return env.Prompt.Origin
}

// PromptWarning says why the page of an environment's prompts leaves passkeys out;
// empty: it does not, or there are no prompts or no passkeys.
func PromptWarning(env *environment.Environment, publicURL string) string {
	origin := PromptOrigin(env, publicURL)
	if origin == "" || !asksWithPasskeys(env) || env.PromptUsesPasskeys(origin) {
		return ""
	}
	rp := env.Passkeys.RPID
	return fmt.Sprintf("the page of prompts is at %s and leaves passkeys out: browsers use those of %s at %s, below it, and where "+
		"https://%s/.well-known/webauthn lists the page. Set prompt.origin to a name of this server below %s, or list %s in "+
		"passkeys.relatedOrigins and there", origin, rp, rp, rp, rp, origin)
}

func asksWithPasskeys(env *environment.Environment) bool {
	return len(env.Prompt.RedirectURIs) > 0 && env.MFA.Enables(store.FormatPasskey) && env.Passkeys.RPID != ""
}

// maxWellKnown bounds what is read of a relying party's list.
const maxWellKnown = 64 << 10

// PromptProblem asks the relying party whether it lists the page of an environment's
// prompts, as browsers do (WebAuthn 5.11.1), where the page depends on that.
func PromptProblem(ctx context.Context, client *http.Client, env *environment.Environment, publicURL string) string {
	origin := PromptOrigin(env, publicURL)
	if !asksWithPasskeys(env) || !slices.Contains(env.Passkeys.RelatedOrigins, origin) {
		return ""
	}
	at := "https://" + env.Passkeys.RPID + "/.well-known/webauthn"
	listed, err := relatedOrigins(ctx, client, at)
	switch {
	case err != nil:
		return fmt.Sprintf("browsers use no passkeys on the page of prompts at %s unless %s lists it, which cannot be read: %v",
			origin, at, err)
	case !slices.Contains(listed, origin):
		return fmt.Sprintf("browsers use no passkeys on the page of prompts at %s: %s does not list it among its origins", origin, at)
	}
	return ""
}

func relatedOrigins(ctx context.Context, client *http.Client, at string) ([]string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answered %s", answer.Status)
	}
	var list struct {
		Origins []string `json:"origins"`
	}
	err = json.NewDecoder(io.LimitReader(answer.Body, maxWellKnown)).Decode(&list)
	return list.Origins, err
}
