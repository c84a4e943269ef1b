package api

import "encoding/json"

// DescribeAgain builds the OpenAPI document without its cache.
func DescribeAgain() []byte {
	text, err := json.MarshalIndent(describe(Routes()), "", "  ")
	if err != nil {
		panic(err)
	}
	return append(text, '\n')
}

// Decode and MaxDepth are for the fuzz test.
var Decode = decode

const MaxDepth = maxDepth

// HasRequest reports whether the route reads a JSON body.
func (r Route) HasRequest() bool { return r.handler.request != nil }
