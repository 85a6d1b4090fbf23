package authz

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// An operator compares a value of the request with one of the policy ("IAM JSON
// policy elements: Condition operators", IAM User Guide).
type operator struct {
	negated    bool                         // it holds when nothing matches, and so when the key is missing
	onPresence bool                         // Null: it compares whether the key is missing
	check      func(value string) error     // of a policy's value
	matches    func(have, want string) bool // of a request's value and a policy's
}

var operators = map[string]operator{
	"StringEquals":              {check: anyValue, matches: equal},
	"StringNotEquals":           {check: anyValue, matches: equal, negated: true},
	"StringEqualsIgnoreCase":    {check: anyValue, matches: strings.EqualFold},
	"StringNotEqualsIgnoreCase": {check: anyValue, matches: strings.EqualFold, negated: true},
	"StringLike":                {check: anyValue, matches: like},
	"StringNotLike":             {check: anyValue, matches: like, negated: true},
	"ArnEquals":                 {check: checkARNPattern, matches: arnLike},
	"ArnLike":                   {check: checkARNPattern, matches: arnLike},
	"ArnNotEquals":              {check: checkARNPattern, matches: arnLike, negated: true},
	"ArnNotLike":                {check: checkARNPattern, matches: arnLike, negated: true},
	"NumericEquals":             {check: checkNumber, matches: numeric(func(h, w float64) bool { return h == w })},
	"NumericNotEquals":          {check: checkNumber, matches: numeric(func(h, w float64) bool { return h == w }), negated: true},
	"NumericLessThan":           {check: checkNumber, matches: numeric(func(h, w float64) bool { return h < w })},
	"NumericLessThanEquals":     {check: checkNumber, matches: numeric(func(h, w float64) bool { return h <= w })},
	"NumericGreaterThan":        {check: checkNumber, matches: numeric(func(h, w float64) bool { return h > w })},
	"NumericGreaterThanEquals":  {check: checkNumber, matches: numeric(func(h, w float64) bool { return h >= w })},
	"Bool":                      {check: checkBool, matches: strings.EqualFold},
	"Null":                      {check: checkBool, matches: strings.EqualFold, onPresence: true},
	"IpAddress":                 {check: checkNetwork, matches: inNetwork},
	"NotIpAddress":              {check: checkNetwork, matches: inNetwork, negated: true},
}

// findOperator returns an operator, and whether its name ends in IfExists, which
// Null cannot have.
func findOperator(name string) (operator, bool, error) {
	base, ifExists := strings.CutSuffix(name, "IfExists")
	how, ok := operators[base]
	if !ok || ifExists && how.onPresence {
		return operator{}, false, fmt.Errorf("the operator %q is not evaluated", name)
	}
	return how, ifExists, nil
}

func anyValue(string) error { return nil }

func equal(have, want string) bool { return have == want }

func like(have, want string) bool { return wildcard(want, have) }

func checkARNPattern(v string) error {
	if v != "*" && strings.Count(v, ":") < 5 {
		return fmt.Errorf("%q is not an ARN", v)
	}
	return nil
}

// arnLike compares each of the six parts of an ARN by itself: a wildcard does
// not reach over a colon. ArnEquals and ArnLike are the same.
func arnLike(have, want string) bool {
	h, w := strings.SplitN(have, ":", 6), strings.SplitN(want, ":", 6)
	if len(h) < 6 {
		return false
	}
	if want == "*" {
		return true
	}
	for i := range w {
		if !wildcard(w[i], h[i]) {
			return false
		}
	}
	return true
}

func checkNumber(v string) error {
	if _, err := strconv.ParseFloat(v, 64); err != nil {
		return fmt.Errorf("%q is not a number", v)
	}
	return nil
}

// numeric compares numbers; what is not a number matches none.
func numeric(compare func(have, want float64) bool) func(string, string) bool {
	return func(have, want string) bool {
		h, errHave := strconv.ParseFloat(have, 64)
		w, errWant := strconv.ParseFloat(want, 64)
		return errHave == nil && errWant == nil && compare(h, w)
	}
}

func checkBool(v string) error {
	if !strings.EqualFold(v, "true") && !strings.EqualFold(v, "false") {
		return fmt.Errorf("%q must be true or false", v)
	}
	return nil
}

func checkNetwork(v string) error {
	_, err := parseNetwork(v)
	return err
}

// parseNetwork reads a CIDR block, or an address as the block of only itself.
func parseNetwork(v string) (netip.Prefix, error) {
	if !strings.Contains(v, "/") {
		address, err := netip.ParseAddr(v)
		if err != nil {
			return netip.Prefix{}, err
		}
		return address.Prefix(address.BitLen())
	}
	return netip.ParsePrefix(v)
}

func inNetwork(have, want string) bool {
	address, errHave := netip.ParseAddr(have)
	network, errWant := parseNetwork(want)
	return errHave == nil && errWant == nil && network.Contains(address.Unmap())
}
