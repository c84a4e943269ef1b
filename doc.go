// Package stepup guards dangerous actions: a signed-in user is asked to prove
// again that it is them, right before the action that matters, and this package
// checks the proof. It is all a service needs, and depends on nothing but the
// standard library.
//
// # What holds
//
// The laws of the whole system stand in docs/threat-model.md. A guard does its part:
// it takes a token from its owner alone, whom it knows from something else, usually
// the session in the Authorization header; compares scopes as whole strings; tells
// kinds of tokens apart by the JOSE header "typ"; judges before the body is read;
// has a single-use token spent at the issuer, or does not accept it; refuses what it
// cannot find out; and says which scope is needed and why the token sent was not
// enough, so that a client can ask its user and try once more.
//
// # The life of a token
//
// Your app calls your service. The service answers 403 and names a scope, say
// transfer:create. The app asks the user to prove who they are with one of their
// methods, and tells the issuer the scope it wants. The issuer verifies and mints
// an elevated access token: five minutes at most if it is good for one use, ten
// otherwise. The app sends the call again, with the token in the header
// Elevated-Access-Token. The guard verifies the token offline against the issuer's
// published keys, compares it with the caller and the scope, and, if it is
// single-use, spends it at the issuer. Then your handler runs.
//
// # A recipe
//
//  1. Declare your scope and its audience, which stands for your service, in the
//     environment at the issuer.
//  2. Make a [Verifier] with [NewVerifier]: the issuer's address and your audience.
//  3. Make a [Client] with [NewClient]: the issuer's address and a service token
//     that may consume (stepup token create).
//  4. Make a [Guard] with [NewGuard] of the two.
//  5. Wrap what is dangerous in [Guard.Require]. Read who it was with [FromContext].
//  6. Test your service with package stepuptest, which mints tokens on demand.
//
// Refusals are errors under [ErrDenied] inside and a [Refusal] outside; change
// how one is written with [GuardConfig].Refuse.
package stepup
