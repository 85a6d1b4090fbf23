package iam

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// comparison is a condition operator without set operator and IfExists.
type comparison struct {
	negated  bool
	presence bool // Null: it asks whether the key is there, not what it is
	match    func(have, want string) bool
	valid    func(want string) bool // can a policy compare with this?
}

// comparisons are the operators of "IAM JSON policy elements: Condition
// operators" that are evaluated; BinaryEquals is not.
var comparisons = map[string]comparison{
	"Null": {presence: true, valid: isBool},
	"Bool": {match: strings.EqualFold, valid: isBool},

	"StringEquals":              {match: equal, valid: anything},
	"StringNotEquals":           {match: equal, valid: anything, negated: true},
	"StringEqualsIgnoreCase":    {match: strings.EqualFold, valid: anything},
	"StringNotEqualsIgnoreCase": {match: strings.EqualFold, valid: anything, negated: true},
	"StringLike":                {match: like, valid: anything},
	"StringNotLike":             {match: like, valid: anything, negated: true},

	// The guide: ArnEquals and ArnLike behave identically.
	"ArnEquals":    {match: likeARN, valid: isARN},
	"ArnNotEquals": {match: likeARN, valid: isARN, negated: true},
	"ArnLike":      {match: likeARN, valid: isARN},
	"ArnNotLike":   {match: likeARN, valid: isARN, negated: true},

	"NumericEquals":            number(func(c int) bool { return c == 0 }, false),
	"NumericNotEquals":         number(func(c int) bool { return c == 0 }, true),
	"NumericLessThan":          number(func(c int) bool { return c < 0 }, false),
	"NumericLessThanEquals":    number(func(c int) bool { return c <= 0 }, false),
	"NumericGreaterThan":       number(func(c int) bool { return c > 0 }, false),
	"NumericGreaterThanEquals": number(func(c int) bool { return c >= 0 }, false),

	"DateEquals":            date(func(c int) bool { return c == 0 }, false),
	"DateNotEquals":         date(func(c int) bool { return c == 0 }, true),
	"DateLessThan":          date(func(c int) bool { return c < 0 }, false),
	"DateLessThanEquals":    date(func(c int) bool { return c <= 0 }, false),
	"DateGreaterThan":       date(func(c int) bool { return c > 0 }, false),
	"DateGreaterThanEquals": date(func(c int) bool { return c >= 0 }, false),

	"IpAddress":    {match: within, valid: isNetwork},
	"NotIpAddress": {match: within, valid: isNetwork, negated: true},
}

func anything(string) bool           { return true }
func equal(have, want string) bool   { return have == want }
func like(have, want string) bool    { return wild(want, have) }
func likeARN(have, want string) bool { return wildARN(want, have) }

func isBool(s string) bool {
	return strings.EqualFold(s, "true") || strings.EqualFold(s, "false")
}

func isARN(s string) bool {
	return strings.HasPrefix(s, "arn:") && strings.Count(s, ":") >= arnParts-1
}

func number(holds func(order int) bool, negated bool) comparison {
	return ordered(func(s string) (float64, bool) {
		f, err := strconv.ParseFloat(s, 64)
		return f, err == nil && f == f // NaN is not a number to compare with
	}, func(a, b float64) int {
		switch {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	}, holds, negated)
}

func date(holds func(order int) bool, negated bool) comparison {
	return ordered(instant, time.Time.Compare, holds, negated)
}

// ordered makes a comparison of values that are parsed and have an order. A
// value of the request that cannot be parsed matches nothing.
func ordered[T any](parse func(string) (T, bool), compare func(a, b T) int, holds func(order int) bool, negated bool) comparison {
	return comparison{
		negated: negated,
		valid:   func(want string) bool { _, ok := parse(want); return ok },
		match: func(have, want string) bool {
			h, ok := parse(have)
			w, also := parse(want)
			return ok && also && holds(compare(h, w))
		},
	}
}

// instant reads a date in one of the W3C profiles of ISO 8601, or in seconds
// since 1970.
func instant(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	seconds, err := strconv.ParseInt(s, 10, 64)
	return time.Unix(seconds, 0), err == nil
}

// network reads a CIDR prefix, or a single address as the prefix of its full
// length.
func network(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p, true
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}

func isNetwork(s string) bool { _, ok := network(s); return ok }

func within(have, want string) bool {
	addr, err := netip.ParseAddr(have)
	p, ok := network(want)
	return err == nil && ok && p.Contains(addr.Unmap())
}
