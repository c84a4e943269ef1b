package social

// What tests of this folder look at directly.
var (
	CheckRedirect = checkRedirect
	Back          = back
	Identify      = identify
	ParseAnswer   = parseAnswer
	ParseProfile  = parseProfile
)
