package kek

// ParseFile reads the text of a key file.
var ParseFile = parseFile

// AWSTarget is what a name says about a key of AWS KMS.
type AWSTarget = awsTarget

// Endpoint and Region are parts of a parsed name.
func (t awsTarget) Endpoint() string { return t.endpoint }

// ParseAWS reads what follows aws-kms:.
var ParseAWS = parseAWS

// AWSKeyID is the id of a key with that ARN.
func AWSKeyID(arn string) string { return (&awsKey{arn: arn}).ID() }
