package guardduty

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/verify"
)

const (
	bucket = "vouch-filesbucket"
	key    = "files/2bd806c97f0e00af1a1fc3328fa763a9/0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"
)

func sample(t testing.TB) (e events.EventBridgeEvent) {
	t.Helper()
	data, err := os.ReadFile("../../events/receive-guardduty.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// event is the sample with another detail of the scan.
func event(t testing.TB, scanStatus, result, rest string) events.EventBridgeEvent {
	e := sample(t)
	e.Detail = fmt.Appendf(nil, `{"schemaVersion":"1.0","scanStatus":%q,"resourceType":"S3_OBJECT","s3ObjectDetails":{"bucketName":%q,"objectKey":%q,"eTag":"e1","versionId":"v1","s3Throttled":false},"scanResultDetails":{"scanResultStatus":%q%s}}`, scanStatus, bucket, key, result, rest)
	return e
}

func TestTheSampleEventIsRead(t *testing.T) {
	r, err := ScanResult(sample(t), bucket)
	if err != nil || r.Status != NoThreatsFound || r.Key != key || r.VersionID == "" || r.ETag != "b1946ac92492d2347c6235b4d2611184" {
		t.Errorf("%+v, %v", r, err)
	}
}

// What GuardDuty says and what becomes of the file by the default policy.
func TestEveryResultHasItsOneMeaning(t *testing.T) {
	for name, tt := range map[string]struct {
		scanStatus, result, rest string
		reason                   file.Reason // empty with silent false: it passes
		silent                   bool        // no word at all
		detail                   string
	}{
		"nothing found":                      {scanStatus: "COMPLETED", result: "NO_THREATS_FOUND", rest: `,"threats":null`},
		"threats":                            {scanStatus: "COMPLETED", result: "THREATS_FOUND", rest: `,"threats":[{"name":"EICAR-Test-File (not a virus)"},{"name":"B"}]`, reason: file.MalwareDetected, detail: "EICAR-Test-File (not a virus), B"},
		"threats without a name":             {scanStatus: "COMPLETED", result: "THREATS_FOUND", rest: `,"threats":null`, reason: file.MalwareDetected},
		"a password":                         {scanStatus: "SKIPPED", result: "UNSUPPORTED", rest: `,"threats":null,"statusReasons":["PASSWORD_PROTECTED"]`, reason: file.ScanIncomplete, detail: "guardduty: PASSWORD_PROTECTED"},
		"unsupported":                        {scanStatus: "SKIPPED", result: "UNSUPPORTED", reason: file.ScanIncomplete, detail: "guardduty"},
		"no access":                          {scanStatus: "SKIPPED", result: "ACCESS_DENIED", silent: true},
		"failed":                             {scanStatus: "FAILED", result: "FAILED", silent: true},
		"skipped, and yet nothing found":     {scanStatus: "SKIPPED", result: "NO_THREATS_FOUND", silent: true},
		"failed, and yet nothing found":      {scanStatus: "FAILED", result: "NO_THREATS_FOUND", silent: true},
		"no scan status":                     {scanStatus: "", result: "NO_THREATS_FOUND", silent: true},
		"skipped, and yet threats":           {scanStatus: "SKIPPED", result: "THREATS_FOUND", reason: file.MalwareDetected},
		"nothing found, and yet a threat":    {scanStatus: "COMPLETED", result: "NO_THREATS_FOUND", rest: `,"threats":[{"name":"A"}]`, reason: file.MalwareDetected, detail: "A"},
		"unsupported, and yet a threat":      {scanStatus: "SKIPPED", result: "UNSUPPORTED", rest: `,"threats":[{"name":"A"}]`, reason: file.MalwareDetected, detail: "A"},
		"more names than anybody would read": {scanStatus: "COMPLETED", result: "THREATS_FOUND", rest: `,"threats":[` + strings.Repeat(`{"name":"`+strings.Repeat("é\u0000", 100)+`"},`, 50) + `{"name":"x"}]`, reason: file.MalwareDetected, detail: strings.TrimSuffix(strings.Repeat(strings.Repeat("é", maxName/2)+", ", maxNames), ", ")},
	} {
		r, err := ScanResult(event(t, tt.scanStatus, tt.result, strings.ReplaceAll(tt.rest, "\x00", `\u0000`)), bucket)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		scan, err := r.scan()
		if (err != nil) != tt.silent {
			t.Errorf("%s: %+v, %v", name, scan, err)
		}
		if err != nil {
			continue
		}
		told := verify.Told(scan, policy.Default())
		var detail string
		if len(told.Verdict.Findings) > 0 {
			detail = told.Verdict.Findings[0].Detail
		}
		if told.Reason != tt.reason || detail != tt.detail || told.Verdict.Scanners[0].Name != verify.GuardDuty {
			t.Errorf("%s: %+v %+v", name, told, told.Verdict)
		}
	}
}

func TestAnEventThatSaysNothingOfAFileIsRefused(t *testing.T) {
	replace := func(from, to string) func(*events.EventBridgeEvent) {
		return func(e *events.EventBridgeEvent) {
			changed := strings.Replace(string(e.Detail), from, to, 1)
			if changed == string(e.Detail) {
				t.Fatalf("the event has no %s", from)
			}
			e.Detail = json.RawMessage(changed)
		}
	}
	for name, change := range map[string]func(*events.EventBridgeEvent){
		"another source":    func(e *events.EventBridgeEvent) { e.Source = "vouch" },
		"another type":      func(e *events.EventBridgeEvent) { e.DetailType = "GuardDuty Finding" },
		"another resource":  replace("S3_OBJECT", "EC2_INSTANCE"),
		"another bucket":    replace(bucket, bucket+"2"),
		"another key":       replace("files/", "file/"),
		"no version":        replace(`"v1"`, `""`),
		"no ETag":           replace(`"e1"`, `""`),
		"an unknown result": replace("NO_THREATS_FOUND", "PROBABLY_CLEAN"),
		"no result":         replace("NO_THREATS_FOUND", ""),
		"not JSON":          func(e *events.EventBridgeEvent) { e.Detail = json.RawMessage(`{`) },
		"nothing":           func(e *events.EventBridgeEvent) { e.Detail = json.RawMessage(`{}`) },
	} {
		e := event(t, "COMPLETED", "NO_THREATS_FOUND", "")
		change(&e)
		if r, err := ScanResult(e, bucket); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func FuzzScanResult(f *testing.F) {
	f.Add([]byte(sample(f).Detail))
	f.Add([]byte(event(f, "COMPLETED", "THREATS_FOUND", `,"threats":[{"name":"\ud800"}]`).Detail))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, detail []byte) {
		e := events.EventBridgeEvent{Source: "aws.guardduty", DetailType: "GuardDuty Malware Protection Object Scan Result", Detail: detail}
		r, err := ScanResult(e, bucket)
		if err != nil {
			return
		}
		if !strings.HasPrefix(r.Key, file.KeyPrefix) || r.VersionID == "" || r.Status.Weight() < 0 || len(r.Names) > maxNames {
			t.Errorf("%q is %+v", detail, r)
		}
		for _, name := range r.Names {
			if len(name) > maxName || !utf8.ValidString(name) {
				t.Errorf("%q has the name %q", detail, name)
			}
		}
		if scan, err := r.scan(); err == nil && !scan.Infected && len(scan.Findings) == 0 && r.Status != NoThreatsFound {
			t.Errorf("%q is clean: %+v", detail, r)
		}
	})
}
