package upload_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/upload"
)

var now = time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)

// store begins uploads, and remembers under which keys.
type store struct {
	begun  []string
	refuse error
}

func (s *store) BeginUpload(_ context.Context, key, _ string) (string, error) {
	if s.refuse != nil {
		return "", s.refuse
	}
	s.begun = append(s.begun, key)
	return "upload-1", nil
}

func (s *store) PresignForm(context.Context, upload.Form) (upload.Instructions, error) {
	return upload.Instructions{}, errors.New("no form was asked for")
}

func (s *store) PresignPut(_ context.Context, put upload.Put) (upload.Instructions, error) {
	return upload.Instructions{Method: "PUT", ExpiresAt: now.Add(put.Life)}, nil
}

func creator(records *filetest.Records, s *store, p policy.Policy) upload.Creator {
	return upload.Creator{Records: records, Presigner: s, Uploads: s, Policy: p, Now: func() time.Time { return now }}
}

func ask(method file.Method, size, partSize int64) upload.Request {
	return upload.Request{Owner: "alice", Filename: "a.bin", ContentType: "application/octet-stream", Size: size, Method: method, PartSize: partSize}
}

// kept returns the one record that there is.
func kept(t *testing.T, records *filetest.Records) file.File {
	t.Helper()
	due, err := records.Due(t.Context(), now.AddDate(1, 0, 0), 10)
	if err != nil || len(due) != 1 {
		t.Fatalf("%d records, %v", len(due), err)
	}
	return due[0]
}

func TestAnUploadInPartsLivesAsLongAsThePolicySays(t *testing.T) {
	var records filetest.Records
	var s store
	p := policy.Default()
	f, instructions, err := creator(&records, &s, p).Create(t.Context(), ask(file.Multipart, 100<<20, 0))
	if err != nil {
		t.Fatal(err)
	}
	if f.Method != file.Multipart || f.PartSize != p.Multipart.PartSize || f.UploadID != "upload-1" || f.Status != file.Pending ||
		!f.UploadExpiresAt.Equal(now.Add(p.Multipart.Life)) || !f.SweepAt.Equal(f.UploadExpiresAt.Add(p.ArrivalGrace)) || instructions.URL != "" {
		t.Errorf("%+v, %+v", f, instructions)
	}
	if got := kept(t, &records); !reflect.DeepEqual(got, f) || len(s.begun) != 1 || s.begun[0] != f.Key {
		t.Errorf("kept %+v, begun %v", got, s.begun)
	}
}

func TestTheWayOfABodyFollowsItsSizeUnlessItsClientAsks(t *testing.T) {
	p := policy.Default()
	for _, tt := range []struct {
		asked file.Method
		size  int64
		want  file.Method
	}{
		{"", p.Multipart.Threshold, file.Put},
		{"", p.Multipart.Threshold + 1, file.Multipart},
		{file.Put, p.Multipart.Threshold + 1, file.Put},
		{file.Multipart, 1, file.Multipart},
	} {
		var records filetest.Records
		var s store
		f, _, err := creator(&records, &s, p).Create(t.Context(), ask(tt.asked, tt.size, 0))
		if err != nil || f.Method != tt.want || (len(s.begun) == 1) != (tt.want == file.Multipart) {
			t.Errorf("%d bytes, asked for %q: %s, %v", tt.size, tt.asked, f.Method, err)
		}
	}
}

func TestPartsThatDoNotServeAreRefusedAndLeaveNothing(t *testing.T) {
	noParts := policy.Default()
	noParts.Methods = []file.Method{file.Put}
	for name, tt := range map[string]struct {
		ask    upload.Request
		policy policy.Policy
		code   file.Code
		field  string
	}{
		"a part size of a PUT": {ask(file.Put, 1, file.MinPartSize), policy.Default(), file.CodeInvalidParts, "partSize"},
		"parts too small":      {ask(file.Multipart, 1, file.MinPartSize-1), policy.Default(), file.CodeInvalidParts, "partSize"},
		"not allowed":          {ask(file.Multipart, 1, 0), noParts, file.CodeMethodRefused, "method"},
	} {
		var records filetest.Records
		var s store
		_, _, err := creator(&records, &s, tt.policy).Create(t.Context(), tt.ask)
		e, ok := errors.AsType[*file.Error](err)
		if !ok || e.Code != tt.code || e.Field != tt.field || e.Accepted == "" {
			t.Errorf("%s: %+v", name, err)
		}
		if due, err := records.Due(t.Context(), now.AddDate(1, 0, 0), 10); err != nil || len(due) != 0 || len(s.begun) != 0 {
			t.Errorf("%s: it left %v, %v behind (%v)", name, due, s.begun, err)
		}
	}
}

// Whatever stops between the record, the upload in S3 and the note of its id, the
// sweeper has a record with the key that the upload is under.
func TestNoUploadInPartsIsBegunThatNobodyKnowsOf(t *testing.T) {
	fault := errors.New("cut off")
	p := policy.Default()
	for name, prepare := range map[string]func(*filetest.Records, *store){
		"S3 does not begin it": func(_ *filetest.Records, s *store) { s.refuse = fault },
		"its id is not noted":  func(r *filetest.Records, _ *store) { r.BeforeBegin = func(string) error { return fault } },
	} {
		var records filetest.Records
		var s store
		prepare(&records, &s)
		if _, _, err := creator(&records, &s, p).Create(t.Context(), ask(file.Multipart, 1, 0)); !errors.Is(err, fault) {
			t.Errorf("%s: %v", name, err)
		}
		f := kept(t, &records)
		if f.Status != file.Pending || f.UploadID != "" || !f.SweepAt.Equal(now.Add(p.UploadLife+p.ArrivalGrace)) {
			t.Errorf("%s: %+v", name, f)
		}
		for _, key := range s.begun {
			if key != f.Key {
				t.Errorf("%s: an upload is under %s, and the record says %s", name, key, f.Key)
			}
		}
	}
}

// The owner can see the record before its upload has begun, and delete it.
func TestAnUploadInPartsIsNotBegunForAFileThatWasDeletedMeanwhile(t *testing.T) {
	var records filetest.Records
	var s store
	records.BeforeBegin = func(id string) error {
		_, err := records.Change(t.Context(), id, file.Change{To: file.Deleted, At: now, SweepAt: now.Add(time.Hour)})
		return err
	}
	_, _, err := creator(&records, &s, policy.Default()).Create(t.Context(), ask(file.Multipart, 1, 0))
	if current, moved := file.Conflict(err); !moved || current.Status != file.Deleted {
		t.Fatalf("%v", err)
	}
	if f := kept(t, &records); f.Status != file.Deleted || f.UploadID != "" || f.SweepAt.IsZero() {
		t.Errorf("%+v", f)
	}
}

// DynamoDB's first answer may be lost: the second attempt then meets its own write.
func TestAnUploadThatIsNotedAlreadyIsBegun(t *testing.T) {
	var records filetest.Records
	var s store
	p := policy.Default()
	records.BeforeBegin = func(id string) error {
		records.BeforeBegin = nil
		_, err := records.Begin(t.Context(), id, file.Begun{UploadID: "upload-1", ExpiresAt: now.Add(p.Multipart.Life), SweepAt: now.Add(p.Multipart.Life), At: now})
		return err
	}
	f, _, err := creator(&records, &s, p).Create(t.Context(), ask(file.Multipart, 1, 0))
	if err != nil || f.UploadID != "upload-1" || !reflect.DeepEqual(f, kept(t, &records)) {
		t.Errorf("%+v, %v", f, err)
	}
}
