package upload_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/audit/audittest"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/upload"
)

// attempted is a call to create one file, made before or not.
func attempted(t *testing.T, method file.Method, again bool) upload.Request {
	t.Helper()
	r := ask(method, 1, 0)
	r.Attempt = upload.Attempt{FileID: "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e", Again: again}
	return r
}

func TestASecondAttemptAnswersWithTheFileOfTheFirst(t *testing.T) {
	p := policy.Default()
	for name, tt := range map[string]struct {
		method file.Method
		made   bool // by the first attempt
	}{
		"a PUT": {file.Put, true}, "a PUT that was never made": {file.Put, false},
		"in parts": {file.Multipart, true}, "in parts, never made": {file.Multipart, false},
	} {
		var records filetest.Records
		var s store
		c := creator(&records, &s, p)
		if tt.made {
			if _, _, err := c.Create(audittest.As(t, "alice"), attempted(t, tt.method, false)); err != nil {
				t.Fatal(err)
			}
		}
		later := now.Add(5 * time.Minute)
		c.Now = func() time.Time { return later }
		f, instructions, err := c.Create(audittest.As(t, "alice"), attempted(t, tt.method, true))
		if err != nil || f.ID != attempted(t, tt.method, true).Attempt.FileID || !reflect.DeepEqual(f, kept(t, &records)) || len(s.begun) > 1 {
			t.Errorf("%s: %+v, begun %v, %v", name, f, s.begun, err)
		}
		if tt.made && tt.method == file.Put && !instructions.ExpiresAt.Equal(now.Add(p.UploadLife-5*time.Minute)) {
			t.Errorf("%s: what is signed again lives until %v", name, instructions.ExpiresAt)
		}
	}
}

// An upload in parts may have stopped between its record and S3.
func TestASecondAttemptBeginsWhatTheFirstDidNot(t *testing.T) {
	var records filetest.Records
	s := store{refuse: errors.New("cut off")}
	c := creator(&records, &s, policy.Default())
	if _, _, err := c.Create(audittest.As(t, "alice"), attempted(t, file.Multipart, false)); !errors.Is(err, s.refuse) {
		t.Fatal(err)
	}
	s.refuse = nil
	f, _, err := c.Create(audittest.As(t, "alice"), attempted(t, file.Multipart, true))
	if err != nil || f.UploadID != "upload-1" || !reflect.DeepEqual(f, kept(t, &records)) {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestASecondAttemptGivesOutNothingMore(t *testing.T) {
	p := policy.Default()
	for name, tt := range map[string]struct {
		owner   string
		to      file.Status
		after   time.Duration
		refused bool
	}{
		"the file is deleted":   {"alice", file.Deleted, 0, true},
		"its URL has run out":   {"alice", "", p.UploadLife, true},
		"it is somebody else's": {"mallory", "", 0, false},
	} {
		var records filetest.Records
		var s store
		c := creator(&records, &s, p)
		f, _, err := c.Create(audittest.As(t, "alice"), attempted(t, file.Put, false))
		if err != nil {
			t.Fatal(err)
		}
		if tt.to != "" {
			if _, err := records.Change(t.Context(), f.ID, file.Change{To: tt.to, At: now, SweepAt: now}); err != nil {
				t.Fatal(err)
			}
		}
		c.Now = func() time.Time { return now.Add(tt.after) }
		r := attempted(t, file.Put, true)
		r.Owner = tt.owner
		_, instructions, err := c.Create(audittest.As(t, "alice"), r)
		if err == nil || instructions.URL != "" || (file.CodeOf(err) == file.CodeClosed) != tt.refused {
			t.Errorf("%s: %+v, %v", name, instructions, err)
		}
	}
}
