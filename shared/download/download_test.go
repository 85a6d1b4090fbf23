package download_test

import (
	"context"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/audit/audittest"
	"github.com/vouch-s3/vouch/shared/download"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/policy"
)

var now = time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)

// signer remembers what it is asked to sign.
type signer struct{ get *download.Get }

func (s *signer) PresignGet(_ context.Context, g download.Get) (string, time.Time, error) {
	s.get = &g
	return "https://example.com", now, nil
}

// Nothing is presigned of a file whose time is over or all but, on hold or not, and
// what is presigned before is to end with it.
func TestNothingIsPresignedOfAFileWhoseTimeIsOver(t *testing.T) {
	for name, tt := range map[string]struct {
		until time.Time
		code  file.Code
	}{
		"kept for ever": {time.Time{}, ""},
		"kept for long": {now.Add(time.Hour), ""},
		"11 s are left": {now.Add(11 * time.Second), ""},
		"10 s are left": {now.Add(10 * time.Second), file.CodeClosed},
		"nothing is":    {now, file.CodeClosed},
		"it is over":    {now.Add(-time.Hour), file.CodeClosed},
	} {
		for _, hold := range []*file.Hold{nil, {Reason: "a lawsuit"}} {
			id, err := file.NewID()
			if err != nil {
				t.Fatal(err)
			}
			var records filetest.Records
			f := file.File{ID: id, Owner: "alice", Status: file.Ready, VersionID: "v1", Key: file.Key("alice", id), ExpiresAt: tt.until, Hold: hold}
			if err := records.Create(t.Context(), f); err != nil {
				t.Fatal(err)
			}
			var s signer
			c := download.Creator{Records: &records, Presigner: &s, Policy: policy.Default(), Now: func() time.Time { return now }}
			_, err = c.Create(audittest.As(t, "alice"), access.Principal{Subject: "alice"}, id)
			if file.CodeOf(err) != tt.code || (err == nil) != (tt.code == "") || (s.get == nil) != (tt.code != "") {
				t.Errorf("%s, hold %v: %v, %+v", name, hold != nil, err, s.get)
			}
			if s.get != nil && !s.get.Until.Equal(tt.until) {
				t.Errorf("%s: signed until %v", name, s.get.Until)
			}
		}
	}
}
