package prompt

import (
	"errors"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/elevate"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/totp"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// A factor is enrolled in a prompt as it is by the SDK: by an elevated token for
// credential:link, which is minted for the prompt, stays sealed in it and never leaves
// the server.

// enrollable lists the factors that may be enrolled in the prompt.
func enrollable(c *door.Call, p store.PromptRow) []string {
	factors := []string{}
	if p.Enrols && c.Tenant.MFA.Enables(store.FormatTOTP) {
		factors = append(factors, store.FormatTOTP)
	}
	if p.Enrols && passkeys(c).Usable {
		factors = append(factors, store.FormatPasskey)
	}
	return factors
}

// enterEnrolment lets in who may enrol something there.
func enterEnrolment(c *door.Call) error {
	err := enter(c)
	if err == nil && len(enrollable(c, *c.Prompt)) == 0 {
		err = fault.New(fault.MFAMethodDisabled,
			"Nothing is enrolled in this prompt: the app did not ask for it, or the operator does not let it.")
	}
	return err
}

// verifyEnrolment proves what has to be proven before a factor is enrolled.
func (f *Face) verifyEnrolment(c *door.Call, r PromptProof) (PromptView, error) {
	var minted *elevate.Minted
	err := f.prove(c, aim{scopes: toEnrol}, r, func(tx *store.Tx, proof method.Proof) (err error) {
		minted, err = signin.LetEnrol(c.Caller, tx, proof)
		return err
	})
	if err != nil {
		return PromptView{}, err
	}
	text, err := minted.Sign(c.Tenant, f.Now())
	if err != nil {
		return PromptView{}, err
	}
	err = c.Write(func(tx *store.Tx) error {
		sealed, err := tx.Seal("prompts", "sealed_link", c.Prompt.ID, []byte(text))
		if err != nil {
			return err
		}
		err = tx.LetPromptEnrol(c.Tenant.ID, c.Prompt.ID, sealed)
		if errors.Is(err, store.ErrNotFound) {
			return overtaken(c, tx)
		}
		if err != nil {
			return err
		}
		return audit.Record(tx, c.By, "prompt.enrolment_proven", audit.Detail{"prompt_id": c.Prompt.ID})
	})
	if err != nil {
		return PromptView{}, err
	}
	return f.again(c)
}

// enroller is the caller with the token that the prompt keeps.
func enroller(c *door.Call, tx *store.Tx, p store.PromptRow) (who.Caller, error) {
	caller := c.Caller
	if p.SealedLink == nil {
		return caller, notProven()
	}
	text, err := tx.Open("prompts", "sealed_link", p.ID, p.SealedLink)
	caller.Elevated = who.Present(c.Context(), c.Tenant, string(text))
	return caller, err
}

// mayEnrol judges the token that the prompt keeps.
func mayEnrol(c *door.Call, tx *store.Tx, known account.Known, p store.PromptRow) error {
	caller, err := enroller(c, tx, p)
	if err == nil {
		_, err = enforce.Judge(caller, tx, known, enforce.Demand{Scope: stepup.CredentialLink})
	}
	if fault.Has(err, fault.ElevatedTokenRequired) {
		return notProven().Because(err)
	}
	return err
}

// spending spends it.
func spending(c *door.Call) signin.Spend {
	return func(tx *store.Tx) (string, error) {
		caller, err := enroller(c, tx, *c.Prompt)
		if err != nil {
			return "", err
		}
		opened, err := enforce.Spend(caller, tx, enforce.Demand{Scope: stepup.CredentialLink}, nil)
		if fault.Has(err, fault.ElevatedTokenRequired) {
			err = notProven().Because(err)
		}
		return opened.Token.ID, err
	}
}

func notProven() *fault.Error {
	return fault.New(fault.EnrolmentNotProven, "Prove that it is you before a factor is added: with what you have already.")
}

// PromptAppEnrolment is what an authenticator app is told, once.
type PromptAppEnrolment struct {
	ID     string `json:"id"`
	Secret string `json:"secret"` // base32
	URI    string `json:"uri"`    // otpauth:
}

func (f *Face) enrolApp(c *door.Call, _ door.None) (PromptAppEnrolment, error) {
	var begun totp.Enrolment
	err := c.Write(func(tx *store.Tx) (err error) {
		begun, err = signin.EnrolApp(c.Caller, tx, spending(c))
		return err
	})
	if err != nil {
		return PromptAppEnrolment{}, err
	}
	return PromptAppEnrolment{ID: begun.ID, Secret: begun.Secret, URI: begun.URI}, nil
}

// PromptAppConfirmation types the first code of the app that is being enrolled.
type PromptAppConfirmation struct {
	ID   string `json:"id"`
	Code string `json:"code"`
}

func (f *Face) confirmApp(c *door.Call, r PromptAppConfirmation) (PromptView, error) {
	if err := door.Need("id", r.ID); err != nil {
		return PromptView{}, err
	}
	if err := door.Need("code", r.Code); err != nil {
		return PromptView{}, err
	}
	attempt := method.Attempt{Caller: c.Caller, Response: secret.Text(r.Code)}
	return f.enrol(c, totp.Method{DeviceID: r.ID}, attempt, func(tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
		return signin.LinkApp(c.Caller, tx, proof)
	})
}

func (f *Face) enrolPasskey(c *door.Call, _ door.None) (options passkey.CreationOptions, err error) {
	if !passkeys(c).Usable {
		return options, fault.New(fault.MFAMethodDisabled, "Passkeys do not work on this page. Add one in the app.")
	}
	err = c.Read(func(tx *store.Tx) error { return mayEnrol(c, tx, c.Known, *c.Prompt) })
	if err != nil {
		return options, err
	}
	err = c.WriteCounting(func(tx *store.Tx) error {
		options, err = passkey.BeginRegistration(c.Caller, tx)
		return err
	})
	return options, err
}

func (f *Face) confirmPasskey(c *door.Call, r passkey.AttestationResponse) (PromptView, error) {
	made := &passkey.Registration{Response: r, UserAgent: c.Header("User-Agent")}
	return f.enrol(c, made, method.Attempt{Caller: c.Caller}, func(tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
		return signin.LinkPasskey(c.Caller, tx, made, proof, spending(c))
	})
}

// enrol links what the attempt proves to work, and shows the prompt as it then is. The
// session is left as it was: what is proven in the prompt is worth something to it only
// once it redeems the code.
func (f *Face) enrol(c *door.Call, m method.Method, a method.Attempt, link signin.Linker) (PromptView, error) {
	err := method.Check(c.Context(), f.DB, m, a, func(tx *store.Tx, proof method.Proof) error {
		if proof.Evidence().Purpose != method.Enrol {
			return fault.New(fault.MFADeviceNotFound, "No factor of this id is being enrolled in this session. Begin to enrol one first.")
		}
		row, err := link(tx, proof)
		if err != nil {
			return err
		}
		return audit.Record(tx, c.By, "prompt.enrolled", audit.Detail{"prompt_id": c.Prompt.ID, "credential_id": row.ID})
	})
	if err != nil {
		return PromptView{}, err
	}
	return f.again(c)
}
