package verify_test

import (
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/verify"
)

// form makes the file of w one that a form sends.
func (w *world) form(t *testing.T, size, maxSize int64, contentType string) {
	t.Helper()
	w.f.Method, w.f.Size, w.f.MaxSize, w.f.ContentType = file.Form, size, maxSize, contentType
	w.Records = filetest.Records{}
	if err := w.Create(t.Context(), w.f); err != nil {
		t.Fatal(err)
	}
}

func TestWhatAFormLeftOpenIsHeldToItsLimitsAndThenFixed(t *testing.T) {
	p := policy.Default()
	p.Types["image/png"].MaxSize = 80 // which Default makes anew for each test
	p.Types["text/plain"].MaxSize = 80
	for _, tt := range []struct {
		name           string
		size, maxSize  int64
		contentType    string
		sent           int64
		sentAs         string
		reason         file.Reason // empty for passed
		recordedSize   int64
		recordedAsType string
	}{
		{"exact", 5, 0, "text/plain", 5, "text/plain", "", 5, "text/plain"},
		{"exact, longer", 5, 0, "text/plain", 6, "text/plain", file.SizeMismatch, 5, "text/plain"},
		{"exact, another type", 5, 0, "text/plain", 5, "text/csv", file.ContentTypeMismatch, 5, "text/plain"},
		{"open", 0, 80, "text/plain", 80, "text/plain", "", 80, "text/plain"},
		{"open, the least", 0, 80, "text/plain", 1, "text/plain", "", 1, "text/plain"},
		{"open, nothing", 0, 80, "text/plain", 0, "text/plain", file.SizeMismatch, 0, "text/plain"},
		{"open, too long", 0, 10, "text/plain", 11, "text/plain", file.SizeMismatch, 11, "text/plain"},
		{"range", 5, 0, "text/*", 5, "text/plain", "", 5, "text/plain"},
		{"range, in other spelling", 5, 0, "text/*", 5, "text/Plain; charset=UTF-8", "", 5, "text/plain;charset=utf-8"},
		{"range, a type that is not allowed", 5, 0, "text/*", 5, "text/html", file.ContentTypeMismatch, 5, "text/*"},
		{"range, another", 5, 0, "image/*", 5, "text/plain", file.ContentTypeMismatch, 5, "image/*"},
		{"range, itself", 5, 0, "text/*", 5, "text/*", file.ContentTypeMismatch, 5, "text/*"},
		{"range, a list", 5, 0, "text/*", 5, "text/plain,text/html", file.ContentTypeMismatch, 5, "text/*"},
		{"range, a header", 5, 0, "text/*", 5, "text/plain\r\nX-Evil: y", file.ContentTypeMismatch, 5, "text/*"},
		{"range, huge", 5, 0, "text/*", 5, "text/" + strings.Repeat("a", 8000), file.ContentTypeMismatch, 5, "text/*"},
		{"range, none", 5, 0, "text/*", 5, "", file.ContentTypeMismatch, 5, "text/*"},
		{"both", 0, 100, "text/*", 7, "text/csv", "", 7, "text/csv"},
		{"both, over the limit of the type", 0, 100, "text/*", 81, "text/plain", file.SizeMismatch, 81, "text/plain"},
		{"both, over the limit of another type only", 0, 100, "text/*", 81, "text/csv", "", 81, "text/csv"},
	} {
		w := newWorld(t, file.Pending)
		w.form(t, tt.size, tt.maxSize, tt.contentType)
		w.object.Size, w.object.ContentType = tt.sent, tt.sentAs
		starter := w.starter()
		starter.Policy = p
		f, err := starter.Arrived(t.Context(), w.object)
		if err != nil {
			t.Fatal(err)
		}
		if f.Size != tt.recordedSize || f.ContentType != tt.recordedAsType {
			t.Errorf("%s: recorded are %d bytes of %.40q", tt.name, f.Size, f.ContentType)
		}
		got, err := verify.Validator{Records: w, Objects: w, Policy: p, Now: clock}.Validate(t.Context(), w.job())
		if err != nil {
			t.Fatal(err)
		}
		if got.Reason != tt.reason || (got.Outcome == verify.Passed) != (tt.reason == "") {
			t.Errorf("%s: %s %q, want %q", tt.name, got.Outcome, got.Reason, tt.reason)
		}
	}
}

func TestAPutThatIsSpelledOtherwiseIsStillRejected(t *testing.T) {
	w := newWorld(t, file.Uploaded)
	w.object.ContentType = "Text/Plain"
	got, err := verify.Validator{Records: w, Objects: w, Policy: policy.Default(), Now: clock}.Validate(t.Context(), w.job())
	if err != nil || got.Reason != file.ContentTypeMismatch {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAFormSentTwiceLeavesOneVersion(t *testing.T) {
	w := newWorld(t, file.Pending)
	w.form(t, 0, 80, "text/*")
	first := w.object
	w.object.VersionID, w.object.ETag, w.object.Size = "v2", "e2", 7
	// The first event comes when the second version is there: the newest is pinned.
	f, err := w.starter().Arrived(t.Context(), first)
	if err != nil || f.VersionID != "v2" || f.Size != 7 || len(w.deleted) != 1 || w.deleted[0] != "v1" {
		t.Fatalf("%+v, %v, deleted %q", f, err, w.deleted)
	}
	if _, err := w.starter().Arrived(t.Context(), w.object); err != nil || len(w.deleted) != 1 {
		t.Fatalf("%v, deleted %q", err, w.deleted)
	}
	// From then on nothing takes its place.
	third := w.object
	third.VersionID, third.Size, third.ContentType = "v3", 9, "text/csv"
	w.object = third
	if f, err = w.starter().Arrived(t.Context(), third); err != nil || f.VersionID != "v2" || f.Size != 7 || f.ContentType != "text/plain" {
		t.Errorf("%+v, %v", f, err)
	}
	if len(w.deleted) != 2 || w.deleted[1] != "v3" {
		t.Errorf("deleted %q", w.deleted)
	}
}

// Another call pins the first version while this one, which has read the record
// before, has the second in its hand.
func TestAVersionThatLosesTheRaceToBePinnedIsRemoved(t *testing.T) {
	w := newWorld(t, file.Pending)
	w.form(t, 0, 80, "text/*")
	pending, err := w.Get(t.Context(), w.f.ID)
	if err != nil {
		t.Fatal(err)
	}
	second := w.object
	second.VersionID, second.ETag = "v2", "e2"
	if _, err := w.starter().Arrived(t.Context(), w.object); err != nil {
		t.Fatal(err)
	}
	f, err := w.starter().Found(t.Context(), pending, second)
	if err != nil || f.VersionID != "v1" || len(w.deleted) != 1 || w.deleted[0] != "v2" {
		t.Errorf("%+v, %v, deleted %q", f, err, w.deleted)
	}
}
