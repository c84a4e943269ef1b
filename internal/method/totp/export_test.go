package totp

// What the vectors of RFC 4226 and RFC 6238 are about.
var (
	HOTP  = hotp
	Match = match
)
