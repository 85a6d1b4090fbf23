// Package guardduty takes the word of Amazon GuardDuty Malware Protection for
// S3, which reads every new object by itself, and hands it to the workflow that
// waits for it.
package guardduty

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/verify"
)

// detail is the part of a scan result's event that is used ("Monitoring S3
// object scans with Amazon EventBridge", Amazon GuardDuty User Guide).
type detail struct {
	ScanStatus      string `json:"scanStatus"`
	ResourceType    string `json:"resourceType"`
	S3ObjectDetails struct {
		BucketName string `json:"bucketName"`
		ObjectKey  string `json:"objectKey"`
		ETag       string `json:"eTag"`
		VersionID  string `json:"versionId"`
	} `json:"s3ObjectDetails"`
	ScanResultDetails struct {
		ScanResultStatus Status `json:"scanResultStatus"`
		Threats          []struct {
			Name string `json:"name"`
		} `json:"threats"`
		StatusReasons []string `json:"statusReasons"`
	} `json:"scanResultDetails"`
}

// Status is what came of a scan, in GuardDuty's words ("S3 object potential
// scan status and result status", Amazon GuardDuty User Guide).
type Status string

// The statuses. They stand in the order of their weight: where GuardDuty says
// two things of one version, the later of these counts.
const (
	Failed         Status = "FAILED"           // an internal error of GuardDuty
	AccessDenied   Status = "ACCESS_DENIED"    // its role may not read the object
	NoThreatsFound Status = "NO_THREATS_FOUND" // it read all of it, and knows nothing in it
	Unsupported    Status = "UNSUPPORTED"      // it cannot look at all of it: a password, a quota
	ThreatsFound   Status = "THREATS_FOUND"    // it knows something in it
)

var weights = []Status{Failed, AccessDenied, NoThreatsFound, Unsupported, ThreatsFound}

// Weight orders statuses, from 0 to 4; -1 is for a status that is not known.
func (s Status) Weight() int { return slices.Index(weights, s) }

// Version names the bytes that a result is about, and that a workflow waits
// for. All three must be the same for a result to count.
type Version struct {
	Key       string `json:"key"`
	VersionID string `json:"versionId"`
	ETag      string `json:"etag"` // without quotes
}

// VersionOf returns the version that j is about.
func VersionOf(j verify.Job) Version {
	return Version{Key: j.Key, VersionID: j.VersionID, ETag: j.ETag}
}

// Result is what GuardDuty says of one object version.
type Result struct {
	Version
	Status Status `json:"status"`

	// Names are those of the threats, or the reasons for a status without a
	// verdict: for operators, at most maxNames of at most maxName bytes.
	Names []string `json:"names,omitempty"`
}

const (
	maxNames = 5
	maxName  = 100 // bytes
)

// ScanResult returns the result that the event tells of. It is an error when
// the event is another one, tells of another bucket or of no file in it, does
// not name the version, or has a status that is not known: what cannot be read
// is no word, and least of all a clean one.
func ScanResult(e events.EventBridgeEvent, bucket string) (Result, error) {
	if e.Source != "aws.guardduty" || e.DetailType != "GuardDuty Malware Protection Object Scan Result" {
		return Result{}, fmt.Errorf("event %s is a %q of %q, not a scan result of aws.guardduty", e.ID, e.DetailType, e.Source)
	}
	var d detail
	if err := json.Unmarshal(e.Detail, &d); err != nil {
		return Result{}, fmt.Errorf("read the detail of event %s: %w", e.ID, err)
	}
	o, scan := d.S3ObjectDetails, d.ScanResultDetails
	switch {
	case d.ResourceType != "S3_OBJECT":
		return Result{}, fmt.Errorf("event %s is about a %q, not an S3_OBJECT", e.ID, d.ResourceType)
	case o.BucketName != bucket:
		return Result{}, fmt.Errorf("event %s is of bucket %q, not of %q", e.ID, o.BucketName, bucket)
	case !strings.HasPrefix(o.ObjectKey, file.KeyPrefix):
		return Result{}, fmt.Errorf("event %s is about no key under %s", e.ID, file.KeyPrefix)
	case o.VersionID == "" || o.ETag == "":
		return Result{}, fmt.Errorf("event %s names no version or no ETag", e.ID)
	case scan.ScanResultStatus.Weight() < 0:
		return Result{}, fmt.Errorf("event %s has the result %q, which is not known", e.ID, scan.ScanResultStatus)
	}
	r := Result{
		Version: Version{Key: o.ObjectKey, VersionID: o.VersionID, ETag: strings.Trim(o.ETag, `"`)},
		Status:  scan.ScanResultStatus,
	}
	for _, t := range scan.Threats {
		r.name(t.Name)
	}
	for _, reason := range scan.StatusReasons {
		r.name(reason)
	}
	// A result that contradicts itself is not believed where it is the better one.
	switch {
	case len(scan.Threats) > 0:
		r.Status = ThreatsFound
	case r.Status == NoThreatsFound && d.ScanStatus != "COMPLETED":
		r.Status = Failed
	}
	return r, nil
}

// name adds a name, cut to what is kept.
func (r *Result) name(s string) {
	s = strings.Map(func(c rune) rune {
		if c == utf8.RuneError || unicode.IsControl(c) {
			return -1
		}
		return c
	}, s)
	for len(s) > maxName {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	if s != "" && len(r.Names) < maxNames {
		r.Names = append(r.Names, s)
	}
}

// scan returns r as the word of a scanner. Where GuardDuty could not scan, it
// has no word, and there is an error instead: the object is not known to be
// anything.
func (r Result) scan() (verify.Scan, error) {
	s := verify.Scan{Engine: file.Engine{Name: verify.GuardDuty}}
	names := strings.Join(r.Names, ", ")
	switch r.Status {
	case NoThreatsFound:
	case ThreatsFound:
		s.Infected, s.Signature = true, names
	case Unsupported:
		s.Findings = []file.Finding{{Code: file.ScanIncomplete, Detail: strings.TrimSuffix("guardduty: "+names, ": ")}}
	default:
		return verify.Scan{}, fmt.Errorf("GuardDuty did not scan the object: %s (%s)", r.Status, names)
	}
	return s, nil
}
