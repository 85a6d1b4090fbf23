package policy_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy/override"
)

var now = time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)

// Until when a file of each age may be kept; the zero time is asked for by whoever
// wants it kept as long as nobody deletes it.
func TestFilesAreKeptWithinWhatThePolicySays(t *testing.T) {
	const day = 24 * time.Hour
	for name, tt := range map[string]struct {
		override string
		asked    time.Time
		age      time.Duration
		accepted string // empty for what is taken
	}{
		"no limit":                       {"", now.Add(10000 * day), day, ""},
		"for ever":                       {"", time.Time{}, day, ""},
		"the next moment":                {"", now.Add(time.Millisecond), day, ""},
		"now":                            {"", now, day, "a time to come, or none"},
		"less than a millisecond":        {"", now.Add(time.Millisecond - 1), day, "a time to come, or none"},
		"before":                         {"", now.Add(-time.Hour), day, "a time to come, or none"},
		"the longest":                    {"retention: {default: 24h, max: 48h}", now.Add(2 * day), 0, ""},
		"longer":                         {"retention: {default: 24h, max: 48h}", now.Add(2*day + time.Millisecond), 0, "a time to come, until 2026-11-26T15:00:00Z"},
		"for ever, within a limit":       {"retention: {default: 24h, max: 48h}", time.Time{}, 0, "a time to come, until 2026-11-26T15:00:00Z"},
		"the longest, a day later":       {"retention: {default: 24h, max: 48h}", now.Add(day), day, ""},
		"again the longest, a day later": {"retention: {default: 24h, max: 48h}", now.Add(2 * day), day, "a time to come, until 2026-11-25T15:00:00Z"},
	} {
		p, err := override.Load(tt.override)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Expiry(tt.asked, now.Add(-tt.age), now)
		e, _ := errors.AsType[*file.Error](err)
		switch {
		case tt.accepted == "" && (err != nil || !got.Equal(tt.asked)):
			t.Errorf("%s: %v, %v", name, got, err)
		case tt.accepted != "" && (e == nil || e.Code != file.CodeInvalidExpiry || e.Field != "expiresAt" || e.Accepted != tt.accepted):
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestAFileForWhichNobodySaysIsKeptForTheDefault(t *testing.T) {
	for text, want := range map[string]time.Time{
		"":                                  {},
		"retention: {default: 1h}":          now.Add(time.Hour),
		"retention: {default: 1h, max: 2h}": now.Add(time.Hour),
	} {
		p, err := override.Load(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.FirstExpiry(time.Time{}, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
		if got, err := p.FirstExpiry(now.Add(time.Minute), now); err != nil || !got.Equal(now.Add(time.Minute)) {
			t.Errorf("%q, said: %v, %v", text, got, err)
		}
		if _, err := p.FirstExpiry(now, now); !strings.HasPrefix(string(file.CodeOf(err)), "invalid-expiry") {
			t.Errorf("%q, said wrongly: %v", text, err)
		}
	}
}
