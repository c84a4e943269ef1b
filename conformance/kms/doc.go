// Package kms holds the root keys of wallet custodians against a server of the AWS
// KMS protocol that is not ours: nsmithuk/local-kms. What it cannot show is AWS's own
// policies and grants, which decide who may use a key.
package kms
