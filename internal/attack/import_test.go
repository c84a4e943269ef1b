package attack_test

import (
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/importer"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// The owner's address and the number that whoever wrote the file has put beside it.
const (
	importedEmail = "imported@example.com"
	plantedNumber = "+447400123456"
	plantedRow    = `{"externalId":"1","email":"` + importedEmail + `","phone":"` + plantedNumber + `"}`
)

var importing = who.Caller{By: audit.By{Actor: "operator:importer", RequestID: "test"}}

// importUsers reads rows as a file, and says what became of them.
func (s scene) importUsers(t testing.TB, environment string, o importer.Options, rows ...string) importer.Report {
	t.Helper()
	o.From, o.Format, o.MayVouch = strings.NewReader(strings.Join(rows, "\n")), importer.NDJSON, true
	report, err := importer.Run(t.Context(), s.DB, importing, environment, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// byNumber tries to sign in with the number.
func (s scene) byNumber(t testing.TB, environment, number string) servertest.Response {
	t.Helper()
	id, code := s.TextCode(t, environment, number, nil)
	return s.Do(t, "POST", servertest.SDK(environment)+"/smsVerifications/signin", nil, typed(id, code))
}

// underBoth runs an attack under the new rules and under the old ones, on both engines.
func underBoth(t *testing.T, more string, attack func(t *testing.T, s scene, environment string)) {
	onBothEngines(t, func(t *testing.T, s scene) {
		for _, environment := range []string{servertest.A, servertest.Legacy} {
			s.Apply(t, servertest.Document(environment, servertest.TextsOn+more))
			attack(t, s, environment)
		}
	})
}

// O1: whoever writes the file plants a number of their own beside the owner's address, and
// waits until the account is worth something. The owner's first sign-in confirms the
// address, and it alone: the number opens nothing, under either version, until the owner
// says that it is theirs.
func TestO1PlantedInAFile(t *testing.T) {
	underBoth(t, "", func(t *testing.T, s scene, environment string) {
		s.importUsers(t, environment, importer.Options{}, plantedRow)
		owner := s.SignIn(t, environment, importedEmail)
		s.Inbox.Wait(t, plantedNumber, 0) // is told that somebody is there now
		s.byNumber(t, environment, plantedNumber).Want(t, 422, "credential_not_enabled_for_sign_in")
		for _, scope := range []string{"wallet:export", transfer} {
			for _, c := range s.check(t, owner, scope).Credentials {
				if c.ID != owner.CredentialID {
					t.Errorf("%s is offered %s", scope, c.ID)
				}
			}
		}
		id, code := s.TextCode(t, environment, plantedNumber, owner.Header())
		if r := s.Do(t, "POST", owner.Path("/smsVerifications/verify"), owner.Header(), typed(id, code, "wallet:export")); r.Status == 200 {
			t.Error("the planted number steps up in a stolen session")
		}
		id, code = s.TextCode(t, environment, plantedNumber, owner.Header())
		s.Do(t, "POST", owner.Path("/smsVerifications/verify"), owner.Header(), typed(id, code))
		s.byNumber(t, environment, plantedNumber).Want(t, 422, "credential_not_enabled_for_sign_in")

		id, code = s.TextCode(t, environment, plantedNumber, owner.Header())
		s.Do(t, "POST", owner.Path("/smsVerifications/verify"), owner.Header(s.StepUp(t, owner, "credential:link")), typed(id, code)).
			Want(t, 200, "")
		s.byNumber(t, environment, plantedNumber).Want(t, 200, "") // the owner said so
	})
}

// O1: two people prove two credentials of one imported user in the same moment: one is in.
func TestO1BothAtOnce(t *testing.T) {
	underBoth(t, "", func(t *testing.T, s scene, environment string) {
		s.importUsers(t, environment, importer.Options{}, plantedRow)
		mail, mailed := s.SendCode(t, environment, importedEmail, nil)
		text, texted := s.TextCode(t, environment, plantedNumber, nil)
		answers := make([]servertest.Response, 2)
		together(2, func(i int) {
			path, body := "/emailVerifications/signin", typed(mail, mailed)
			if i == 1 {
				path, body = "/smsVerifications/signin", typed(text, texted)
			}
			answers[i] = s.Do(t, "POST", servertest.SDK(environment)+path, nil, body)
		})
		if (answers[0].Status == 200) == (answers[1].Status == 200) {
			t.Errorf("by mail %d %s, by text %d %s", answers[0].Status, answers[0].Code, answers[1].Status, answers[1].Code)
		}
	})
}

// O2: once somebody was there, no file says any more who it is, vouching or not, and an
// operator who takes the owner's address away has not made room for the planted number.
func TestO2ImportedAgain(t *testing.T) {
	underBoth(t, "", func(t *testing.T, s scene, environment string) {
		s.importUsers(t, environment, importer.Options{}, plantedRow)
		owner := s.SignIn(t, environment, importedEmail)
		for _, row := range []string{
			`{"externalId":"1","email":"thief@example.com"}`,
			`{"externalId":"1","email":"` + importedEmail + `","phone":"+447400123457"}`,
			`{"externalId":"1","wallets":[{"chain":"EVM","address":"0x52908400098527886E0F7030069857D2E4169EE7"}]}`,
			`{"externalId":"2","email":"` + importedEmail + `"}`,
		} {
			if r := s.importUsers(t, environment, importer.Options{Vouch: true}, row); r.Skipped != 1 {
				t.Errorf("%s: %+v", row, r)
			}
		}
		s.importUsers(t, environment, importer.Options{Vouch: true}, plantedRow)
		s.byNumber(t, environment, plantedNumber).Want(t, 422, "credential_not_enabled_for_sign_in")
		for _, do := range []func(tx *store.Tx) error{
			func(tx *store.Tx) error {
				return operate.SetUserDisabled(importing, tx, environment, owner.UserID, true)
			},
			func(tx *store.Tx) error { return tx.DeleteCredential(environment, owner.UserID, owner.CredentialID) },
			func(tx *store.Tx) error {
				return operate.SetUserDisabled(importing, tx, environment, owner.UserID, false)
			},
		} {
			if err := s.DB.Write(t.Context(), do); err != nil {
				t.Fatal(err)
			}
		}
		s.importUsers(t, environment, importer.Options{Vouch: true}, plantedRow, `{"externalId":"1","phone":"`+plantedNumber+`"}`)
		s.byNumber(t, environment, plantedNumber).Want(t, 422, "credential_not_enabled_for_sign_in")
	})
}

// O3: an identifier that somebody has is nobody else's by a file, and one that a file
// brought is not taken over by signing up.
func TestO3HeldBySomebody(t *testing.T) {
	underBoth(t, "", func(t *testing.T, s scene, environment string) {
		victim := s.SignIn(t, environment, "victim@example.com")
		for _, vouch := range []bool{false, true} {
			r := s.importUsers(t, environment, importer.Options{Vouch: vouch},
				`{"externalId":"x","email":"Victim@Example.com","phone":"`+plantedNumber+`"}`)
			if r.Created != 0 || r.Skipped != 1 {
				t.Errorf("vouching %t: %+v", vouch, r)
			}
		}
		if again := s.SignIn(t, environment, "victim@example.com"); again.UserID != victim.UserID {
			t.Error("the victim signs in as somebody else")
		}
	})
}

// O1: accepting the newest version does not make more of what a file said.
func TestO1ImportedAndAccepted(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.Legacy, servertest.TextsOn))
		s.importUsers(t, servertest.Legacy, importer.Options{}, plantedRow, `{"externalId":"2","email":"waiting@example.com"}`)
		owner := s.SignIn(t, servertest.Legacy, importedEmail)
		var ready struct{ Unconfirmed, NeverSignedIn, UsersAsked int }
		s.Do(t, "GET", legacyAdmin+"/readiness", operator(t, s), nil).Want(t, 200, "").JSON(t, &ready)
		if ready.Unconfirmed != 2 || ready.NeverSignedIn != 1 || ready.UsersAsked != 2 {
			t.Errorf("readiness: %+v", ready)
		}
		s.Do(t, "POST", legacyAdmin+"/version", operator(t, s), m{"minApiVersion": environment.Newest, "strict": true}).Want(t, 200, "")
		s.Do(t, "GET", owner.Path("/users"), owner.Header(), nil).Want(t, 200, "") // its own session was proven
		s.byNumber(t, servertest.Legacy, plantedNumber).Want(t, 422, "credential_not_enabled_for_sign_in")
		if waiting := s.SignIn(t, servertest.Legacy, "waiting@example.com"); s.StepUp(t, waiting, "wallet:export") == "" {
			t.Error("who waited is not in")
		}
	})
}
