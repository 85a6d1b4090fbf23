package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// bytesText writes a count of bytes for people: "14 B", "40.0 MiB".
func bytesText(n int64) string {
	if n < 1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	value, unit := float64(n)/1024, 0
	for value >= 1023.95 && unit < len(units)-1 { // which would be written 1024.0
		value, unit = value/1024, unit+1
	}
	return strconv.FormatFloat(value, 'f', 1, 64) + " " + units[unit] + "iB"
}

var units = []string{"K", "M", "G", "T", "P", "E"}

// durationText writes a span of time for people, in its largest unit or two:
// "8s", "3m20s", "5h", "12d".
func durationText(d time.Duration) string {
	switch d = max(d, 0).Round(time.Second); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < 10*time.Minute:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 10*time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/(24*time.Hour))
}

// clockText writes a moment for people, by the clock here.
func clockText(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05 MST") }

// plain writes text that others chose so that it cannot move the cursor, change
// colours, or make a name read as another: what does not print is escaped as in
// a Go string.
func plain(text string) string {
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == unicode.ReplacementChar && !strings.HasPrefix(text[i:], string(unicode.ReplacementChar)):
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case unicode.IsPrint(r) || r == '\u200c' || r == '\u200d': // joiners, which are parts of words and emoji
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

// byteCount is a flag's value: a count of bytes, as 1048576, 8MiB or 8M (the
// same) or 8MB (a thousand to the step).
type byteCount int64

func (b *byteCount) String() string {
	if *b == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*b), 10)
}

func (*byteCount) Type() string { return "bytes" }

func (b *byteCount) Set(text string) error {
	n, err := parseBytes(text)
	if err != nil {
		return err
	}
	*b = byteCount(n)
	return nil
}

func parseBytes(text string) (int64, error) {
	upper := strings.ToUpper(strings.TrimSpace(text))
	number, base := strings.TrimSuffix(upper, "B"), int64(1000)
	if number == upper {
		base = 1024
	}
	if without, ok := strings.CutSuffix(number, "I"); ok {
		if without == "" || !strings.ContainsAny(without[len(without)-1:], strings.Join(units, "")) {
			return 0, fmt.Errorf("%q is not a count of bytes, as 1048576 or 8MiB", text)
		}
		number, base = without, 1024
	}
	factor := int64(1)
	for i, unit := range units {
		if without, ok := strings.CutSuffix(number, unit); ok {
			number = without
			for range i + 1 {
				factor *= base
			}
			break
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	if err != nil || n < 1 || n > (1<<63-1)/factor {
		return 0, fmt.Errorf("%q is not a count of bytes, as 1048576 or 8MiB", text)
	}
	return n * factor, nil
}
