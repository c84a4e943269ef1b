package environment

// AddressProblem says what keeps s from being an address that the server may
// call or send a browser to, "" when nothing does: the rule for every address
// in a document, for those that a login provider names itself.
func AddressProblem(s string) string { return urlProblem(s) }
