// Package totp compares the codes of our authenticator apps with those of
// another library, and has it read our key URIs as an app would. It holds tests
// only.
package totp
