// Package wycheproof checks the signature verification and the JWK parsing of package stepup, and of wallets, against the vectors of
// Project Wycheproof: known attacks and edge cases, each with the verdict a correct implementation gives. It holds
// tests only.
package wycheproof
