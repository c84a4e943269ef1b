package environment

import _ "embed"

// Example is a document that shows every key, with its meaning, default and bounds.
//
//go:embed example.yaml
var Example string
