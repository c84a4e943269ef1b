package attack_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// undoCase is an address that a user has beside their own, and how it came to be.
type undoCase struct {
	format, provenance string
	confirmedSince     bool // by a step-up with an older one
}

func (c undoCase) confirmed() bool {
	return c.confirmedSince || c.provenance != store.ProvenanceNothing && c.provenance != store.ProvenanceRevokeLink
}

func undoCases() (cases []undoCase) {
	for _, format := range []string{store.FormatEmail, store.FormatPhone} {
		for _, provenance := range []string{
			store.ProvenanceSignUp, store.ProvenanceElevatedToken, store.ProvenanceMFA,
			store.ProvenanceRevokeLink, store.ProvenanceNothing,
		} {
			cases = append(cases, undoCase{format: format, provenance: provenance})
		}
		cases = append(cases, undoCase{format, store.ProvenanceNothing, true}, undoCase{format, store.ProvenanceRevokeLink, true})
	}
	return cases
}

// undoUser is a user of a case, after the owner has moved to another address and
// enrolled an app.
type undoUser struct {
	undoCase
	owner           *servertest.Session
	other, old, new string
	app             *servertest.App
}

func (s scene) undoUser(t *testing.T, environment string, n int, c undoCase) undoUser {
	t.Helper()
	u := undoUser{undoCase: c, old: fmt.Sprintf("owner%d@example.com", n), new: fmt.Sprintf("new%d@example.com", n),
		other: fmt.Sprintf("other%d@example.com", n)}
	u.owner = s.SignIn(t, environment, u.old)
	if c.format == store.FormatPhone {
		u.other = fmt.Sprintf("+1415555%04d", 1000+n)
		s.linkPhone(t, u.owner, u.other).Want(t, 200, "")
	} else {
		s.linkAddress(t, u.owner, u.other).Want(t, 200, "")
	}
	err := s.DB.Write(t.Context(), func(tx *store.Tx) error { // as no request of today links it
		_, err := tx.Exec(`UPDATE credentials SET provenance = $1, confirmed_at = CASE WHEN $2 = 1 THEN created_at ELSE NULL END
			WHERE environment_id = $3 AND identifier = $4`,
			c.provenance, map[bool]int{true: 1}[c.confirmedSince], environment, u.other)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.moveTo(t, u.owner, u.new)
	u.app = s.EnrolApp(t, u.owner)
	return u
}

func (s scene) rows(t *testing.T, u undoUser) (rows map[string]store.CredentialRow) {
	t.Helper()
	rows = map[string]store.CredentialRow{}
	err := s.DB.Read(t.Context(), func(tx *store.Tx) error {
		all, err := tx.Credentials(u.owner.Environment, u.owner.UserID)
		for _, row := range all {
			rows[row.Identifier] = row
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// press uses every link that the other address was sent, and says what must hold.
func (s scene) press(t *testing.T, u undoUser, newest bool) {
	t.Helper()
	links := s.links(t, u.other)
	if got := len(links) > 0; got != u.confirmed() {
		t.Errorf("%d links were sent to it", len(links))
	}
	for _, link := range slices.Backward(links) {
		s.click(t, u.owner.Environment, link)
	}
	rows := s.rows(t, u)
	if got := rows[u.other]; got.Confirmed() != u.confirmed() || got.Provenance != u.provenance {
		t.Errorf("it came out as %s, confirmed %v", got.Provenance, got.Confirmed())
	}
	_, back := rows[u.old]
	if back != u.confirmed() || rows[u.old].Disputed() != u.confirmed() {
		t.Errorf("the address of before is back: %v, disputed %v", back, rows[u.old].Disputed())
	}
	for name, id := range map[string]string{"address": u.new, "app": u.app.ID} {
		if row, there := rows[id]; !there || row.Disputed() != u.confirmed() {
			t.Errorf("the owner's new %s is there: %v, disputed %v", name, there, row.Disputed())
		}
	}
	if u.format == store.FormatEmail && newest && !u.confirmed() {
		id, code := s.SendCode(t, u.owner.Environment, u.other, nil)
		s.Do(t, "POST", u.owner.Path("/emailVerifications/signin"), nil, typed(id, code)).Want(t, 422, "credential_not_enabled_for_sign_in")
	}
	again := s.SignIn(t, u.owner.Environment, u.new)
	if again.UserID != u.owner.UserID {
		t.Error("the owner's address signs in somebody else")
	}
	if r := s.byApp(t, again, u.app, "wallet:export"); u.confirmed() == (r.Status == 200) {
		t.Errorf("the app mints: %d %s", r.Status, r.Body)
	}
}

// L1: what a link does, for every provenance and format of the address that would
// receive it: under the newest version with entries, under the old one, and sent
// under the old one, kept, and pressed after acceptance.
func TestL1Table(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		const texts = "sms: {enabled: true, countries: [US], perPrefix: {count: 1000, per: 1h}}\n"
		s.Apply(t, servertest.Document(servertest.A, "compatibility: [link-email, link-phone]\n"+texts+factorsOn))
		s.Apply(t, servertest.Document(servertest.Legacy, texts+factorsOn))
		var newest, old, kept []undoUser
		for i, c := range undoCases() {
			newest = append(newest, s.undoUser(t, servertest.A, 3*i, c))
			old = append(old, s.undoUser(t, servertest.Legacy, 3*i+1, c))
			kept = append(kept, s.undoUser(t, servertest.Legacy, 3*i+2, c))
		}
		all := func(when string, users []undoUser, isNewest bool) {
			for _, u := range users {
				t.Run(fmt.Sprintf("%s, %s, %s, confirmed %v", when, u.format, u.provenance, u.confirmed()),
					func(t *testing.T) { s.press(t, u, isNewest) })
			}
		}
		all("newest", newest, true)
		all("old", old, false)
		admin := servertest.Bearer(s.ServiceToken(t, servertest.Legacy,
			[]string{serviceauth.EnvironmentsWrite, serviceauth.EnvironmentsWeaken}))
		s.Do(t, "POST", servertest.Admin(servertest.Legacy)+"/version", admin, m{"minApiVersion": "2026_04_01", "strict": true}).
			Want(t, 200, "")
		all("kept", kept, true)
	})
}
