// Package attack holds the attacks we answer for, each as a test against a running server.
package attack
