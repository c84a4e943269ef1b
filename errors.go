package stepup

import "errors"

// A Code is the machine-readable "code" of a JSON refusal. The list is closed
// and shared with the server and the client SDKs.
type Code string

const (
	// CodeElevatedAccessTokenRequired (403): prove it is you, then try again.
	// The payload says for which scope and why, see [Reason].
	CodeElevatedAccessTokenRequired Code = "elevated_access_token_required"
	// CodeAmbiguousElevatedAccessToken (400): the request carried more than one token.
	CodeAmbiguousElevatedAccessToken Code = "ambiguous_elevated_access_token"
	// CodeInvalidRequest (400): a guard that binds tokens to the request cannot read it.
	CodeInvalidRequest Code = "invalid_request"
	// CodeSignInRequired (401): nobody is signed in. This and the next are the
	// only uses of 401, unless [RFC9470] is chosen.
	CodeSignInRequired Code = "sign_in_required"
	// CodeInvalidSession (401): the session is over, or not valid here.
	CodeInvalidSession Code = "invalid_session"
	// CodeOperationReplayed (409): this operation was let through before.
	CodeOperationReplayed Code = "operation_replayed"
	// CodeOperationConflict (409): the operation id stands for another request.
	CodeOperationConflict Code = "operation_conflict"
	// CodeSingleUseUnsupported (403): a guard that never asks the issuer was
	// shown a single-use token.
	CodeSingleUseUnsupported Code = "single_use_unsupported"
	// CodeStepUpUnavailable (503): the guard could not find out, so the answer is no.
	CodeStepUpUnavailable Code = "step_up_unavailable"
	// CodeInvalidServiceToken (401, from the issuer): unknown or revoked service token.
	CodeInvalidServiceToken Code = "invalid_service_token"
	// CodeInsufficientServiceScope (403, from the issuer): the service token may not do this.
	CodeInsufficientServiceScope Code = "insufficient_service_scope"
)

// A Reason says why no elevated access token was good enough. The list is closed.
type Reason string

const (
	ReasonMissing      Reason = "missing"       // no token, or none that this guard can accept as one
	ReasonExpired      Reason = "expired"       // it was good once
	ReasonSpent        Reason = "spent"         // single-use, and used
	ReasonWrongScope   Reason = "wrong_scope"   // it allows something else
	ReasonWrongSubject Reason = "wrong_subject" // it belongs to another user or session
	ReasonWrongBinding Reason = "wrong_binding" // it allows another transaction, or needs a client key
	ReasonSuperseded   Reason = "superseded"    // a stronger proof has replaced the one behind it
	// somebody denied a change to the account, and the proof behind it does not count until that is
	// decided
	ReasonDisputed Reason = "disputed"
	ReasonNoMethod Reason = "no_method" // the user has no means of proof this scope accepts
)

// ErrDenied is at the root of every refusal: errors.Is(err, ErrDenied) holds
// for all errors below, also when the guard merely could not find out.
var ErrDenied = errors.New("denied")

// The refusals that have a [Reason]. The user can mend all of them by proving
// again who they are, except ErrNoMethod, and ErrDisputed, which they or the
// operator decide.
var (
	ErrMissing error = &denial{reason: ReasonMissing, text: "no elevated access token"}
	// forged, damaged, of another issuer, audience or kind
	ErrInvalid      error = &denial{reason: ReasonMissing, text: "token is not valid here"}
	ErrExpired      error = &denial{reason: ReasonExpired, text: "token has expired"}
	ErrSpent        error = &denial{reason: ReasonSpent, text: "token has been used"}
	ErrWrongScope   error = &denial{reason: ReasonWrongScope, text: "token is for another scope"}
	ErrWrongSubject error = &denial{reason: ReasonWrongSubject, text: "token belongs to another user or session"}
	ErrWrongBinding error = &denial{reason: ReasonWrongBinding, text: "token is bound to something else"}
	ErrSuperseded   error = &denial{reason: ReasonSuperseded, text: "token has been superseded"}
	ErrDisputed     error = &denial{reason: ReasonDisputed, text: "proof behind the token is disputed"}
	ErrNoMethod     error = &denial{reason: ReasonNoMethod, text: "user has no method that may prove this"}
)

// The refusals that no proof can mend.
var (
	ErrUnauthenticated      error = &denial{text: "caller is not signed in"}
	ErrInvalidSession       error = &denial{text: "session is not valid here", parent: ErrUnauthenticated}
	ErrAmbiguous            error = &denial{text: "more than one elevated access token"}
	ErrBadRequest           error = &denial{text: "request cannot be read"} // by the function of [BoundTo]
	errBearer               error = &denial{text: "Bearer stands before the elevated access token", parent: ErrBadRequest}
	ErrReplayed             error = &denial{text: "operation was let through before"}
	ErrConflict             error = &denial{text: "operation id stands for another request"}
	ErrSingleUseUnsupported error = &denial{text: "single-use tokens cannot be checked offline"}
	// ErrUnavailable means the answer could not be found out: keys or issuer out
	// of reach, or a call whose outcome is unknown. Uncertainty means no.
	ErrUnavailable error = &denial{text: "step-up check is unavailable"}
	// ErrServiceToken means the issuer does not accept the guard's own service
	// token. It is an ErrUnavailable that only the operator can mend.
	ErrServiceToken error = &denial{text: "service token refused", parent: ErrUnavailable}
)

// Tokens that are bound to what a guard cannot compare.
var (
	errUnasked error = &denial{reason: ReasonWrongBinding, parent: ErrWrongBinding,
		text: "token allows one exact transaction, and this guard names none (BoundTo)"}
	errKeyBound error = &denial{reason: ReasonWrongBinding, parent: ErrWrongBinding,
		text: "token is bound to a client key, which this guard cannot check"}
)

// denial is one refusal. Its parent is ErrDenied unless it says otherwise.
type denial struct {
	reason Reason
	text   string
	parent error
}

func (d *denial) Error() string { return d.text }

func (d *denial) Unwrap() error {
	if d.parent != nil {
		return d.parent
	}
	return ErrDenied
}

// ReasonOf returns the reason of a refusal, and "" for errors that have none.
func ReasonOf(err error) Reason {
	var d *denial
	if errors.As(err, &d) {
		return d.reason
	}
	return ""
}

// errorOf is the refusal a reason on the wire stands for. A token was sent, so
// "missing" means that it is not valid; reasons yet unknown are refusals too.
func errorOf(reason Reason) error {
	for _, err := range []error{ErrInvalid, ErrExpired, ErrSpent, ErrWrongScope, ErrWrongSubject,
		ErrWrongBinding, ErrSuperseded, ErrDisputed, ErrNoMethod} {
		if ReasonOf(err) == reason {
			return err
		}
	}
	return ErrInvalid
}
