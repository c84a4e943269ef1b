package signin

import (
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Sender makes a code and queues its message, or hands out one more id for one that
// is out. authorizedBy is the elevated token that allowed what the code finishes;
// empty: nothing is finished with it, or nothing allowed it.
type Sender func(tx *store.Tx, authorizedBy string) (store.CodeChallengeRow, error)

// SendCode sends a code and puts it on record. What is refused counts nowhere: only
// what was sent uses up a limit.
func SendCode(c who.Caller, tx *store.Tx, kind assurance.Kind, send Sender) (store.CodeChallengeRow, error) {
	return sendCode(c, tx, kind, "", send)
}

// ChangeAddress authorises the change of an address now, by what is spent, and sends
// the code that finishes it. Whether somebody else holds the address is said only to
// who can read what is sent there.
func ChangeAddress(c who.Caller, tx *store.Tx, kind assurance.Kind, spend Spend, send Sender) (store.CodeChallengeRow, error) {
	tokenID, err := spend(tx)
	if err != nil {
		return store.CodeChallengeRow{}, err
	}
	return sendCode(c, tx, kind, tokenID, send)
}

func sendCode(c who.Caller, tx *store.Tx, kind assurance.Kind, authorizedBy string, send Sender) (store.CodeChallengeRow, error) {
	row, err := send(tx, authorizedBy)
	if err != nil {
		return row, err
	}
	detail := audit.Detail{"challenge_id": row.ID, "method": kind, "purpose": row.Purpose}
	if row.Shares != "" {
		detail["shares"] = row.Shares
		return row, audit.Record(tx, c.By, "code.shared", detail)
	}
	return row, audit.Record(tx, c.By, "code.sent", detail)
}
