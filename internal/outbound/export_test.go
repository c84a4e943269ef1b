package outbound

// Public opens the judgement of addresses to tests, which reach no public one.
var Public = public
