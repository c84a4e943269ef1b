package door

// Decode and MaxDepth are for the fuzz test.
var Decode = decode

const MaxDepth = maxDepth
