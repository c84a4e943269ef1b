// Package oidc holds social logins against an OpenID Connect provider that is
// not ours: zitadel/oidc, which is certified by the OpenID Foundation.
package oidc
