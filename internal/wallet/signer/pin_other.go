//go:build !linux

package signer

// pin does nothing on this system.
func pin([]byte) {}
