package authz

import "strings"

// wildcard reports whether s matches a pattern in which * stands for any number
// of characters, and ? for one. It takes at most len(pattern)×len(s) steps.
func wildcard(pattern, s string) bool {
	p, text := []rune(pattern), []rune(s)
	i, j := 0, 0
	star, from := -1, 0 // the last * seen, and what it was last tried to end at
	for j < len(text) {
		switch {
		case i < len(p) && p[i] == '*':
			star, from = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == text[j]):
			i++
			j++
		case star >= 0: // let the * take one character more
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

// matchesOne reports whether one of the patterns matches s.
func matchesOne(patterns []string, s string) bool {
	for _, p := range patterns {
		if wildcard(p, s) {
			return true
		}
	}
	return false
}

// matchesOneFold is matchesOne without regard to case.
func matchesOneFold(patterns []string, s string) bool {
	for _, p := range patterns {
		if wildcard(strings.ToLower(p), strings.ToLower(s)) {
			return true
		}
	}
	return false
}
