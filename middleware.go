package stepup

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
)

// GuardConfig says how a [Guard] decides. Verifier is required, and Client too
// unless OfflineOnly is set.
type GuardConfig struct {
	// Verifier checks tokens offline.
	Verifier *Verifier
	// Client spends single-use tokens at the issuer.
	Client *Client
	// OfflineOnly makes a guard that never asks the issuer. It refuses single-use
	// tokens, and learns of a revocation only when the token expires. It excludes
	// Client, AlwaysConsume and Operation.
	OfflineOnly bool
	// AlwaysConsume asks the issuer about time-bound tokens too, so that a revoked
	// one is refused at once.
	AlwaysConsume bool

	// Caller says who makes a request, since a token must be used by its owner
	// only. Nil means [SessionCaller] of Verifier. An error of your own is
	// answered as 401, one that is [ErrUnavailable] as 503.
	Caller func(*http.Request) (Caller, error)
	// IgnoreSession says that the Authorization header holds no session of stepup.
	// Caller is required then.
	IgnoreSession bool

	// Operation returns your client's key for the operation, such as its
	// Idempotency-Key: of all requests of one user with one key and scope, one
	// runs. It is hashed together with caller and scope, so a key means nothing
	// for anyone else. Nil, or "", makes every request an operation of its own.
	Operation func(*http.Request) string
	// Digest stands for what the request does, as 1 to 256 visible ASCII
	// characters; one key with two digests is refused. Nil means SHA-256 over
	// method, path and query. The body is not part of it, since the decision is
	// made before the body is read. An error refuses the request as 503.
	Digest func(*http.Request) (string, error)

	// Log is told what only an operator can mend: a service token that the issuer
	// refuses, an issuer out of reach, tokens of another issuer or for another
	// audience, single-use tokens that nobody here can spend. It is one warning a minute for each of these at
	// most. Nil means [slog.Default]. The cause of every refusal is in
	// [Refusal].Err, which Refuse may log.
	Log *slog.Logger
	// Refuse answers a request that is not let through. Nil means [Refusal.Write];
	// see also [RFC9470].
	Refuse func(http.ResponseWriter, *http.Request, Refusal)
	// OnReplay answers when this operation was let through before; nothing is
	// permitted then, but the outcome of the first run may be shown. The context
	// has [CallerFromContext] and [OperationFromContext], and no claims. Nil
	// refuses with 409 operation_replayed.
	OnReplay http.HandlerFunc
}

// A Guard lets requests through to handlers when their caller has proved again
// who they are. It may be used by many goroutines.
type Guard struct {
	config GuardConfig
	warned sync.Map // what was logged, to the minute in which that was
}

// NewGuard returns a Guard. It fails if the configuration leaves open who the
// caller is, or how single-use tokens are spent.
func NewGuard(config GuardConfig) (*Guard, error) {
	switch {
	case config.Verifier == nil:
		return nil, errors.New("making guard: it needs a Verifier")
	case config.Caller == nil && config.IgnoreSession:
		return nil, errors.New("making guard: with IgnoreSession it needs a Caller, to know whose token it may accept")
	case config.Client == nil && !config.OfflineOnly:
		return nil, errors.New(
			"making guard: it needs a Client with a service token to spend single-use tokens; set OfflineOnly to refuse them instead")
	case config.OfflineOnly && (config.Client != nil || config.AlwaysConsume || config.Operation != nil):
		return nil, errors.New("making guard: OfflineOnly excludes Client, AlwaysConsume and Operation, which ask the issuer")
	}
	if config.Caller == nil {
		config.Caller = SessionCaller(config.Verifier)
	}
	if config.Digest == nil {
		config.Digest = digest
	}
	if config.Refuse == nil {
		config.Refuse = func(w http.ResponseWriter, _ *http.Request, r Refusal) { r.Write(w) }
	}
	return &Guard{config: config}, nil
}

// Require returns middleware that lets a request through if it carries an
// elevated access token for scope that belongs to its caller, and spends the
// token if it is single-use. Token and scope are judged before the body is read;
// only [BoundTo] reads it, after that. The handler finds the claims with
// [FromContext].
//
// Require panics if scope is not valid, as [http.ServeMux] does for patterns, and
// if a token is to be bound where none can be spent.
func (g *Guard) Require(scope Scope, options ...Option) func(http.Handler) http.Handler {
	if !scope.Valid() {
		panic(fmt.Sprintf("stepup: Require(%q): not a scope", string(scope)))
	}
	needs := requirement{scope: scope}
	for _, option := range options {
		option(&needs)
	}
	if needs.details != nil && g.config.OfflineOnly {
		panic(fmt.Sprintf("stepup: Require(%q): bound tokens are single-use, which a guard that is OfflineOnly cannot spend",
			string(scope)))
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			caller, err := g.caller(r)
			if err != nil {
				g.refuse(w, r, err, scope)
				return
			}
			ctx := context.WithValue(r.Context(), callerKey, caller)
			claims, operation, err := g.admit(r, caller, needs)
			if operation != "" {
				ctx = context.WithValue(ctx, operationKey, operation)
			}
			switch {
			case err == nil:
				next.ServeHTTP(w, r.WithContext(context.WithValue(ctx, claimsKey, claims)))
			case errors.Is(err, ErrReplayed) && g.config.OnReplay != nil:
				g.config.OnReplay(w, r.WithContext(ctx))
			default:
				g.refuse(w, r, err, scope)
			}
		})
	}
}

// SignedIn lets a request through if its caller is known; no fresh proof is
// asked. The handler finds the caller with [CallerFromContext]. A session that was
// signed out or revoked is let through until its token expires, see [SessionCaller].
func (g *Guard) SignedIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, err := g.caller(r)
		if err != nil {
			g.refuse(w, r, err, "")
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey, caller)))
	})
}

func (g *Guard) refuse(w http.ResponseWriter, r *http.Request, err error, scope Scope) {
	refusal := refusalOf(err, scope)
	refusal.RequestID = requestID(r)
	g.warn(r, refusal)
	g.config.Refuse(w, r, refusal)
}

// warn logs what only an operator can mend, once a minute, so that a flood of
// requests does not fill the log.
func (g *Guard) warn(r *http.Request, refusal Refusal) {
	var other *elsewhere
	what := ""
	switch err := refusal.Err; {
	case errors.Is(err, ErrServiceToken):
		what = "the issuer refuses the service token of this guard"
	case errors.Is(err, ErrSingleUseUnsupported):
		what = "a single-use token came to a guard that has no service token to spend it"
	case errors.As(err, &other):
		what = "a token " + other.relation + " another " + other.what + " came, which is compared as a string"
	case refusal.Code == CodeStepUpUnavailable && r.Context().Err() == nil:
		what = "whether a request is permitted cannot be found out"
	default:
		return
	}
	minute := g.config.Verifier.now().Unix() / 60
	if before, ok := g.warned.Swap(what, minute); ok && before == minute {
		return
	}
	log := g.config.Log
	if log == nil {
		log = slog.Default()
	}
	log.WarnContext(r.Context(), "stepup: "+what, "error", refusal.Err, "request_id", refusal.RequestID)
}

// caller asks who is calling. Whatever is wrong, the answer is that nobody is
// signed in, unless it could not be found out.
func (g *Guard) caller(r *http.Request) (Caller, error) {
	caller, err := g.config.Caller(r)
	switch {
	case errors.Is(err, ErrUnavailable), errors.Is(err, ErrUnauthenticated):
		return Caller{}, err
	case errors.Is(err, context.DeadlineExceeded):
		return Caller{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	case err != nil:
		return Caller{}, fmt.Errorf("%w: %v", ErrUnauthenticated, err) // to read, not to match
	case !caller.known():
		return Caller{}, fmt.Errorf("%w: Caller named nobody", ErrUnauthenticated)
	}
	return caller, nil
}

// admit judges the token, and spends it last. The operation id is returned when
// the issuer was asked.
func (g *Guard) admit(r *http.Request, caller Caller, needs requirement) (Claims, string, error) {
	token, err := elevatedToken(r)
	if err != nil {
		return Claims{}, "", err
	}
	claims, err := g.config.Verifier.Elevated(r.Context(), token)
	switch {
	case err != nil:
		return Claims{}, "", err
	case !caller.owns(claims):
		return Claims{}, "", ErrWrongSubject
	case !claims.Has(needs.scope):
		return Claims{}, "", ErrWrongScope
	case claims.KeyThumbprint != "":
		return Claims{}, "", errKeyBound
	}
	bound, err := needs.bind(r, claims)
	if err != nil {
		return Claims{}, "", err
	}
	key := ""
	if g.config.Operation != nil {
		key = g.config.Operation(r)
	}
	switch {
	case claims.SingleUse && g.config.OfflineOnly:
		return Claims{}, "", ErrSingleUseUnsupported
	case claims.SingleUse, key != "", g.config.AlwaysConsume:
		operation, err := g.consume(r, admission{token: token, claims: claims, scope: needs.scope, key: key, bound: bound})
		return claims, operation, err
	}
	return claims, "", nil
}

// admission is a token that may let a request in, if the issuer says that nobody used
// it before.
type admission struct {
	token  string
	claims Claims
	scope  Scope
	key    string // by which the client names the request; empty: it does not
	bound  string // hash of the transaction that the request amounts to; empty: none
}

func (g *Guard) consume(r *http.Request, a admission) (string, error) {
	digest, err := g.config.Digest(r)
	if err != nil {
		return "", fmt.Errorf("%w: computing request digest: %w", ErrUnavailable, err)
	}
	if a.bound != "" {
		digest = "sha256:" + hex.EncodeToString(hash(digest, a.bound)) // one key with two transactions is a conflict too
	}
	operation := rand.Text()
	if a.key != "" {
		operation = operationID(a.claims, a.scope, a.key)
	}
	answer, err := g.config.Client.Consume(r.Context(), ConsumeRequest{
		Token:         a.token,
		Scope:         a.scope,
		OperationID:   operation,
		RequestDigest: digest,
		Audience:      match(a.claims.Audience, g.config.Verifier.audiences),

		AuthorizationDetailsHash: a.bound,
	})
	switch {
	case errors.Is(err, ErrUnavailable) && a.key == "":
		return operation, fmt.Errorf("%w: %w", errOutcome, err)
	case errors.Is(err, ErrUnavailable):
		return operation, fmt.Errorf("%w: %w", errSpending, err)
	case err != nil:
		return operation, err
	case answer.ID != a.claims.ID || answer.Subject != a.claims.Subject || answer.Session != a.claims.Session:
		return operation, fmt.Errorf("%w: %w: the issuer answered about another token", errSpending, ErrUnavailable)
	case answer.Result == First:
		return operation, nil
	case a.key == "":
		// Nobody else knows this id, so the first try got through and its answer
		// was lost. Nothing was run; the user proves again.
		return operation, fmt.Errorf("%w: the answer that let it through was lost", ErrSpent)
	}
	return operation, ErrReplayed
}

// errOutcome marks an ErrUnavailable after which the token may be spent, of a request
// that has no name under which it could be sent again.
var errOutcome = fmt.Errorf("%w: whether the token was spent is not known", errSpending)

// errSpending marks an ErrUnavailable that came when the issuer was asked to spend the token.
var errSpending = errors.New("spending the token")

// operationID makes the id for a client's key. What is hashed is framed by
// lengths, so no two keys of two users can meet.
func operationID(claims Claims, scope Scope, key string) string {
	return "op-" + base64.RawURLEncoding.EncodeToString(hash(claims.Issuer, claims.Subject, string(scope), key))
}

// digest is the default of GuardConfig.Digest.
func digest(r *http.Request) (string, error) {
	return "sha256:" + hex.EncodeToString(hash(r.Method, r.URL.EscapedPath(), r.URL.RawQuery)), nil
}

func hash(parts ...string) []byte {
	h := sha256.New()
	for _, part := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}
