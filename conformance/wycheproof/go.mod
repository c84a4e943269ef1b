// A module of its own, so that the vectors (100 MB) reach nobody who imports stepup.
module github.com/stepup-auth/stepup/conformance/wycheproof

go 1.26.4

require (
	github.com/c2sp/wycheproof v0.0.0-20260902155932-3fa63dd0344a
	github.com/stepup-auth/stepup v0.0.0
	golang.org/x/crypto v0.58.0
)

require (
	github.com/decred/dcrd/dcrec/secp256k1/v4 v4.4.1 // indirect
	github.com/mr-tron/base58 v1.3.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/stepup-auth/stepup => ../..
