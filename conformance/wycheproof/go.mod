// A module of its own, so that the vectors (100 MB) reach nobody who imports stepup.
module github.com/stepup-auth/stepup/conformance/wycheproof

go 1.26.4

require (
	github.com/c2sp/wycheproof v0.0.0-20260902155932-3fa63dd0344a
	github.com/stepup-auth/stepup v0.0.0
)

replace github.com/stepup-auth/stepup => ../..
