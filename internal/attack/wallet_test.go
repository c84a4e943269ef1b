package attack_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/method/walletsig/walletsigtest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

const walletsOn = "wallets: {chains: [EVM, SOL]}\n"

// walletBody is a signed text, the published one, with a fresh nonce.
func (s scene) walletBody(t testing.TB, wallet *walletsigtest.Wallet, scopes ...string) map[string]any {
	t.Helper()
	return wallet.Body(wallet.Published(servertest.Origin(servertest.A), servertest.A, s.nonce(t, servertest.A), s.Now()), scopes...)
}

// walletText is a text of ours.
func (s scene) walletText(t testing.TB, token string, body m) string {
	t.Helper()
	header := http.Header{}
	if token != "" {
		header = servertest.Bearer(token)
	}
	body["origin"] = servertest.Origin(servertest.A)
	return s.Do(t, "POST", sdk("/wallets/message"), header, body).Want(t, 200, "").Member("message")
}

// withWallet signs in with a wallet and returns the session's token.
func (s scene) withWallet(t testing.TB, wallet *walletsigtest.Wallet) (string, *walletsigtest.Wallet) {
	t.Helper()
	return s.Do(t, "POST", sdk("/wallets/signin"), nil, s.walletBody(t, wallet)).Want(t, 200, "").Member("minifiedJwt"), wallet
}

// G1: a page of another site has the wallet sign, with a nonce of ours, and hands
// the text in.
func TestG1TextOfAnotherSite(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, walletsOn))
		token, wallet := s.withWallet(t, walletsigtest.NewEVM(t))
		for _, site := range []string{"https://evil.example", servertest.Origin(servertest.B),
			strings.Replace(servertest.Origin(servertest.A), "https", "http", 1), servertest.Origin(servertest.A) + ":8443"} {
			stolen := func(scopes ...string) any {
				return wallet.Body(wallet.Published(site, servertest.A, s.nonce(t, servertest.A), s.Now()), scopes...)
			}
			s.Do(t, "POST", sdk("/wallets/signin"), nil, stolen()).Want(t, 422, "invalid_verification")
			s.Do(t, "POST", sdk("/verify"), nil, stolen()).Want(t, 422, "invalid_verification")
			s.Do(t, "POST", sdk("/wallets/verify"), servertest.Bearer(token), stolen(transfer)).Want(t, 422, "invalid_verification")
		}
	})
}

// G2: a nonce of another environment, one that a refusal has burnt, and one that
// somebody else has used.
func TestG2NonceAtEveryDoor(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, walletsOn+"compatibility: [link-wallet]\n"))
		token, wallet := s.withWallet(t, walletsigtest.NewEVM(t))
		doors := map[string]http.Header{"/wallets/signin": nil, "/verify": nil, "/wallets/verify": servertest.Bearer(token),
			"/verify/link": servertest.Bearer(token), "/verify/transfer": servertest.Bearer(token)}
		at := func(nonce string) any {
			return wallet.Body(wallet.Published(servertest.Origin(servertest.A), servertest.A, nonce, s.Now()), transfer)
		}
		for door, header := range doors {
			s.Do(t, "POST", sdk(door), header, at(s.nonce(t, servertest.B))).Want(t, 422, "invalid_verification")
			spent := s.nonce(t, servertest.A)
			wrong := at(spent).(map[string]any)
			wrong["signedMessage"] = walletsigtest.NewEVM(t).Sign(wrong["messageToSign"].(string))
			s.Do(t, "POST", sdk(door), header, wrong).Want(t, 422, "invalid_verification")
			for other, header := range doors { // the true owner is too late with it, wherever he goes
				s.Do(t, "POST", sdk(other), header, at(spent)).Want(t, 422, "invalid_verification")
			}
			s.Do(t, "POST", sdk(door), header, at(s.nonce(t, servertest.A))).Want(t, 200, "")
		}
	})
}

// G3: a text of ours that was signed at one door is carried to every other, and
// to other scopes.
func TestG3TextAtAnotherDoor(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, walletsOn+"compatibility: [link-wallet]\n"))
		token, wallet := s.withWallet(t, walletsigtest.NewSolana(t))
		ask := func(token string, more m) string {
			more["address"], more["chain"] = wallet.Address, "SOL"
			return s.walletText(t, token, more)
		}
		texts := map[string]func() string{
			"/wallets/signin":  func() string { return ask("", m{}) },
			"/wallets/verify":  func() string { return ask(token, m{"requestedScopes": []string{transfer}}) },
			"/verify/link":     func() string { return ask(token, m{}) },
			"/verify/transfer": func() string { return ask(token, m{"action": "transfer"}) },
		}
		for built, text := range texts {
			for used := range texts {
				header := servertest.Bearer(token)
				if used == "/wallets/signin" {
					header = nil
				}
				want := 422
				if used == built {
					want = 200
				}
				if r := s.Do(t, "POST", sdk(used), header, wallet.Body(text(), transfer)); r.Status != want {
					t.Errorf("a text for %s at %s: %d %s", built, used, r.Status, r.Body)
				}
			}
		}
		for _, scopes := range [][]string{{report}, {transfer, report}, {}} {
			s.Do(t, "POST", sdk("/wallets/verify"), servertest.Bearer(token), wallet.Body(texts["/wallets/verify"](), scopes...)).
				Want(t, 422, "invalid_verification")
		}
	})
}

// G8: what a wallet signed stays behind when it is unlinked or moved.
func TestG8UnlinkBurnsOpenTexts(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, walletsOn+"compatibility: [link-wallet, unlink-wallet]\n"))
		alice, thief := s.SignIn(t, servertest.A, "alice@example.com"), s.SignIn(t, servertest.A, "thief@example.com")
		wallet := walletsigtest.NewEVM(t)
		var linked struct {
			User struct {
				VerifiedCredentials []struct{ ID, Address string }
			}
		}
		s.Do(t, "POST", sdk("/verify/link"), alice.Header(s.StepUp(t, alice, "credential:link")), s.walletBody(t, wallet)).
			Want(t, 200, "").JSON(t, &linked)
		open := map[string][]m{
			"/wallets/signin": {s.walletBody(t, wallet), wallet.Body(s.walletText(t, "", m{"address": wallet.Address, "chain": "EVM"}))},
			"/verify/link": {s.walletBody(t, wallet),
				wallet.Body(s.walletText(t, thief.Token, m{"address": wallet.Address, "chain": "EVM"}))},
			"/verify/transfer": {s.walletBody(t, wallet),
				wallet.Body(s.walletText(t, thief.Token, m{"address": wallet.Address, "chain": "EVM", "action": "transfer"}))},
		}
		mine := wallet.Body(s.walletText(t, alice.Token,
			m{"address": wallet.Address, "chain": "EVM", "requestedScopes": []string{transfer}}), transfer)
		s.Clock.Advance(time.Second)
		for _, c := range linked.User.VerifiedCredentials {
			if c.Address == wallet.Address {
				s.Do(t, "POST", sdk("/verify/unlink"), alice.Header(), m{"walletId": c.ID}).Want(t, 200, "")
			}
		}
		for door, bodies := range open {
			header := thief.Header()
			if door == "/wallets/signin" {
				header = nil
			}
			for _, body := range bodies {
				s.Do(t, "POST", sdk(door), header, body).Want(t, 422, "invalid_verification")
			}
		}
		s.Do(t, "POST", sdk("/wallets/verify"), alice.Header(), mine).Want(t, 422, "invalid_verification")
	})
}
