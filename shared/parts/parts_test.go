package parts_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/audit/audittest"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/parts"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/upload"
	"github.com/vouch-s3/vouch/shared/verify"
)

var now = time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)

const (
	partSize = file.MinPartSize
	size     = 2*partSize + 7 // three parts
	sum      = "u1H2ULRs4+cT4Mzkgh4vDDoaQsvE1j5/0bqdONgEp8o="
	otherSum = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
	crc      = "1dYzFQ+kJlU="
	otherCRC = "6WXCzRkmRsA="
)

// world is S3 and Step Functions around real records.
type world struct {
	filetest.Records
	held      []file.Part // nil where there is no upload
	page      int         // parts in a page of Held
	assembled []parts.Assembly
	answers   []error // of Assemble, one after the other; then it works
	object    *file.Object
	started   int
	signed    []parts.Put
}

func (w *world) Held(_ context.Context, _, _ string, after int) ([]file.Part, bool, error) {
	if w.held == nil {
		return nil, false, parts.ErrNoUpload
	}
	rest := slices.DeleteFunc(slices.Clone(w.held), func(p file.Part) bool { return p.Number <= after })
	n := min(w.page, len(rest))
	return rest[:n], n < len(rest), nil
}

func (w *world) Assemble(_ context.Context, a parts.Assembly) error {
	w.assembled = append(w.assembled, a)
	if len(w.answers) > 0 {
		err := w.answers[0]
		w.answers = w.answers[1:]
		return err
	}
	w.object = &file.Object{Key: a.Key, VersionID: "v1", ETag: "e-3", Size: a.Size}
	w.held = nil
	return nil
}

func (w *world) Current(context.Context, string) (file.Object, error) {
	if w.object == nil {
		return file.Object{}, file.ErrNotFound
	}
	return *w.object, nil
}

func (w *world) DeleteVersion(context.Context, string, string) error { return nil }

func (w *world) Start(context.Context, string, verify.Job) error {
	w.started++
	return nil
}

func (w *world) PresignPart(_ context.Context, put parts.Put) (upload.Instructions, error) {
	w.signed = append(w.signed, put)
	return upload.Instructions{Method: "PUT", URL: fmt.Sprintf("https://example.com/%d", put.Number), ExpiresAt: now.Add(put.Life)}, nil
}

func clock() time.Time { return now }

var alice, mallory = access.Principal{Subject: "alice"}, access.Principal{Subject: "mallory"}

func (w *world) completer() parts.Completer {
	return parts.Completer{
		Records: w, Uploads: w, Now: clock,
		Starter: verify.Starter{Records: w, Objects: w, Workflow: w, Policy: policy.Default(), Now: clock},
	}
}

func (w *world) presigner() parts.Presigner {
	return parts.Presigner{Records: w, Signer: w, Policy: policy.Default(), Now: clock}
}

// add keeps a pending file of three parts, as change makes it.
func (w *world) add(t *testing.T, change func(*file.File)) file.File {
	t.Helper()
	id, err := file.NewID()
	if err != nil {
		t.Fatal(err)
	}
	f := file.File{
		ID: id, Owner: "alice", Method: file.Multipart, Size: size, PartSize: partSize, UploadID: "u", Status: file.Pending,
		Key: file.Key("alice", id), CreatedAt: now, UploadExpiresAt: now.Add(time.Hour), Revision: 1,
	}
	if change != nil {
		change(&f)
	}
	if err := w.Create(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	return f
}

// whole is what S3 holds of a file whose parts are all sent.
func whole() []file.Part {
	return []file.Part{
		{Number: 1, Size: partSize, ETag: "e1", ChecksumCRC64NVME: crc},
		{Number: 2, Size: partSize, ETag: "e2", ChecksumCRC64NVME: crc},
		{Number: 3, Size: 7, ETag: "e3", ChecksumCRC64NVME: crc},
	}
}

func sent() []parts.Sent {
	return []parts.Sent{
		{Number: 1, ETag: `"e1"`, ChecksumCRC64NVME: crc},
		{Number: 2, ETag: "e2"},
		{Number: 3, ETag: "e3", ChecksumCRC64NVME: crc},
	}
}

func refusal(err error) file.Error {
	if e, ok := errors.AsType[*file.Error](err); ok {
		return *e
	}
	return file.Error{Detail: fmt.Sprint(err)}
}

// who may not send parts, and what each is told.
func TestPartsAreOnlyOfAPendingFileInPartsOfOnesOwn(t *testing.T) {
	for name, tt := range map[string]struct {
		change  func(*file.File)
		subject string
		code    file.Code
	}{
		"a pending one":       {nil, "alice", ""},
		"another's":           {nil, "mallory", file.CodeNotFound},
		"nobody's":            {nil, "", file.CodeNotFound},
		"a PUT":               {func(f *file.File) { f.Method = file.Put }, "alice", file.CodeNotMultipart},
		"a form":              {func(f *file.File) { f.Method = file.Form }, "alice", file.CodeNotMultipart},
		"uploaded":            {func(f *file.File) { f.Status = file.Uploaded }, "alice", file.CodeClosed},
		"ready":               {func(f *file.File) { f.Status = file.Ready }, "alice", file.CodeClosed},
		"expired":             {func(f *file.File) { f.Status = file.Expired }, "alice", file.CodeClosed},
		"deleted":             {func(f *file.File) { f.Status = file.Deleted }, "alice", file.CodeClosed},
		"never begun":         {func(f *file.File) { f.UploadID = "" }, "alice", file.CodeClosed},
		"out of time":         {func(f *file.File) { f.UploadExpiresAt = now }, "alice", file.CodeClosed},
		"almost out of it":    {func(f *file.File) { f.UploadExpiresAt = now.Add(time.Second) }, "alice", ""},
		"another's, deleted":  {func(f *file.File) { f.Status = file.Deleted }, "mallory", file.CodeNotFound},
		"another's, by a PUT": {func(f *file.File) { f.Method = file.Put }, "mallory", file.CodeNotFound},
	} {
		w := &world{held: whole(), page: 1000}
		f := w.add(t, tt.change)
		_, _, err := w.presigner().Presign(audittest.As(t, "alice"), access.Principal{Subject: tt.subject}, f.ID, []int{1}, nil)
		if file.CodeOf(err) != tt.code || (tt.code != "") != (len(w.signed) == 0) {
			t.Errorf("presign, %s: %v, signed %v", name, err, w.signed)
		}
		_, held, _, err := parts.Lister{Records: w, Uploads: w, Now: clock}.List(audittest.As(t, "alice"), access.Principal{Subject: tt.subject}, f.ID, 0)
		if file.CodeOf(err) != tt.code || (tt.code != "") != (len(held) == 0) {
			t.Errorf("list, %s: %v, listed %v", name, err, held)
		}
	}
}

func TestEachPartIsSignedWithItsOwnSizeAndChecksum(t *testing.T) {
	w := &world{}
	f := w.add(t, nil)
	signed, expiresAt, err := w.presigner().Presign(audittest.As(t, "alice"), alice, f.ID, []int{3, 1}, []string{crc, otherCRC})
	if err != nil {
		t.Fatal(err)
	}
	life := policy.Default().UploadLife
	want := []parts.Put{
		{Key: f.Key, UploadID: "u", Number: 3, Size: 7, ChecksumCRC64NVME: crc, Life: life},
		{Key: f.Key, UploadID: "u", Number: 1, Size: partSize, ChecksumCRC64NVME: otherCRC, Life: life},
	}
	if !slices.Equal(w.signed, want) || signed[0].Number != 3 || signed[1].Number != 1 || !expiresAt.Equal(now.Add(life)) {
		t.Errorf("%+v\nwant %+v\nanswered %+v until %v", w.signed, want, signed, expiresAt)
	}
}

func TestNoPartsURLOutlivesTheUpload(t *testing.T) {
	w := &world{}
	f := w.add(t, func(f *file.File) { f.UploadExpiresAt = now.Add(time.Minute) })
	_, expiresAt, err := w.presigner().Presign(audittest.As(t, "alice"), alice, f.ID, []int{1}, nil)
	if err != nil || w.signed[0].Life != time.Minute || expiresAt.After(f.UploadExpiresAt) {
		t.Errorf("%v: %v until %v", err, w.signed, expiresAt)
	}
}

func TestPartsThatTheFileDoesNotHaveAreNotSigned(t *testing.T) {
	many := make([]int, policy.Default().Multipart.Batch+1)
	for i := range many {
		many[i] = i + 1
	}
	for name, tt := range map[string]struct {
		numbers   []int
		checksums []string
		code      file.Code
		field     string
	}{
		"none":                  {nil, nil, file.CodeInvalidParts, "partNumbers"},
		"too many":              {many, nil, file.CodeInvalidParts, "partNumbers"},
		"part 0":                {[]int{0}, nil, file.CodeInvalidParts, "partNumbers[0]"},
		"a negative one":        {[]int{1, -1}, nil, file.CodeInvalidParts, "partNumbers[1]"},
		"one behind the last":   {[]int{1, 4}, nil, file.CodeInvalidParts, "partNumbers[1]"},
		"twice":                 {[]int{1, 2, 1}, nil, file.CodeInvalidParts, "partNumbers[2]"},
		"no checksums of one":   {[]int{1}, []string{}, file.CodeInvalidChecksum, "checksums"},
		"one checksum of two":   {[]int{1, 2}, []string{crc}, file.CodeInvalidChecksum, "checksums"},
		"a checksum of nothing": {[]int{1, 2}, []string{crc, ""}, file.CodeInvalidChecksum, "checksums[1]"},
		"a SHA-256":             {[]int{1}, []string{sum}, file.CodeInvalidChecksum, "checksums[0]"},
	} {
		w := &world{}
		f := w.add(t, nil)
		_, _, err := w.presigner().Presign(audittest.As(t, "alice"), alice, f.ID, tt.numbers, tt.checksums)
		if e := refusal(err); e.Code != tt.code || e.Field != tt.field || e.Accepted == "" || len(w.signed) != 0 {
			t.Errorf("%s: %+v, signed %v", name, e, w.signed)
		}
	}
}

func TestAListOfAnUploadThatS3GaveUpSaysSo(t *testing.T) {
	w := &world{}
	f := w.add(t, nil)
	_, _, _, err := parts.Lister{Records: w, Uploads: w, Now: clock}.List(audittest.As(t, "alice"), alice, f.ID, 0)
	if e := refusal(err); e.Code != file.CodeClosed || e.Status != file.Pending {
		t.Errorf("%+v", e)
	}
}

// What is signed are parts of the file, each once, and together no more bytes
// than the file has.
func FuzzOnlyPartsOfTheFileAreSigned(f *testing.F) {
	f.Add(int64(size), int64(partSize), []byte{1, 2, 3})
	f.Add(int64(1), int64(partSize), []byte{0, 255})
	f.Add(int64(1)<<40, int64(partSize), []byte{1, 1})
	f.Fuzz(func(t *testing.T, size, partSize int64, numbers []byte) {
		if size < 1 || size > 1<<45 || partSize < file.MinPartSize || partSize > file.MaxPartSize {
			return
		}
		w := &world{}
		asked := w.add(t, func(f *file.File) { f.Size, f.PartSize = size, partSize })
		list := make([]int, len(numbers))
		for i, n := range numbers {
			list[i] = int(int8(n))
		}
		if _, _, err := w.presigner().Presign(audittest.As(t, "alice"), alice, asked.ID, list, nil); err != nil {
			if file.CodeOf(err) != file.CodeInvalidParts || len(w.signed) != 0 {
				t.Errorf("%v: %v, signed %v", list, err, w.signed)
			}
			return
		}
		var total int64
		seen := map[int]bool{}
		for _, p := range w.signed {
			if total += p.Size; seen[p.Number] || p.Size < 1 || p.Size > partSize || p.Number < 1 || p.Number > file.Parts(size, partSize) {
				t.Errorf("%v: signed %+v", list, p)
			}
			seen[p.Number] = true
		}
		if total > size || len(w.signed) != len(list) {
			t.Errorf("%v: %d bytes are signed of %d", list, total, size)
		}
	})
}
