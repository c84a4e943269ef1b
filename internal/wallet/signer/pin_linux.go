package signer

import "syscall"

// pin keeps the memory of b from being swapped out. Where the system does not
// allow that, it may be.
//
// Buffers with keys are pinned as far as possible and zeroed after use, but Go may
// have copied them: stacks move, and libraries keep values of their own. This
// shortens the life of a key in memory and does not prove its end.
func pin(b []byte) { _ = syscall.Mlock(b) }
