package policy

import (
	"errors"
	"fmt"
	"maps"
	"mime"
	"slices"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/quota"
)

// Default returns the policy of default.yaml.
func Default() Policy { return builtIn() }

// What S3, Lambda and clamd allow, which no policy can.
const (
	largestPut    = 5 << 30                          // bytes of one PutObject or POST ("Uploading objects", Amazon S3 User Guide)
	largestObject = file.MaxParts * file.MaxPartSize // bytes, 48.8 TiB ("Amazon S3 multipart upload limits")
	lambdaEnds    = 15 * time.Minute
)

// Check returns an error that names every fault of a policy.
func (p Policy) Check() error {
	var faults []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	want(p.MaxSize > 0 && p.MaxSize <= largestObject, "maxSize: %d is not from 1 to %d, the most that an object has", p.MaxSize, int64(largestObject))
	want(len(p.Methods) > 0, "methods: none is allowed")
	for i, m := range p.Methods {
		want(m.Valid() && !slices.Contains(p.Methods[:i], m), "methods: %q is not put, multipart or form, or is there twice", m)
	}
	m := p.Multipart
	want(m.Threshold >= 0 && m.Threshold <= largestPut, "multipart: threshold: %d is not from 0 to %d, the most that one PUT takes", m.Threshold, int64(largestPut))
	want(m.PartSize >= file.MinPartSize && m.PartSize <= file.MaxPartSize, "multipart: partSize: %d is not from %d to %d", m.PartSize, int64(file.MinPartSize), int64(file.MaxPartSize))
	// The bucket's lifecycle rule aborts what was begun 8 days ago.
	want(m.Life >= time.Hour && m.Life <= 7*24*time.Hour, "multipart: life: %v is not from 1h to 168h", m.Life)
	want(m.Batch >= 1 && m.Batch <= 1000, "multipart: batch: %d is not from 1 to 1000", m.Batch)
	want(len(p.Types) > 0, "types: none is allowed")
	for _, name := range slices.Sorted(maps.Keys(p.Types)) {
		t := p.Types[name]
		want(isMediaType(name), "types: %q is not a media type in lower case without parameters", name)
		want(len(t.Content) > 0, "types: %s: content lists nothing that its bytes may be", name)
		for _, c := range t.Content {
			want(c == "*" || isMediaType(c), "types: %s: content: %q is neither a media type nor \"*\"", name, c)
		}
		want(t.MaxSize >= 0 && t.MaxSize <= p.MaxSize, "types: %s: maxSize: %d is not from 1 to the policy's own %d", name, t.MaxSize, p.MaxSize)
	}
	// Under 5 minutes clocks and slow networks make URLs fail at random; a
	// presigned URL of a role lives no longer than its credentials anyway.
	for name, d := range map[string]time.Duration{"uploadLife": p.UploadLife, "downloadLife": p.DownloadLife} {
		want(d >= 5*time.Minute && d <= 15*time.Minute, "%s: %v is not from 5m to 15m", name, d)
	}
	for name, d := range map[string]time.Duration{
		"arrivalGrace": p.ArrivalGrace, "verifyWithin": p.VerifyWithin, "giveUpAfter": p.GiveUpAfter, "purgeAfter": p.PurgeAfter,
	} {
		want(d > 0, "%s: %v is not a time", name, d)
	}
	want(p.GiveUpAfter > p.VerifyWithin, "giveUpAfter: %v is not longer than verifyWithin", p.GiveUpAfter)
	r := p.Retention
	want(r.Default >= 0, "retention: default: %v is negative", r.Default)
	want(r.Max >= 0, "retention: max: %v is negative", r.Max)
	// Files for which nobody says anything would otherwise be kept for ever.
	want(r.Max == 0 || r.Default > 0 && r.Default <= r.Max, "retention: default: %v is not from 1s to max (%v)", r.Default, r.Max)
	want(r.Default == 0 || r.Default >= p.UploadLife, "retention: default: %v is not as long as uploadLife (%v)", r.Default, p.UploadLife)
	for _, kind := range []quota.Kind{quota.Owner, quota.Tenant} {
		q := p.Quotas.Of(kind)
		for name, limit := range map[string]int64{"bytes": q.Bytes, "files": q.Files, "pending": q.Pending, "uploadsPerDay": q.UploadsPerDay} {
			want(limit >= 0, "quotas: %s: %s: %d is negative", kind, name, limit)
		}
	}
	want(p.MaxPage >= 1 && p.MaxPage <= 1000, "maxPage: %d is not from 1 to 1000", p.MaxPage)
	want(p.DefaultPage >= 1 && p.DefaultPage <= p.MaxPage, "defaultPage: %d is not from 1 to maxPage", p.DefaultPage)

	i := p.Inspect
	want(i.MaxDepth >= 0 && i.MaxDepth <= 16, "inspect: maxDepth: %d is not from 0 to 16", i.MaxDepth)
	want(i.MaxEntries >= 0 && i.MaxEntries <= 1_000_000, "inspect: maxEntries: %d is not from 0 to 1000000", i.MaxEntries)
	want(i.MaxUnpacked >= 0, "inspect: maxUnpacked: %d is negative", i.MaxUnpacked)
	want(i.MaxRatio >= 1, "inspect: maxRatio: %d is not 1 or more", i.MaxRatio)
	want(i.MaxPixels >= 1, "inspect: maxPixels: %d is not 1 or more", i.MaxPixels)

	s := p.Scan
	want(s.MaxDatabaseAge >= 0, "scan: maxDatabaseAge: %v is negative", s.MaxDatabaseAge)
	want(s.Timeout > 0 && s.Timeout < lambdaEnds, "scan: timeout: %v is not below the 15m at which a Lambda function ends", s.Timeout)
	want(s.Slowest > 0, "scan: slowest: %d is not 1 or more", s.Slowest)
	if s.Slowest > 0 {
		takes := time.Duration(p.MaxSize/s.Slowest) * time.Second
		want(takes <= s.Timeout, "maxSize: %d bytes take a scan %v at scan.slowest, which is more than scan.timeout (%v)", p.MaxSize, takes, s.Timeout)
	}
	for code, action := range p.Findings {
		want(slices.Contains(file.Findings(), code), "findings: there is no finding %q", code)
		want(slices.Contains([]Action{Allow, Flag, Reject}, action), "findings: %s: %q is not allow, flag or reject", code, action)
	}
	for _, code := range file.Findings() {
		_, ok := p.Findings[code]
		want(ok, "findings: %s has no action", code)
	}
	want(p.OnFlag == FlaggedIsReady || p.OnFlag == FlaggedIsRejected, "onFlag: %q is not ready or reject", p.OnFlag)
	want(p.RejectedBytes == KeepRejected || p.RejectedBytes == DeleteRejected, "rejectedBytes: %q is not keep or delete", p.RejectedBytes)
	return errors.Join(faults...)
}

func isMediaType(s string) bool {
	mediaType, params, err := mime.ParseMediaType(s)
	return err == nil && mediaType == s && len(params) == 0 && strings.Count(s, "/") == 1 && !strings.Contains(s, "*")
}
