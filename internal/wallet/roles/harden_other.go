//go:build !linux

package roles

// Harden does nothing on this system; docs/wallets-custody.md says so.
func Harden() error { return nil }
