package offline

// Unexported parsers of foreign bytes, for fuzzing.
var (
	ParseKey   = parseKey
	ParseShare = parseShare
	AddressOf  = addressOf
)
