package operate

import (
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/method/sentcode"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// UserDetail is all that operators are shown of one user. No secret is among it.
type UserDetail struct {
	UserSummary
	Profile       account.Profile  `json:"profile"`
	Credentials   []UserCredential `json:"credentials"`   // oldest first, MFA methods and wallets among them
	RecoveryCodes int              `json:"recoveryCodes"` // how many are unused
	Sessions      []SessionDetail  `json:"sessions"`      // the live ones, newest first
	MoreSessions  int              `json:"moreSessions,omitempty"`
	Devices       []DeviceDetail   `json:"devices"` // the registered ones, newest first
	Locks         []limit.Lock     `json:"locks"`   // limits that refuse the user now
	Events        []AuditEvent     `json:"events"`  // the newest about the user, newest first
}

// UserCredential is a credential as operators see it: as the user does, and what it is
// worth.
type UserCredential struct {
	account.Credential
	Kind          string     `json:"kind"`   // in one word, as in policy tests
	Factor        bool       `json:"factor"` // it is an MFA method
	Counts        bool       `json:"counts"` // it may sign in or step up, as the environment is now
	ConfirmedAt   *time.Time `json:"confirmedAt,omitempty"`
	LetInBy       string     `json:"letInBy,omitempty"`       // the credential that was proved for it
	LetInMethod   string     `json:"letInMethod,omitempty"`   // by which method
	DisputedAt    *time.Time `json:"disputedAt,omitempty"`    // somebody denied it
	DisputedSince *time.Time `json:"disputedSince,omitempty"` // what came in since then is in doubt too
	Rival         string     `json:"rival,omitempty"`         // the address that it had pushed out, and that is back
}

// SessionDetail is one session.
type SessionDetail struct {
	ID          string     `json:"id"`
	CreatedAt   time.Time  `json:"createdAt"`
	RefreshedAt time.Time  `json:"refreshedAt"`
	ExpiresAt   time.Time  `json:"expiresAt"`
	Method      string     `json:"method"`              // that it was opened by
	Credential  string     `json:"credentialId"`        // likewise
	MFAAt       *time.Time `json:"mfaAt,omitempty"`     // when a second factor was given in it
	Source      string     `json:"source,omitempty"`    // network address that it was opened from, as long as it is kept
	UserAgent   string     `json:"userAgent,omitempty"` // likewise
	Device      string     `json:"device"`              // the user agent in words
	Origin      string     `json:"origin,omitempty"`
	SDKVersion  string     `json:"sdkVersion,omitempty"`
	DeviceBound bool       `json:"deviceBound"`
	Unproven    bool       `json:"unproven"` // a credential that was linked with nothing opened or completed it
	Waits       bool       `json:"waits"`    // it waits for its device to be registered, and may do nothing else

	RevokedAt     *time.Time `json:"revokedAt,omitempty"` // nil of a live session
	RevokedReason string     `json:"revokedReason,omitempty"`
}

// DeviceDetail is a registered device.
type DeviceDetail struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"` // its user agent in words
	UserAgent  string    `json:"userAgent,omitempty"`
	CreatedAt  time.Time `json:"createdAt"`
	LastUsedAt time.Time `json:"lastUsedAt"`
}

const (
	shownSessions = 50 // of one user
	shownEvents   = 20
)

// ViewUser is what operators are shown of a user.
func ViewUser(tx *store.Tx, environmentID, id string) (UserDetail, error) {
	user, err := tx.User(environmentID, id)
	if err != nil {
		return UserDetail{}, err
	}
	t, err := tenantOf(tx, environmentID)
	if err != nil {
		return UserDetail{}, err
	}
	v := viewing{c: on(who.Caller{}, t, id), tx: tx}
	if v.rows, err = tx.Credentials(environmentID, id); err != nil {
		return UserDetail{}, err
	}
	v.detail.UserSummary = summarise(user, v.rows)
	v.detail.Profile, err = account.ReadProfile(user)
	for _, look := range []func() error{v.credentials, v.sessions, v.devices, v.locks, v.events} {
		if err == nil {
			err = look()
		}
	}
	return v.detail, err
}

// viewing puts the parts of a [UserDetail] together.
type viewing struct {
	c      who.Caller
	tx     *store.Tx
	rows   []store.CredentialRow
	detail UserDetail
}

func (v *viewing) credentials() error {
	v.detail.Credentials = []UserCredential{}
	for _, row := range v.rows {
		shown, err := viewCredential(v.c.Tenant.Environment, row)
		if err != nil {
			return err
		}
		v.detail.Credentials = append(v.detail.Credentials, shown)
	}
	codes, err := v.tx.RecoveryCodes(v.c.Tenant.ID, v.c.UserID())
	v.detail.RecoveryCodes = len(codes)
	return err
}

func viewCredential(env *environment.Environment, row store.CredentialRow) (UserCredential, error) {
	counts, err := account.Usable(env, row)
	return UserCredential{
		Credential: account.ViewCredential(row), Kind: account.KindOf(row.Format).Word, Factor: account.IsFactor(row), Counts: counts,
		ConfirmedAt: unlessZero(row.ConfirmedSince()), LetInBy: row.LetInBy, LetInMethod: row.LetInMethod,
		DisputedAt: unlessZero(row.DisputedAt), DisputedSince: unlessZero(row.DisputedSince), Rival: row.Rival,
	}, err
}

func unlessZero(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

func (v *viewing) sessions() error {
	v.detail.Sessions = []SessionDetail{}
	rows, err := v.tx.Sessions(v.c.Tenant.ID, v.c.UserID())
	if err != nil {
		return err
	}
	v.detail.MoreSessions = max(0, len(rows)-shownSessions)
	for _, row := range rows[:min(len(rows), shownSessions)] {
		shown, err := viewSession(v.tx, row)
		if err != nil {
			return err
		}
		v.detail.Sessions = append(v.detail.Sessions, shown)
	}
	return nil
}

func viewSession(tx *store.Tx, s store.SessionRow) (SessionDetail, error) {
	source, userAgent, err := SessionSource(tx, s)
	return SessionDetail{
		ID: s.ID, CreatedAt: s.CreatedAt, RefreshedAt: s.RefreshedAt, ExpiresAt: s.ExpiresAt, Method: s.SignInMethod,
		Credential: s.SignInCredentialID, MFAAt: unlessZero(s.MFAAt), Source: source, UserAgent: userAgent,
		Device: deliver.DeviceName(userAgent), Origin: s.Origin, SDKVersion: s.SDKVersion, DeviceBound: s.DevicePublicKey != "",
		Unproven: s.Unproven, Waits: s.Unregistered, RevokedAt: unlessZero(s.RevokedAt), RevokedReason: s.RevokedReason,
	}, err
}

func (v *viewing) devices() error {
	v.detail.Devices = []DeviceDetail{}
	rows, err := v.tx.Devices(v.c.Tenant.ID, v.c.UserID())
	for _, row := range rows {
		v.detail.Devices = append(v.detail.Devices, DeviceDetail{ID: row.ID, Name: deliver.DeviceName(row.UserAgent),
			UserAgent: row.UserAgent, CreatedAt: row.CreatedAt, LastUsedAt: row.LastUsedAt})
	}
	return err
}

func (v *viewing) locks() error {
	v.detail.Locks = []limit.Lock{}
	factors, err := account.Locks(v.c, v.tx, v.rows)
	if err != nil {
		return err
	}
	codes, err := sentcode.Locks(v.c, v.tx, v.rows)
	v.detail.Locks = append(append(v.detail.Locks, factors...), codes...)
	return err
}

func (v *viewing) events() error {
	v.detail.Events = []AuditEvent{}
	rows, err := v.tx.AuditOfUser(v.c.Tenant.ID, v.c.UserID(), time.Time{}, "", shownEvents)
	for _, row := range rows {
		if err == nil {
			var event AuditEvent
			event, err = ViewAudit(v.tx, row)
			v.detail.Events = append(v.detail.Events, event)
		}
	}
	return err
}
