package attack_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// Whoever holds a stolen session begins a login in a prompt that they opened themselves and
// has its owner, behind the same network address, finish it in another browser. The page is
// where the login comes back to: nobody polls for it.
func TestPromptSocialLoginIsNotPolled(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.logins(t)
	header, userID := s.socially(t)
	user := &servertest.Session{Environment: servertest.A, UserID: userID, Token: strings.TrimPrefix(header.Get("Authorization"),
		"Bearer ")}
	thief := s.prompt(t, user, nil) // with the stolen session
	view := thief.open(t)           // in the thief's browser
	var challenge struct {
		Social struct{ URL string }
	}
	id := view.of(t, "oauth")
	thief.page(t, "POST", "/challenge", m{"credentialId": id}).Want(t, 200, "").JSON(t, &challenge)
	u, err := url.Parse(challenge.Social.URL)
	if err != nil {
		t.Fatal(err)
	}
	state := u.Query().Get("state")
	poll := func() servertest.Response {
		return s.Do(t, "POST", sdk("/providers/acme/oauthResult"), nil, m{"state": state})
	}
	poll().Want(t, 422, "other_verify_failure")
	follow(t, challenge.Social.URL, promptOrigin) // by the owner, in a browser of their own: what it comes back with is theirs
	r := poll()
	if r.Code == "other_verify_failure" {
		return
	}
	t.Errorf("oauthResult of a prompt's login: %d %s", r.Status, r.Body)
	verified := thief.page(t, "POST", "/verify", m{"social": m{"provider": "acme", "code": r.Member("code"), "state": state}})
	minted := thief.redeem(t, user, thief.back(t, verified).Get("code"), promptVerifier)
	t.Errorf("the stolen session has a token: %d, elevated %v", minted.Status, minted.Member("elevatedAccessToken") != "")
}
