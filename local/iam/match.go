package iam

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// wild reports whether s matches a pattern in which * stands for any number of
// characters and ? for exactly one. It needs time proportional to the product of
// the lengths at worst, whatever the pattern.
func wild(pattern, s string) bool {
	p, i := 0, 0
	star, resume := -1, 0 // the last * and where in s to go on after it
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, i
			p++
		case p < len(pattern) && pattern[p] == '?':
			_, size := utf8.DecodeRuneInString(s[i:])
			p++
			i += size
		case p < len(pattern) && pattern[p] == s[i]:
			p++
			i++
		case star >= 0:
			_, size := utf8.DecodeRuneInString(s[resume:])
			resume += size
			p, i = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// wildAny reports whether s matches any of the patterns.
func wildAny(patterns []string, s string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return wild(p, s) })
}

// arnParts is how many parts, separated by colons, an ARN has; the last may
// have colons of its own.
const arnParts = 6

// wildARN compares two ARNs part by part, as the ARN condition operators do: a *
// does not reach across a colon but in the last part.
func wildARN(pattern, s string) bool {
	want, have := strings.SplitN(pattern, ":", arnParts), strings.SplitN(s, ":", arnParts)
	return len(want) == arnParts && slices.EqualFunc(want, have, wild)
}

// matchesAction compares actions without regard to case. The action itself is
// never a pattern.
func (s *Statement) matchesAction(action string) bool {
	lower := func(list []string) []string {
		out := make([]string, len(list))
		for i, v := range list {
			out[i] = strings.ToLower(v)
		}
		return out
	}
	action = strings.ToLower(action)
	if len(s.NotAction) > 0 {
		return !wildAny(lower(s.NotAction), action)
	}
	return wildAny(lower(s.Action), action)
}

func (s *Statement) matchesResource(resource string) bool {
	if len(s.NotResource) > 0 {
		return !wildAny(s.NotResource, resource)
	}
	return wildAny(s.Resource, resource)
}
