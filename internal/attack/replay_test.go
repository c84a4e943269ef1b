package attack_test

import (
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/method/passkey/passkeytest"
	"github.com/stepup-auth/stepup/internal/method/walletsig/walletsigtest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// artefact is something that takes effect once.
type artefact struct {
	name      string
	table     string                                                      // where the store remembers that it was used
	statement string                                                      // method of store.Tx that uses it up
	purpose   string                                                      // of a code challenge
	make      func(t *testing.T, s scene) func(scene) servertest.Response // returns how to use it
	refused   func(servertest.Response) bool                              // what a replay must look like
}

func answered(status int, code string) func(servertest.Response) bool {
	return func(r servertest.Response) bool { return r.Status == status && r.Code == code }
}

func spent(r servertest.Response) bool {
	return answered(403, "elevated_access_token_required")(r) && reason(r) == "spent"
}

// post is the same request, wherever it is sent.
func post(t *testing.T, path string, header http.Header, body any) func(scene) servertest.Response {
	return func(s scene) servertest.Response { return s.Do(t, "POST", path, header, body) }
}

var oneTime = []artefact{
	{
		name: "code to sign in", table: "code_challenges", statement: "ConsumeCodeChallenge", purpose: "sign_in",
		refused: answered(422, "invalid_email_verification"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			id, code := s.SendCode(t, servertest.A, "signin@example.com", nil)
			return post(t, sdk("/emailVerifications/signin"), nil, typed(id, code))
		},
	},
	{
		name: "code to step up", table: "code_challenges", statement: "ConsumeCodeChallenge", purpose: "session",
		refused: answered(422, "invalid_email_verification"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			user := s.SignIn(t, servertest.A, "stepup@example.com")
			id, code := s.SendCode(t, servertest.A, user.Email, user.Header())
			return post(t, sdk("/emailVerifications/verify"), user.Header(), typed(id, code, transfer))
		},
	},
	{
		name: "code to change the address", table: "code_challenges", statement: "ConsumeCodeChallenge", purpose: "update",
		refused: answered(422, "invalid_email_verification"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			user := s.SignIn(t, servertest.A, "moving@example.com")
			id, code := s.changeAddress(t, user, "moved@example.com")
			return post(t, sdk("/emailVerifications/verify"), user.Header(), typed(id, code))
		},
	},
	{
		name: "texted code to sign in", table: "code_challenges", statement: "ConsumeCodeChallenge", purpose: "sign_in",
		refused: answered(422, "invalid_sms_verification"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			id, code := s.TextCode(t, servertest.A, "+14155550101", nil)
			return post(t, sdk("/smsVerifications/signin"), nil, typed(id, code))
		},
	},
	{
		name: "secret of a prompt's address", refused: answered(403, "prompt_not_open"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			p := s.prompt(t, s.SignIn(t, servertest.A, "opening@example.com"), nil)
			return post(t, sdk(promptsPath+"/"+p.id+"/open"), p.header(), m{"secret": p.secret})
		},
	},
	{
		name: "code that a prompt went back with", table: "prompts", statement: "RedeemPrompt",
		refused: answered(422, "invalid_prompt_code"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			user := s.SignIn(t, servertest.A, "prompted@example.com")
			p, code := s.approved(t, user, nil)
			return post(t, sdk(promptsPath+"/"+p.id+"/token"), user.Header(), m{"code": code, "codeVerifier": promptVerifier})
		},
	},
	{
		name: "transaction that was registered", table: "bindings", statement: "ConsumeBinding", refused: answered(422, "invalid_binding"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			user := s.SignIn(t, servertest.A, "payer@example.com")
			id := s.Do(t, "POST", sdk("/stepUp/bindings"), user.Header(),
				m{"scope": transfer, "authorizationDetails": []m{{"type": "transfer", "amount": "25.00"}}}).
				Want(t, 200, "").Member("bindingId")
			var bodies []any // two proofs for the one transaction
			for range 2 {
				before := len(s.Inbox.To(user.Email))
				challenge := s.Do(t, "POST", sdk("/emailVerifications/create"), user.Header(), m{"email": user.Email, "bindingId": id}).
					Want(t, 200, "").Member("verificationUUID")
				bodies = append(bodies, typed(challenge, s.Inbox.WaitCode(t, user.Email, before), transfer))
			}
			uses := 0
			return func(at scene) servertest.Response {
				body := bodies[min(uses, 1)]
				uses++
				return at.Do(t, "POST", sdk("/emailVerifications/verify"), user.Header(), body)
			}
		},
	},
	{
		name: "passkey prompt to sign in", table: "passkey_challenges", statement: "ConsumePasskeyChallenge", purpose: "sign_in",
		refused: answered(422, "invalid_passkey"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			_, a := s.withPasskey(t, "passkey-signin@example.com")
			return post(t, sdk("/users/passkeys/signin"), nil, a.Get(s.request(t, nil)))
		},
	},
	{
		name: "passkey prompt to step up", table: "passkey_challenges", statement: "ConsumePasskeyChallenge", purpose: "session",
		refused: answered(422, "invalid_passkey"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			user, a := s.withPasskey(t, "passkey-stepup@example.com")
			return post(t, sdk("/users/mfa/auth/passkey"), user.Header(), stepUpBody(a.Get(s.request(t, user)), transfer))
		},
	},
	{
		name: "passkey prompt to register", table: "passkey_challenges", statement: "ConsumePasskeyChallenge", purpose: "enrol",
		refused: answered(422, "invalid_passkey"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			user, first := s.withPasskey(t, "passkey-register@example.com")
			token := s.passkeyStepUp(t, user, first, "credential:link")
			return post(t, sdk("/users/passkeys/register"), user.Header(token),
				passkeytest.New(passkeytest.Origin).Create(s.creation(t, user)))
		},
	},
	{
		name: "single-use token at its own gate", table: "elevated_tokens", statement: "ConsumeElevatedToken", refused: spent,
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			user := s.SignIn(t, servertest.A, "gate@example.com")
			token := s.StepUp(t, user, "credential:update", "user:delete") // the stricter kind of the two: single-use
			return func(s scene) servertest.Response {
				return s.Do(t, "PUT", sdk("/users"), user.Header(token), m{"email": "gate-new@example.com"})
			}
		},
	},
	{
		name: "single-use token at consume", table: "elevated_tokens", statement: "ConsumeElevatedToken", refused: spent,
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			token := s.StepUp(t, s.SignIn(t, servertest.A, "consume@example.com"), transfer)
			n := 0
			return func(at scene) servertest.Response {
				n++
				return at.Do(t, "POST", sdk("/tokens/consume"), servertest.Bearer(s.guard),
					question(token, transfer, "another-"+string(rune('0'+n))))
			}
		},
	},
	{
		name: "operation id", table: "operations", statement: "ClaimOperation",
		refused: func(r servertest.Response) bool { return r.Status == 200 && r.Member("result") == "replayed" }, // no permission
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			token := s.StepUp(t, s.SignIn(t, servertest.A, "operation@example.com"), report)
			return post(t, sdk("/tokens/consume"), servertest.Bearer(s.guard), question(token, report, "one-operation"))
		},
	},
	{
		name: "single-use token at an embedded wallet", table: "elevated_tokens", statement: "ConsumeElevatedToken", refused: spent,
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			s.Apply(t, servertest.Document(servertest.B, servertest.EmbeddedOn)) // where no other of these changes the document
			user, path := s.withEmbedded(t, servertest.B, "embedded-token@example.com")
			return post(t, path+"/privateKey/export", user.Header(s.StepUp(t, user, "wallet:export")), m{"exportPublicKey": exportKey(1)})
		},
	},
	{
		name: "operation id at an embedded wallet", table: "wallet_operations", statement: "ClaimWalletOperation",
		refused: answered(409, "operation_conflict"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			s.Apply(t, servertest.Document(servertest.B, servertest.EmbeddedOn)) // where no other of these changes the document
			user, path := s.withEmbedded(t, servertest.B, "embedded-operation@example.com")
			header := user.Header(s.StepUp(t, user, "wallet:export"))
			header.Set("X-Idempotency-Key", "one")
			n := byte(0)
			return func(at scene) servertest.Response {
				n++
				return at.Do(t, "POST", path+"/privateKey/export", header, m{"exportPublicKey": exportKey(n)})
			}
		},
	},
	{
		name: "code of an authenticator app", statement: "UseTOTPStep", refused: answered(422, "mfa_invalid_code"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			user := s.SignIn(t, servertest.A, "totp@example.com")
			app := s.EnrolApp(t, user)
			return post(t, sdk("/users/mfa/auth/totp"), user.Header(), m{"code": app.Next(), "requestedScopes": []string{transfer}})
		},
	},
	{
		name: "code that confirms an enrolment", table: "totp_enrolments", statement: "ConsumeTOTPEnrolment", purpose: "enrol",
		refused: answered(422, "mfa_invalid_code"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			user := s.SignIn(t, servertest.A, "enrol@example.com")
			app := s.BeginApp(t, user, s.StepUp(t, user, "credential:link"))
			return post(t, sdk("/users/mfa/auth/totp"), user.Header(), m{"id": app.ID, "code": app.Code()})
		},
	},
	{
		name: "recovery code", table: "recovery_codes", statement: "ConsumeRecoveryCode", refused: answered(422, "mfa_invalid_code"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			user := s.SignIn(t, servertest.A, "recovery@example.com")
			s.EnrolApp(t, user)
			return post(t, sdk("/users/mfa/auth/recovery"), user.Header(),
				m{"code": s.recoveryCodes(t, user)[0], "requestedScopes": []string{transfer}})
		},
	},
	{
		name: "nonce under a device signature", table: "spent_nonces", statement: "SpendNonce",
		refused: answered(403, "invalid_device_signature"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			user, key := s.SignIn(t, servertest.A, "device@example.com"), newDevice(t)
			return post(t, sdk("/refresh"), key.sign(t, s.nonce(t, servertest.A), user.Header()), nil)
		},
	},
	{
		name: "nonce under a wallet signature", table: "spent_nonces", statement: "SpendNonce",
		refused: answered(422, "invalid_verification"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			return post(t, sdk("/wallets/signin"), nil, s.walletBody(t, walletsigtest.NewEVM(t)))
		},
	},
	{
		name: "text of ours that a wallet signed to step up", table: "spent_nonces", statement: "SpendNonce",
		refused: answered(422, "invalid_verification"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			token, wallet := s.withWallet(t, walletsigtest.NewSolana(t))
			return post(t, sdk("/wallets/verify"), servertest.Bearer(token), wallet.Body(s.walletText(t, token,
				m{"address": wallet.Address, "chain": "SOL", "requestedScopes": []string{transfer}}), transfer))
		},
	},
	{
		name: "MFA token for a single use", table: "mfa_tokens", refused: spent,
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			s.Apply(t, servertest.Document(servertest.Legacy,
				"mfa: {methods: [{type: totp, enabled: true}], actions: [{action: user.update, required: true}]}"))
			user := s.SignIn(t, servertest.Legacy, "legacy@example.com")
			app := s.EnrolApp(t, user)
			header := user.Header()
			header.Set("x-mfa-auth-token", s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), header,
				m{"code": app.Next(), "createMfaToken": true}).Want(t, 200, "").Member("mfaToken"))
			return func(at scene) servertest.Response {
				return at.Do(t, "PUT", user.Path("/users"), header, m{"alias": "Ada"})
			}
		},
	},
	{
		name: "link that registers a device", table: "device_links", statement: "ConsumeDeviceLink",
		refused: answered(401, "invalid_session"), // another one follows it, so that none is left to use the link in
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			s.Apply(t, registers(servertest.TextsOn+promptLines))
			s.signInOn(t, newDevice(t), "registrant@example.com")
			key := newDevice(t)
			waits := s.signInOn(t, key, "registrant@example.com")
			link := s.deviceLinks(t, "registrant@example.com", 1)[0]
			return func(at scene) servertest.Response { return at.register(t, key, waits.header(), link) }
		},
	},
	{
		name: "link that takes a change back", table: "revoke_links", statement: "ConsumeRevokeLink",
		refused: answered(422, "invalid_revoke_link"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			user := s.SignIn(t, servertest.A, "victim@example.com")
			id, code := s.changeAddress(t, user, "thief@example.com")
			before := len(s.Inbox.To(user.Email))
			s.Do(t, "POST", sdk("/emailVerifications/verify"), user.Header(), typed(id, code)).Want(t, 200, "")
			return post(t, sdk("/notMe"), nil, m{"token": linkSecret(t, s.Inbox.Wait(t, user.Email, before).Text)})
		},
	},
}

// A3: every kind of one-time artefact is presented again, at once and at another node.
func TestA3ReplayOfEveryOneTimeArtefact(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			url := storetest.URL(t, engine)
			wallets := servertest.WithWallets(&servertest.Wallets{})
			s := start(t, servertest.WithDatabase(url, &storetest.Clock{}), wallets)
			s.withPasskeys(t, walletsOn+"\n"+servertest.TextsOn+promptLines)
			uses := make([]func(scene) servertest.Response, len(oneTime))
			for i, a := range oneTime {
				uses[i] = a.make(t, s)
				if r := uses[i](s); r.Status/100 != 2 || a.refused(r) {
					t.Fatalf("%s does not work even once: %d %s", a.name, r.Status, r.Body)
				}
			}
			// Started only now: its worker would carry mails to its own inbox.
			sameAddress := func(c *config.Production) { c.PublicURL = s.URL }
			other := scene{Server: servertest.Start(t, servertest.WithDatabase(url, s.Clock), servertest.WithConfig(sameAddress), wallets)}
			for i, a := range oneTime {
				for _, node := range []scene{s, other, s} {
					if r := uses[i](node); !a.refused(r) {
						t.Errorf("%s was replayed: %d %s", a.name, r.Status, r.Body)
					}
				}
			}
		})
	}
}

// A3: a new kind of one-time artefact must join the table above.
func TestA3TableIsComplete(t *testing.T) {
	t.Parallel()
	var tables, statements, purposes []string
	for _, a := range oneTime {
		if a.statement != "" { // package legacymfa keeps its statement to itself
			statements = append(statements, a.statement)
		}
		if a.table != "" {
			tables = append(tables, a.table)
		}
		if a.purpose != "" {
			purposes = append(purposes, a.purpose)
		}
	}

	// A table whose rows are used up says so by a column, by its name, or by an
	// insert that may come second.
	var inCode []string
	schema := read(t, "../store/migrations/*.sql")
	for _, table := range regexp.MustCompile(`(?s)CREATE TABLE (\w+) \((.*?)\n\);`).FindAllStringSubmatch(schema, -1) {
		if regexp.MustCompile(`\b(consumed|used|spent|claimed|redeemed)_at\b`).MatchString(table[2]) ||
			strings.HasPrefix(table[1], "spent_") || strings.HasPrefix(table[1], "used_") {
			inCode = append(inCode, table[1])
		}
	}
	for _, claim := range regexp.MustCompile("INSERT INTO (\\w+) [^`]*ON CONFLICT DO NOTHING`").
		FindAllStringSubmatch(read(t, "../store/*.go"), -1) {
		inCode = append(inCode, claim[1])
	}
	same(t, "tables", tables, inCode)

	inCode = nil
	tx := reflect.TypeFor[*store.Tx]()
	for i := range tx.NumMethod() {
		name := tx.Method(i).Name
		// a lease on a mail ends by itself
		if name != "ClaimOutbox" && regexp.MustCompile(`^(Consume|Spend|Claim|Redeem|Use)[A-Z]`).MatchString(name) {
			inCode = append(inCode, name)
		}
	}
	same(t, "statements", statements, inCode)

	inCode = nil
	for _, purpose := range regexp.MustCompile(`Purpose = "(\w+)"`).FindAllStringSubmatch(read(t, "../method/method.go"), -1) {
		inCode = append(inCode, purpose[1])
	}
	same(t, "purposes", purposes, inCode)
}

// C2, B11: a proof given for one thing is used for another.
func TestC2ProofForOneThingUsedForAnother(t *testing.T) {
	t.Parallel()
	s := start(t)
	alice, bob := s.SignIn(t, servertest.A, "alice@example.com"), s.SignIn(t, servertest.A, "bob@example.com")
	again := s.SignIn(t, servertest.A, alice.Email)
	signin, verify := sdk("/emailVerifications/signin"), sdk("/emailVerifications/verify")

	id, code := s.SendCode(t, servertest.A, alice.Email, alice.Header())
	s.Do(t, "POST", signin, nil, typed(id, code)).Want(t, 422, "invalid_email_verification")
	s.Do(t, "POST", verify, bob.Header(), typed(id, code, transfer)).Want(t, 422, "invalid_email_verification")
	s.Do(t, "POST", verify, again.Header(), typed(id, code, transfer)).Want(t, 422, "invalid_email_verification")
	s.Do(t, "POST", servertest.SDK(servertest.B)+"/emailVerifications/signin", nil, typed(id, code)).
		Want(t, 422, "invalid_email_verification")
	s.Do(t, "POST", verify, alice.Header(), typed(id, code, transfer)).Want(t, 200, "") // and none of that cost its owner a try

	id, code = s.SendCode(t, servertest.A, alice.Email, nil)
	s.Do(t, "POST", verify, alice.Header(), typed(id, code, transfer)).Want(t, 422, "invalid_email_verification")

	// A code sent to another address proves nothing about this user.
	id, code = s.SendCode(t, servertest.A, bob.Email, alice.Header())
	s.Do(t, "POST", verify, alice.Header(), typed(id, code, transfer)).Want(t, 422, "mfa_invalid_request")

	// What a client says of itself counts for nothing.
	claim := m{"verified": true, "isVerified": true, "acr": "urn:stepup:phr", "mfa": true, "userId": bob.UserID}
	id, code = s.SendCode(t, servertest.A, alice.Email, alice.Header())
	for name, value := range typed(id, wrong(code, 0), transfer) {
		claim[name] = value
	}
	s.Do(t, "POST", verify, alice.Header(), claim).Want(t, 422, "wrong_email_verification_token")

	token := s.StepUp(t, alice, report)
	wantRefused(t, s.consume(t, token, transfer, "c2"), "wrong_scope")
	wantRefused(t, s.Do(t, "DELETE", sdk("/users"), alice.Header(token), nil), "wrong_scope")
	wantRefused(t, s.Do(t, "DELETE", sdk("/users"), alice.Header(s.StepUp(t, alice, "credential:link")), nil), "wrong_scope")
	wantRefused(t, s.Do(t, "DELETE", sdk("/users"), bob.Header(s.StepUp(t, alice, "user:delete")), nil), "wrong_subject")
	wantRefused(t, s.Do(t, "DELETE", sdk("/users"), again.Header(s.StepUp(t, alice, "user:delete")), nil), "wrong_subject")
	narrow := s.ServiceToken(t, servertest.A, []string{serviceauth.TokensConsume}, transfer)
	s.Do(t, "POST", sdk("/tokens/consume"), servertest.Bearer(narrow), question(token, report, "c2")).
		Want(t, 403, "insufficient_service_scope")
}

// changeAddress starts a change of the address, up to the code that finishes it.
func (s scene) changeAddress(t *testing.T, user *servertest.Session, address string) (id, code string) {
	t.Helper()
	token := s.StepUp(t, user, "credential:update")
	var answer struct {
		EmailVerification struct{ VerificationUUID string }
	}
	s.Do(t, "PUT", user.Path("/users"), user.Header(token), m{"email": address}).Want(t, 200, "").JSON(t, &answer)
	return answer.EmailVerification.VerificationUUID, s.Inbox.WaitCode(t, address, 0)
}

var revokeLink = regexp.MustCompile(`/notMe#([A-Za-z0-9]+)`)

func linkSecret(t *testing.T, mail string) string {
	t.Helper()
	found := revokeLink.FindStringSubmatch(mail)
	if found == nil {
		t.Fatalf("no link in the mail:\n%s", mail)
	}
	return found[1]
}

func read(t *testing.T, pattern string) string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	var all strings.Builder
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

func same(t *testing.T, what string, table, code []string) {
	t.Helper()
	slices.Sort(table)
	slices.Sort(code)
	table, code = slices.Compact(table), slices.Compact(code)
	if !slices.Equal(table, code) {
		t.Errorf("%s of one-time artefacts: the table replays %v, the code has %v", what, table, code)
	}
}
