// Package fault is the server's one vocabulary of refusals: a closed list of
// codes, each with its HTTP status, and an error that carries a code, a
// sentence for people and a cause for the log. Whatever is not a *fault.Error
// is internal: its text never leaves the server.
package fault

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Code names a refusal on the wire. Clients branch on it; it never changes.
type Code string

// The codes. Those of the published API keep their published spelling.
const (
	InvalidRequest         Code = "invalid_request"
	InvalidJSON            Code = "invalid_json"
	UnsupportedMediaType   Code = "unsupported_media_type"
	BodyTooLarge           Code = "body_too_large"
	NotFound               Code = "not_found"
	MethodNotAllowed       Code = "method_not_allowed"
	EnvironmentNotFound    Code = "environment_not_found"
	UnknownHost            Code = "unknown_host"
	HTTPSRequired          Code = "https_required"
	OriginNotAllowed       Code = "origin_not_allowed"
	Internal               Code = "internal_error"
	Unavailable            Code = "temporarily_unavailable"
	OutcomeUnknown         Code = "outcome_unknown"
	WalletServiceUnsafe    Code = "wallet_service_unsafe"
	RateLimited            Code = "rate_limited"
	Conflict               Code = "conflict"
	InvalidSession         Code = "invalid_session"
	SignInRequired         Code = "sign_in_required"
	AnotherSession         Code = "another_session"
	InvalidDeviceSignature Code = "invalid_device_signature"
	DeviceSignatureNeeded  Code = "device_signature_required"

	ElevatedTokenRequired  Code = "elevated_access_token_required"
	AmbiguousElevatedToken Code = "ambiguous_elevated_access_token"
	InvalidScopes          Code = "invalid_scopes"
	MFAInvalidRequest      Code = "mfa_invalid_request"
	OperationConflict      Code = "operation_conflict"
	AdditionalAuthRequired Code = "additional_auth_required"
	CoolingDown            Code = "cooling_down"

	DeviceRegistrationRequired Code = "device_registration_required"
	InvalidDeviceRegistration  Code = "invalid_device_registration"
	DeviceNotRegistered        Code = "device_registration_not_found"

	WalletNotAuthorized Code = "wallet_operation_not_authorized"
	WalletLimit         Code = "wallet_limit_exceeded"
	ExportDisabled      Code = "wallet_export_disabled"

	InvalidEmail                   Code = "invalid_email"
	WrongEmailCode                 Code = "wrong_email_verification_token"
	InvalidEmailVerification       Code = "invalid_email_verification"
	TooManyEmailAttempts           Code = "too_many_email_verification_attempts"
	TooManyAttempts                Code = "too_many_verification_attempts"
	NoSMSProvider                  Code = "no_enabled_sms_provider"
	AccountWithEmailExists         Code = "user_has_already_account_with_email"
	InvalidPhone                   Code = "invalid_phone"
	WrongSMSCode                   Code = "wrong_sms_verification_token"
	InvalidSMSVerification         Code = "invalid_sms_verification"
	TooManySMSAttempts             Code = "too_many_sms_verification_attempts"
	AccountWithPhoneExists         Code = "user_has_already_account_with_phone_number"
	MFAInvalidCode                 Code = "mfa_invalid_code"
	MFARateLimited                 Code = "mfa_rate_limited"
	MFADeviceNotFound              Code = "mfa_device_not_found"
	MFAMethodDisabled              Code = "mfa_method_disabled"
	LastFactor                     Code = "cannot_delete_last_mfa_device"
	PasskeyNotFound                Code = "passkey_not_found"
	InvalidPasskey                 Code = "invalid_passkey"
	MaxPasskeys                    Code = "max_passkeys_per_user"
	InvalidVerification            Code = "invalid_verification"
	InvalidWalletAddress           Code = "invalid_wallet_address"
	InvalidChain                   Code = "invalid_chain_address_match"
	ChainNotSupported              Code = "chain_not_supported"
	WalletNotDeployed              Code = "wallet_not_deployed"
	BroadcastRejected              Code = "broadcast_rejected"
	WalletNotFound                 Code = "wallet_not_found"
	WalletServiceOff               Code = "wallet_service_off"
	TooManyWallets                 Code = "max_wallets_per_user"
	ExportKeyRequired              Code = "export_public_key_required"
	NetworkNotFound                Code = "network_not_found"
	ReassignWallet                 Code = "reassign_wallet_confirm"
	SocialAccountExists            Code = "social_account_already_exists"
	OtherVerifyFailure             Code = "other_verify_failure"
	ProviderNotEnabled             Code = "provider_not_enabled"
	InvalidExternalAuth            Code = "invalid_external_auth"
	UsernameAlreadyExists          Code = "username_already_exists"
	InvalidUsername                Code = "invalid_username"
	MetadataTooLarge               Code = "metadata_size_exceeded"
	CredentialNotForSignIn         Code = "credential_not_enabled_for_sign_in"
	SignUpDisabled                 Code = "sign_up_disabled"
	UserDisabled                   Code = "user_disabled"
	InvalidUnlink                  Code = "invalid_unlink_request"
	LastCredential                 Code = "cannot_delete_last_sign_in_verified_credential"
	InvalidRevokeLink              Code = "invalid_revoke_link"
	InvalidBinding                 Code = "invalid_binding"
	InvalidAuthorizationDetails    Code = "invalid_authorization_details" // RFC 9396 section 5
	InvalidRedirectURI             Code = "invalid_redirect_uri"
	PromptNotOpen                  Code = "prompt_not_open"
	PromptOver                     Code = "prompt_over"
	InvalidPromptCode              Code = "invalid_prompt_code"
	EnrolmentNotProven             Code = "enrolment_not_proven"
	NothingToConfirm               Code = "nothing_to_confirm"
	Disputed                       Code = "disputed"
	SecondOperatorNeeded           Code = "second_operator_needed"
	NotDisputed                    Code = "not_disputed"
	BlindSigningRefused            Code = "blind_signing_refused"
	InvalidServiceToken            Code = "invalid_service_token"
	InsufficientServiceScope       Code = "insufficient_service_scope"
	PermissionMissing              Code = "permission_missing"
	InvalidInvitation              Code = "invalid_invitation"
	InvalidEnvironmentDocument     Code = "invalid_environment_document"
	EnvironmentVersionCannotGoBack Code = "environment_version_cannot_go_back"
)

var status = map[Code]int{
	InvalidRequest: 400, InvalidJSON: 400, AmbiguousElevatedToken: 400, UnknownHost: 421,
	InvalidSession: 401, SignInRequired: 401, InvalidServiceToken: 401,
	ElevatedTokenRequired: 403, HTTPSRequired: 403, OriginNotAllowed: 403, InsufficientServiceScope: 403, InvalidDeviceSignature: 403,
	PermissionMissing: 403, SecondOperatorNeeded: 403,
	DeviceSignatureNeeded: 403, AdditionalAuthRequired: 403, WalletNotAuthorized: 403, ExportDisabled: 403,
	DeviceRegistrationRequired: 403, DeviceNotRegistered: 404, PromptNotOpen: 403, EnrolmentNotProven: 403,
	NotFound: 404, EnvironmentNotFound: 404, WalletNotFound: 404, WalletServiceOff: 404, MethodNotAllowed: 405, UnsupportedMediaType: 415,
	BodyTooLarge: 413, Conflict: 409, OperationConflict: 409, AnotherSession: 409, Disputed: 409, EnvironmentVersionCannotGoBack: 409,
	PromptOver:  410,
	RateLimited: 429, TooManyAttempts: 429, MFARateLimited: 429, CoolingDown: 429,
	Internal: 500, Unavailable: 503, OutcomeUnknown: 503, WalletServiceUnsafe: 503,
}

// Status is the HTTP status of the code; 422 unless the code has its own.
func (c Code) Status() int {
	if s, ok := status[c]; ok {
		return s
	}
	return http.StatusUnprocessableEntity
}

// Error is a refusal.
type Error struct {
	Code       Code
	Message    string        // a sentence that says what to do
	Payload    any           // JSON object for clients; nil: none
	RetryAfter time.Duration // zero: not said
	Limit      string        // which limit is hit, of the few that docs/operating.md names; empty: none
	Cause      error         // for the log only
}

// New makes a refusal with a sentence for people.
func New(code Code, message string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(message, args...)}
}

// AtLimit makes a refusal for a limit that is hit.
func AtLimit(limit string, code Code, message string, args ...any) *Error {
	e := New(code, message, args...)
	e.Limit = limit
	return e
}

// Because attaches what really happened, for the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.Cause = cause
	return &c
}

// With attaches data for clients.
func (e *Error) With(payload any) *Error {
	c := *e
	c.Payload = payload
	return &c
}

// After says how long to wait before trying again.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Cause)
	}
	return string(e.Code) + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Cause }

// Is matches refusals by code, so that errors.Is(err, fault.New(code, "")) works.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Has reports whether err is a refusal with the code.
func Has(err error, code Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}
