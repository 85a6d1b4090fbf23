package corpus

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/inspect"
	"github.com/vouch-s3/vouch/shared/policy"
)

func TestEveryFileIsInTheTableAndMade(t *testing.T) {
	samples, err := Samples()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range samples {
		if seen[s.Name] || s.About == "" || s.Detected == "" {
			t.Errorf("%+v", s)
		}
		seen[s.Name] = true
		data, err := s.Bytes()
		if err != nil || len(data) == 0 {
			t.Errorf("%s: %d bytes, %v", s.Name, len(data), err)
		}
	}
	for name := range makers {
		if !seen[name] {
			t.Errorf("%s is not in the table", name)
		}
	}
}

func TestAFileIsTheSameEveryTimeItIsMade(t *testing.T) {
	for _, s := range []Sample{{Name: "folder.zip"}, {Name: "random.bin"}, {Name: "eicar.tar.gz"}} {
		a, errA := s.Bytes()
		b, errB := s.Bytes()
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: %v %v", s.Name, errA, errB)
		}
	}
}

// The scanner is not asked here, so malware is clean to the inspection. The
// end-to-end test has the scanner too.
func TestTheInspectionFindsWhatTheTableSays(t *testing.T) {
	samples, err := Samples()
	if err != nil {
		t.Fatal(err)
	}
	p := policy.Default()
	for _, s := range samples {
		t.Run(s.Name, func(t *testing.T) {
			data, err := s.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			report, err := inspect.Stream(bytes.NewReader(data), p.Inspect)
			if err != nil {
				t.Fatal(err)
			}
			if report.Type != s.Detected {
				t.Errorf("it is found to be %s, want %s", report.Type, s.Detected)
			}
			_, reason, flagged := p.Judge(report.Findings, report.Coverage.Complete)
			switch s.Reason {
			case "content-mismatch":
				if p.MayBe(s.ContentType, report.Type) {
					t.Errorf("%s passes as %s", report.Type, s.ContentType)
				}
				return
			case "malware-detected", "scan-incomplete":
				s.Reason = s.Inspection
			}
			if !p.MayBe(s.ContentType, report.Type) && s.Reason == "" {
				t.Errorf("%s does not pass as %s", report.Type, s.ContentType)
			}
			if string(reason) != s.Reason || reason == "" && flagged {
				t.Errorf("reason %q, want %q: %+v", reason, s.Reason, report)
			}
		})
	}
}

func TestTheTableStandsInTheDocs(t *testing.T) {
	doc, err := os.ReadFile("../../docs/verification.md")
	if err != nil {
		t.Fatal(err)
	}
	samples, err := Samples()
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(doc), "\n## The corpus\n")
	for _, s := range samples {
		ends := "ready"
		if s.Reason != "" {
			ends = "rejected: `" + s.Reason + "`"
		}
		if row := fmt.Sprintf("\n| `%s` | %s | %s | %s |\n", s.Name, s.ContentType, ends, s.About); !strings.Contains(table, row) {
			t.Errorf("docs/verification.md lacks the row%s", row)
		}
	}
	if rows := strings.Count(table, "\n| `"); rows != len(samples) {
		t.Errorf("docs/verification.md has %d rows, the table %d", rows, len(samples))
	}
}
