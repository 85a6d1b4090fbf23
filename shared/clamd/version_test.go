package clamd

import (
	"testing"
	"time"
)

func TestTheAgeOfSignaturesIsReadOrAnError(t *testing.T) {
	for reply, want := range map[string]time.Time{
		"ClamAV 1.4.6/27500/Tue Nov 24 09:27:31 2026": time.Date(2026, 11, 24, 9, 27, 31, 0, time.UTC),
		"ClamAV 1.4.6/27500/Sun Nov  1 09:27:31 2026": time.Date(2026, 11, 1, 9, 27, 31, 0, time.UTC),
		"ClamAV 1.4.6": {},
	} {
		e, err := parseVersion(reply)
		if err != nil || e.Name != "clamav" || e.Version != "1.4.6" || !e.DatabaseDate.Equal(want) {
			t.Errorf("%q: %+v, %v", reply, e, err)
		}
	}
	for _, reply := range []string{"", "ClamAV ", "UNKNOWN COMMAND", "ClamAV 1.4.6/27500", "ClamAV 1.4.6/27500/yesterday"} {
		if e, err := parseVersion(reply); err == nil {
			t.Errorf("%q: %+v", reply, e)
		}
	}
}

func FuzzParseVersion(f *testing.F) {
	f.Add("ClamAV 1.4.6/27500/Tue Nov 24 09:27:31 2026")
	f.Add("ClamAV 1/2/3")
	f.Fuzz(func(t *testing.T, reply string) {
		if e, err := parseVersion(reply); err == nil && (e.Name != "clamav" || e.Version == "" && e.Database == "") {
			t.Errorf("%q: %+v", reply, e)
		}
	})
}
