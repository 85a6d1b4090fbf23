package override

import (
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
)

func TestAnOverrideChangesWhatItNamesAndNothingElse(t *testing.T) {
	p, err := Load(`
maxSize: 1000000
types:
  image/png: { content: [image/png], maxSize: 5000 }
  application/x-thing: { content: ["*"] }
  text/csv: null
findings: { pdf-active: flag }
inspect: { maxDepth: 2 }
scan: { maxDatabaseAge: 0s }
`)
	if err != nil {
		t.Fatal(err)
	}
	d := policy.Default()
	if p.MaxSize != 1000000 || p.Inspect.MaxDepth != 2 || p.Scan.MaxDatabaseAge != 0 || p.Findings[file.PDFActive] != policy.Flag {
		t.Errorf("%+v", p)
	}
	if p.Inspect.MaxEntries != d.Inspect.MaxEntries || p.Findings[file.Encrypted] != policy.Reject || p.Scan.Timeout != d.Scan.Timeout || len(p.Types) != len(d.Types) {
		t.Errorf("something else changed: %+v", p)
	}
	for contentType, want := range map[string]file.Code{"image/png": "", "application/x-thing": "", "text/csv": file.CodeContentTypeRefused} {
		if _, err := p.ContentType(contentType); file.CodeOf(err) != want {
			t.Errorf("%s: %v", contentType, err)
		}
	}
	for size, want := range map[int64]file.Code{5000: "", 5001: file.CodeFileTooLarge} {
		if err := p.CheckSize(size, "image/png"); file.CodeOf(err) != want {
			t.Errorf("%d: %v", size, err)
		}
	}
}

func TestAPolicyThatMakesNoSenseSaysWhatIsWrong(t *testing.T) {
	for override, want := range map[string]string{
		"maxsize: 5":                           "maxsize",
		"maxSize: -1":                          "maxSize: -1 is not from 1",
		"maxSize: 99999999999":                 "maxSize: 99999999999",
		"maxSize: 5000000000":                  "more than scan.timeout",
		"maxSize: lots":                        "lots",
		"maxSize: 5\nmaxSize: 6":               "already defined",
		"uploadLife: 1m":                       "uploadLife: 1m0s is not from 5m to 15m",
		"downloadLife: 1h":                     "downloadLife",
		"giveUpAfter: 30m":                     "giveUpAfter",
		"findings: {pdf: reject}":              `there is no finding "pdf"`,
		"findings: {polyglot: maybe}":          `"maybe" is not allow, flag or reject`,
		"onFlag: maybe":                        "onFlag",
		"rejectedBytes: burn":                  "rejectedBytes",
		"types: {Image/PNG: {content: ['*']}}": "Image/PNG",
		"types: {image/png: {}}":               "image/png: content lists nothing",
		"types: {image/png: {content: [png]}}": `"png"`,
		"types: {a/b: {content: ['*'], maxSize: 99999999999}}": "a/b: maxSize",
		"inspect: {maxDepth: 99}":                              "maxDepth",
		"inspect: {maxRatio: 0}":                               "maxRatio",
		"scan: {timeout: 20m}":                                 "timeout",
		"scan: {maxDatabaseAge: -1h}":                          "maxDatabaseAge",
		"quotas: {tenant: {files: -1}}":                        "quotas: tenant: files: -1 is negative",
		"quotas: {owner: {pending: -1}}":                       "quotas: owner: pending: -1 is negative",
		"retention: {default: -1h}":                            "retention: default: -1h0m0s is negative",
		"retention: {max: 24h}":                                "retention: default: 0s",
		"retention: {default: 48h, max: 24h}":                  "is not from 1s to max",
		"retention: {default: 1m}":                             "not as long as uploadLife",
		"maxPage: 0":                                           "maxPage",
		"maxSize: 5\n---\nmaxSize: 6":                          "more than one document",
		"[1]":                                                  "cannot unmarshal",
	} {
		_, err := Load(override)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", override, err, want)
		}
	}
}

func TestEveryFaultOfAPolicyIsNamedAtOnce(t *testing.T) {
	_, err := Load("maxSize: 0\nonFlag: x\nmaxPage: -1")
	for _, want := range []string{"maxSize", "onFlag", "maxPage"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestWhatIsFoundDecidesByThePolicy(t *testing.T) {
	found := func(codes ...file.Reason) (list []file.Finding) {
		for _, c := range codes {
			list = append(list, file.Finding{Code: c})
		}
		return list
	}
	for _, tt := range []struct {
		name     string
		override string
		found    []file.Finding
		partial  bool
		count    int
		reason   file.Reason
		flagged  bool
	}{
		{"nothing", "", nil, false, 0, "", false},
		{"rejected", "", found(file.Polyglot), false, 1, file.Polyglot, false},
		{"the gravest is the reason", "", found(file.Encrypted, file.Polyglot), true, 2, file.Encrypted, true},
		{"flagged", "findings: {polyglot: flag}", found(file.Polyglot), false, 1, "", true},
		{"a flag that rejects", "findings: {polyglot: flag}\nonFlag: reject", found(file.Polyglot), false, 1, file.Polyglot, true},
		{"a flag before a rejection", "findings: {encrypted: flag}", found(file.Encrypted, file.Polyglot), false, 2, file.Polyglot, true},
		{"allowed", "findings: {polyglot: allow}", found(file.Polyglot), false, 0, "", false},
		{"allowed, but not all looked at", "findings: {encrypted: allow}", found(file.Encrypted), true, 0, "", true},
		{"not all looked at, where flags reject", "findings: {encrypted: allow}\nonFlag: reject", found(file.Encrypted), true, 0, file.ScanIncomplete, true},
		{"a finding of tomorrow", "", found("new"), false, 1, "new", false},
	} {
		p, err := Load(tt.override)
		if err != nil {
			t.Fatal(err)
		}
		count, reason, flagged := p.Judge(tt.found, !tt.partial)
		if len(count) != tt.count || reason != tt.reason || flagged != tt.flagged {
			t.Errorf("%s: %v, %q, flagged %v", tt.name, count, reason, flagged)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("maxSize: 5")
	f.Add("types: {a/b: {content: ['*']}}")
	f.Add("scan: {timeout: 1m}\nuploadLife: 5m")
	f.Fuzz(func(t *testing.T, override string) {
		p, err := Load(override)
		if err != nil {
			return
		}
		if p.MaxSize < 1 || p.UploadLife < 5*time.Minute || p.UploadLife > 15*time.Minute || len(p.Types) == 0 || len(p.Findings) != len(file.Findings()) {
			t.Errorf("%q makes %+v", override, p)
		}
	})
}
