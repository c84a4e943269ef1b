package outbound

// Public opens the judgement of addresses to tests, which reach no public one.
var Public = public

// NewClientAsking is NewClient with name servers of the test's own.
var NewClientAsking = newClient
