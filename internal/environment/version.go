package environment

import (
	"fmt"
	"slices"
	"strings"
)

// Versions lists the minimum API versions this server knows, oldest first.
var Versions = []Version{Version20260101, Version20260401}

// ParseVersion reads a version in either spelling, 2026_04_01 or 2026-04-01.
func ParseVersion(s string) (Version, error) {
	v := Version(s)
	if len(s) == len("2026-04-01") && s[4] == '-' && s[7] == '-' {
		v = Version(strings.ReplaceAll(s, "-", "_"))
	}
	if !slices.Contains(Versions, v) {
		return "", fmt.Errorf("%s is no version this server knows: write %s", quoted(s), strings.Join(words(Versions), " or "))
	}
	return v, nil
}

// Before reports whether v is older than other.
func (v Version) Before(other Version) bool { return v < other }

// words turns a closed list into plain strings.
func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}

// At is the environment as it would stand at another minimum API version.
func (e *Environment) At(v Version) *Environment {
	other := *e
	other.MinAPIVersion = v
	return &other
}
