package social

// What tests of this folder look at directly.
var (
	CheckRedirect = checkRedirect
	Back          = back
	Identify      = identify
	DecodeAnswer  = decodeAnswer
)
