package share

// SplitWith and ContributeWith draw from another source, so that a test can follow
// each random value through everything that is computed from it.
var (
	SplitWith      = split
	ContributeWith = contribute
)
