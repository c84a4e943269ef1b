// Package cases holds what guards and clients must do, whatever language they are
// written in, as files that each of them runs: see README.md. Its tests hold the
// files to their schema, and sign the tokens that stand in them.
package cases
