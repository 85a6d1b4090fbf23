package policies

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Conditions are the values that keys must have, by operator and key.
type Conditions map[string]map[string]Strings

// An operator compares one value of the request with one of the policy.
type operator struct {
	negated bool
	matches func(have, want string) bool
}

// operators are those of "IAM JSON policy elements: Condition operators".
var operators = map[string]operator{
	"StringEquals":              {false, func(h, w string) bool { return h == w }},
	"StringNotEquals":           {true, func(h, w string) bool { return h == w }},
	"StringEqualsIgnoreCase":    {false, strings.EqualFold},
	"StringNotEqualsIgnoreCase": {true, strings.EqualFold},
	"StringLike":                {false, func(h, w string) bool { return like(w, h) }},
	"StringNotLike":             {true, func(h, w string) bool { return like(w, h) }},
	"ArnEquals":                 {false, likeARN},
	"ArnNotEquals":              {true, likeARN},
	"ArnLike":                   {false, likeARN},
	"ArnNotLike":                {true, likeARN},
	"Bool":                      {false, strings.EqualFold},
	"NumericEquals":             {false, numeric(func(h, w float64) bool { return h == w })},
	"NumericNotEquals":          {true, numeric(func(h, w float64) bool { return h == w })},
	"NumericLessThan":           {false, numeric(func(h, w float64) bool { return h < w })},
	"NumericLessThanEquals":     {false, numeric(func(h, w float64) bool { return h <= w })},
	"NumericGreaterThan":        {false, numeric(func(h, w float64) bool { return h > w })},
	"NumericGreaterThanEquals":  {false, numeric(func(h, w float64) bool { return h >= w })},
	"IpAddress":                 {false, within},
	"NotIpAddress":              {true, within},
}

func (c Conditions) check() error {
	for name, keys := range c {
		base := strings.TrimSuffix(name, "IfExists")
		if _, known := operators[base]; !known && name != "Null" {
			return fmt.Errorf("condition operator %q is not known here", name)
		}
		for key, values := range keys {
			if len(values) == 0 {
				return fmt.Errorf("condition key %q has no value", key)
			}
			for _, v := range values {
				if strings.Contains(v, "${") {
					return fmt.Errorf("policy variables are not evaluated here: %q", v)
				}
				if err := checkValue(base, v); err != nil {
					return fmt.Errorf("condition key %q: %w", key, err)
				}
			}
		}
	}
	return nil
}

// checkValue refuses a value that its operator could never match: such a deny
// would silently deny nothing.
func checkValue(operator, v string) error {
	switch {
	case strings.HasPrefix(operator, "Numeric"):
		_, err := strconv.ParseFloat(v, 64)
		return err
	case strings.HasSuffix(operator, "IpAddress"):
		if _, err := netip.ParsePrefix(v); err == nil {
			return nil
		}
		_, err := netip.ParseAddr(v)
		return err
	case operator == "Bool" || operator == "Null":
		if !strings.EqualFold(v, "true") && !strings.EqualFold(v, "false") {
			return fmt.Errorf("%q is neither true nor false", v)
		}
	case strings.HasPrefix(operator, "Arn") && strings.Count(v, ":") < 5:
		return fmt.Errorf("%q is not an ARN", v)
	}
	return nil
}

// hold reports whether every condition holds for the request's values, by
// lower-case key.
func (c Conditions) hold(have map[string][]string) bool {
	for name, keys := range c {
		for key, want := range keys {
			if !holds(name, have[strings.ToLower(key)], want) {
				return false
			}
		}
	}
	return true
}

func holds(name string, have []string, want Strings) bool {
	if name == "Null" {
		return strings.EqualFold(want[0], "true") == (len(have) == 0)
	}
	base, ifExists := strings.CutSuffix(name, "IfExists")
	op := operators[base]
	if len(have) == 0 {
		// A key that is not there fails what asks for a value and passes what
		// excludes one.
		return ifExists || op.negated
	}
	for _, h := range have {
		for _, w := range want {
			if op.matches(h, w) {
				return !op.negated
			}
		}
	}
	return op.negated
}

func numeric(compare func(have, want float64) bool) func(string, string) bool {
	return func(h, w string) bool {
		have, err := strconv.ParseFloat(h, 64)
		if err != nil {
			return false
		}
		want, err := strconv.ParseFloat(w, 64)
		return err == nil && compare(have, want)
	}
}

func within(have, want string) bool {
	addr, err := netip.ParseAddr(have)
	if err != nil {
		return false
	}
	if prefix, err := netip.ParsePrefix(want); err == nil {
		return prefix.Contains(addr.Unmap())
	}
	single, err := netip.ParseAddr(want)
	return err == nil && single.Unmap() == addr.Unmap()
}

// likeARN matches the six parts of an ARN each by itself, so that no wildcard
// reaches across a colon.
func likeARN(have, want string) bool {
	h, w := strings.SplitN(have, ":", 6), strings.SplitN(want, ":", 6)
	if len(h) != 6 || len(w) != 6 {
		return false
	}
	for i := range w {
		if !like(w[i], h[i]) {
			return false
		}
	}
	return true
}

// like matches s against a pattern in which * stands for any characters and ?
// for one.
func like(pattern, s string) bool {
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(s) {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, mark = i, j
			i++
		case i < len(pattern) && (pattern[i] == '?' || pattern[i] == s[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[i:], "*") == ""
}
