package parts_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/audit/audittest"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/parts"
)

func TestPartsThatAreAllThereArePutTogetherAndVerified(t *testing.T) {
	for name, c := range map[string]parts.Completion{
		"no word":    {},
		"its parts":  {Parts: sent()},
		"everything": {Parts: sent(), ChecksumCRC64NVME: otherCRC, ChecksumSHA256: sum},
	} {
		for _, page := range []int{1, 2, 1000} {
			w := &world{held: whole(), page: page}
			f := w.add(t, nil)
			got, err := w.completer().Complete(audittest.As(t, "alice"), alice, f.ID, c)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got.Status != file.Uploaded || got.VersionID != "v1" || got.ChecksumSHA256 != c.ChecksumSHA256 || w.started != 1 {
				t.Errorf("%s: %+v, %d executions", name, got, w.started)
			}
			a := w.assembled[0]
			if len(w.assembled) != 1 || a.Key != f.Key || a.UploadID != "u" || a.Size != size || !slices.Equal(a.Parts, whole()) || a.ChecksumCRC64NVME != c.ChecksumCRC64NVME {
				t.Errorf("%s: put together %+v", name, w.assembled)
			}
		}
	}
}

// change returns what S3 or the client has, with one part changed.
func change[T any](all []T, i int, to func(*T)) []T {
	to(&all[i])
	return all
}

func TestWhatIsNotAsPromisedIsRefusedBeforeS3IsAsked(t *testing.T) {
	for name, tt := range map[string]struct {
		held  []file.Part
		c     parts.Completion
		code  file.Code
		field string
	}{
		"no part there":           {[]file.Part{}, parts.Completion{}, file.CodePartsMismatch, ""},
		"a part missing":          {slices.Delete(whole(), 1, 2), parts.Completion{}, file.CodePartsMismatch, ""},
		"the last part missing":   {whole()[:2], parts.Completion{}, file.CodePartsMismatch, ""},
		"a short part":            {change(whole(), 1, func(p *file.Part) { p.Size-- }), parts.Completion{}, file.CodePartsMismatch, ""},
		"a long last part":        {change(whole(), 2, func(p *file.Part) { p.Size++ }), parts.Completion{}, file.CodePartsMismatch, ""},
		"a part too many":         {append(whole(), file.Part{Number: 4, Size: 1}), parts.Completion{}, file.CodePartsMismatch, ""},
		"a number too many":       {append(whole(), file.Part{Number: 9000, Size: 1}), parts.Completion{}, file.CodePartsMismatch, ""},
		"another ETag":            {whole(), parts.Completion{Parts: change(sent(), 1, func(p *parts.Sent) { p.ETag = "e1" })}, file.CodePartsMismatch, "parts[1].etag"},
		"another checksum":        {whole(), parts.Completion{Parts: change(sent(), 2, func(p *parts.Sent) { p.ChecksumCRC64NVME = otherCRC })}, file.CodePartsMismatch, "parts[2].checksumCRC64NVME"},
		"a checksum S3 has not":   {change(whole(), 0, func(p *file.Part) { p.ChecksumCRC64NVME = "" }), parts.Completion{Parts: sent()}, file.CodePartsMismatch, "parts[0].checksumCRC64NVME"},
		"an empty list":           {whole(), parts.Completion{Parts: []parts.Sent{}}, file.CodeInvalidParts, "parts"},
		"a list too short":        {whole(), parts.Completion{Parts: sent()[:2]}, file.CodeInvalidParts, "parts"},
		"a list too long":         {whole(), parts.Completion{Parts: append(sent(), parts.Sent{Number: 4, ETag: "e4"})}, file.CodeInvalidParts, "parts[3].partNumber"},
		"the wrong order":         {whole(), parts.Completion{Parts: []parts.Sent{sent()[1], sent()[0], sent()[2]}}, file.CodeInvalidParts, "parts[0].partNumber"},
		"a number twice":          {whole(), parts.Completion{Parts: change(sent(), 1, func(p *parts.Sent) { p.Number = 1 })}, file.CodeInvalidParts, "parts[1].partNumber"},
		"an unknown number":       {whole(), parts.Completion{Parts: change(sent(), 2, func(p *parts.Sent) { p.Number = 4 })}, file.CodeInvalidParts, "parts[2].partNumber"},
		"no ETag":                 {whole(), parts.Completion{Parts: change(sent(), 0, func(p *parts.Sent) { p.ETag = `""` })}, file.CodeInvalidParts, "parts[0].etag"},
		"no checksum of a part":   {whole(), parts.Completion{Parts: change(sent(), 0, func(p *parts.Sent) { p.ChecksumCRC64NVME = "x" })}, file.CodeInvalidChecksum, "parts[0].checksumCRC64NVME"},
		"no checksum of the file": {whole(), parts.Completion{ChecksumCRC64NVME: "x"}, file.CodeInvalidChecksum, "checksumCRC64NVME"},
		"no SHA-256":              {whole(), parts.Completion{ChecksumSHA256: "x"}, file.CodeInvalidChecksum, "checksumSHA256"},
	} {
		w := &world{held: tt.held, page: 2}
		f := w.add(t, nil)
		_, err := w.completer().Complete(audittest.As(t, "alice"), alice, f.ID, tt.c)
		if e := refusal(err); e.Code != tt.code || e.Field != tt.field || e.Detail == "" || e.Accepted == "" {
			t.Errorf("%s: %+v", name, e)
		}
		if after, err := w.Get(t.Context(), f.ID); err != nil || !reflect.DeepEqual(after, f) || len(w.assembled) != 0 || w.started != 0 {
			t.Errorf("%s: %+v, put together %v, %v", name, after, w.assembled, err)
		}
		// It can be mended, and is complete then.
		w.held = whole()
		if got, err := w.completer().Complete(audittest.As(t, "alice"), alice, f.ID, parts.Completion{Parts: sent()}); err != nil || got.Status != file.Uploaded {
			t.Errorf("%s, mended: %+v, %v", name, got, err)
		}
	}
}

func TestTheWholeFileIsListedWhateverTheSizeOfAPage(t *testing.T) {
	const count = 2500
	held := make([]file.Part, count)
	for i := range held {
		held[i] = file.Part{Number: i + 1, Size: partSize, ETag: "e"}
	}
	w := &world{held: held, page: 1000}
	f := w.add(t, func(f *file.File) { f.Size = count * partSize })
	if got, err := w.completer().Complete(audittest.As(t, "alice"), alice, f.ID, parts.Completion{}); err != nil || got.Status != file.Uploaded {
		t.Fatalf("%+v, %v", got, err)
	}
	if got := len(w.assembled[0].Parts); got != count {
		t.Errorf("%d parts were put together", got)
	}
}

// The event of the object may be quicker than complete-upload: from the first
// moment at which there is an object its promise stands on the record.
func TestAPromiseIsWrittenDownBeforeThereIsAnObject(t *testing.T) {
	w := &world{held: whole(), page: 1000, answers: []error{errors.New("cut off")}}
	f := w.add(t, nil)
	if _, err := w.completer().Complete(audittest.As(t, "alice"), alice, f.ID, parts.Completion{ChecksumSHA256: sum}); err == nil {
		t.Fatal("the fault was passed over")
	}
	got, err := w.Get(t.Context(), f.ID)
	if err != nil || got.ChecksumSHA256 != sum || got.Status != file.Pending {
		t.Fatalf("%+v, %v", got, err)
	}
	// The same promise again is none of another.
	for _, c := range []parts.Completion{{ChecksumSHA256: otherSum}, {ChecksumSHA256: sum}, {}} {
		_, err := w.completer().Complete(audittest.As(t, "alice"), alice, f.ID, c)
		if c.ChecksumSHA256 == otherSum {
			if e := refusal(err); e.Code != file.CodeInvalidChecksum || e.Field != "checksumSHA256" || len(w.assembled) != 1 {
				t.Errorf("another promise: %+v, put together %d times", e, len(w.assembled))
			}
		} else if err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// Another call, without a promise, has just put it together: this one's promise is
// on the record before the object is pinned, and not passed over.
func TestAPromiseHoldsWhoeverPutThePartsTogether(t *testing.T) {
	for name, change := range map[string]func(*file.File){"by another call": nil, "and expired": func(f *file.File) { f.UploadExpiresAt = now }} {
		w := &world{}
		f := w.add(t, change)
		w.object = &file.Object{Key: f.Key, VersionID: "v1", ETag: "e", Size: size}
		got, err := w.completer().Complete(audittest.As(t, "alice"), alice, f.ID, parts.Completion{ChecksumSHA256: sum})
		if err != nil || got.Status != file.Uploaded || got.ChecksumSHA256 != sum {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// Two calls at once with two promises: one of them is kept, and the other refused.
func TestOfTwoPromisesAtOnceOneIsKept(t *testing.T) {
	w := &world{held: whole(), page: 1000}
	f := w.add(t, nil)
	racing := racingRecords{w, func() {
		if _, err := w.Promise(t.Context(), f.ID, file.Promise{ChecksumSHA256: otherSum, At: now}); err != nil {
			t.Fatal(err)
		}
	}}
	c := w.completer()
	c.Records = racing
	_, err := c.Complete(audittest.As(t, "alice"), alice, f.ID, parts.Completion{ChecksumSHA256: sum})
	if e := refusal(err); e.Code != file.CodeInvalidChecksum || len(w.assembled) != 0 {
		t.Errorf("%+v, put together %v", e, w.assembled)
	}
}

// A file that is verified without a promise cannot be given one any more, and the
// client is told rather than left to believe it.
func TestAPromiseThatComesTooLateIsRefused(t *testing.T) {
	for _, s := range []file.Status{file.Uploaded, file.Verifying} {
		w := &world{}
		f := w.add(t, func(f *file.File) { f.Status, f.VersionID = s, "v1" })
		_, err := w.completer().Complete(audittest.As(t, "alice"), alice, f.ID, parts.Completion{ChecksumSHA256: sum})
		if e := refusal(err); e.Code != file.CodeInvalidChecksum || e.Status != s {
			t.Errorf("%s: %+v", s, e)
		}
		if got, err := w.completer().Complete(audittest.As(t, "alice"), alice, f.ID, parts.Completion{}); err != nil || got.Status != s {
			t.Errorf("%s: %+v, %v", s, got, err)
		}
	}
}

func TestWhatS3SaysOfPuttingTogetherIsTold(t *testing.T) {
	there := func(w *world, f file.File) {
		w.object = &file.Object{Key: f.Key, VersionID: "v7", ETag: "e", Size: size}
	}
	deleted := func(w *world, f file.File) {
		if _, err := w.Change(t.Context(), f.ID, file.Change{To: file.Deleted, At: now}); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		answers []error
		before  func(*world, file.File)
		code    file.Code
		field   string
		calls   int
	}{
		"no upload, and an object":   {[]error{parts.ErrNoUpload}, there, "", "", 1},
		"an object in the way":       {[]error{parts.ErrObjectExists}, there, "", "", 1},
		"no upload and no object":    {[]error{parts.ErrNoUpload}, nil, file.CodeNotUploaded, "", 1},
		"no upload of a deleted one": {[]error{parts.ErrNoUpload}, deleted, file.CodeClosed, "", 1},
		"a conflict, once":           {[]error{parts.ErrBusy}, nil, "", "", 2},
		"a conflict that stays":      {[]error{parts.ErrBusy, parts.ErrBusy}, nil, file.CodeNotUploaded, "", 2},
		"another checksum":           {[]error{parts.ErrBadChecksum}, nil, file.CodePartsMismatch, "checksumCRC64NVME", 1},
		"a part sent again":          {[]error{parts.ErrPartChanged}, nil, file.CodePartsMismatch, "", 1},
	} {
		w := &world{held: whole(), page: 1000, answers: tt.answers}
		f := w.add(t, nil)
		c := w.completer()
		if tt.before != nil {
			c.Uploads = racingUploads{w, func() { tt.before(w, f) }}
		}
		got, err := c.Complete(audittest.As(t, "alice"), alice, f.ID, parts.Completion{ChecksumCRC64NVME: crc})
		if e := refusal(err); e.Code != tt.code || e.Field != tt.field || len(w.assembled) != tt.calls {
			t.Errorf("%s: %+v, asked %d times", name, e, len(w.assembled))
		}
		if tt.code == "" && (got.Status != file.Uploaded || w.started != 1) {
			t.Errorf("%s: %+v, %d executions", name, got, w.started)
		}
	}
}

// Of an upload that is over something may be there all the same.
func TestAnObjectIsFoundWhateverBecameOfItsUpload(t *testing.T) {
	for name, change := range map[string]func(*file.File){
		"never begun":     func(f *file.File) { f.UploadID = "" },
		"expired":         func(f *file.File) { f.UploadExpiresAt = now.Add(-time.Second) },
		"given up by S3":  nil,
		"just put by S3":  func(f *file.File) {},
		"with a checksum": func(f *file.File) { f.ChecksumSHA256 = sum },
	} {
		for _, there := range []bool{true, false} {
			w := &world{}
			f := w.add(t, change)
			if there {
				w.object = &file.Object{Key: f.Key, VersionID: "v1", ETag: "e", Size: size}
			}
			got, err := w.completer().Complete(audittest.As(t, "alice"), alice, f.ID, parts.Completion{})
			if there && (err != nil || got.Status != file.Uploaded) {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
			if code := file.CodeOf(err); !there && code != file.CodeClosed && code != file.CodeNotUploaded {
				t.Errorf("%s, with no object: %+v, %v", name, got, err)
			}
		}
	}
}

func TestCompletingOfAnotherOrNotInPartsIsAsBefore(t *testing.T) {
	w := &world{held: whole(), page: 1000}
	f := w.add(t, nil)
	for _, c := range []parts.Completion{{}, {Parts: sent()}, {Parts: []parts.Sent{}}, {ChecksumSHA256: sum}} {
		if _, err := w.completer().Complete(audittest.As(t, "alice"), mallory, f.ID, c); file.CodeOf(err) != file.CodeNotFound || len(w.assembled) != 0 {
			t.Errorf("another's, %+v: %v", c, err)
		}
	}
	for _, m := range []file.Method{file.Put, file.Form} {
		put := w.add(t, func(f *file.File) { f.Method = m })
		for _, c := range []parts.Completion{{Parts: sent()}, {Parts: []parts.Sent{}}, {ChecksumCRC64NVME: crc}, {ChecksumSHA256: sum}} {
			if _, err := w.completer().Complete(audittest.As(t, "alice"), alice, put.ID, c); file.CodeOf(err) != file.CodeNotMultipart {
				t.Errorf("%s, %+v: %v", m, c, err)
			}
		}
		if _, err := w.completer().Complete(audittest.As(t, "alice"), alice, put.ID, parts.Completion{}); file.CodeOf(err) != file.CodeNotUploaded {
			t.Errorf("%s: %v", m, err)
		}
	}
	for _, s := range []file.Status{file.Expired, file.Deleted} {
		ended := w.add(t, func(f *file.File) { f.Status = s })
		if _, err := w.completer().Complete(audittest.As(t, "alice"), alice, ended.ID, parts.Completion{}); file.CodeOf(err) != file.CodeClosed {
			t.Errorf("%s: %v", s, err)
		}
	}
}

// What is put together is the file as it was promised, byte counts and all, and
// exactly what the client lists, whatever is listed and held.
func FuzzOnlyThePromisedPartsArePutTogether(f *testing.F) {
	f.Add([]byte{1, 2, 3}, []byte{1, 2, 3}, "e1 e2 e3")
	f.Add([]byte{1, 3}, []byte{3, 1}, "e1 e3")
	f.Add([]byte{1, 2, 3, 4}, []byte{}, "")
	f.Fuzz(func(t *testing.T, held, listed []byte, etags string) {
		w := &world{held: []file.Part{}, page: 2}
		for i, n := range held {
			if i > 0 && int(n) <= w.held[i-1].Number {
				return // S3 lists in order
			}
			w.held = append(w.held, file.Part{Number: int(n), Size: file.SizeOfPart(size, partSize, int(n)), ETag: string(rune('a' + n%3))})
		}
		var c parts.Completion
		words := strings.Fields(etags)
		for i, n := range listed {
			s := parts.Sent{Number: int(int8(n))}
			if i < len(words) {
				s.ETag = words[i]
			}
			c.Parts = append(c.Parts, s)
		}
		asked := w.add(t, nil)
		_, err := w.completer().Complete(audittest.As(t, "alice"), alice, asked.ID, c)
		if err != nil {
			if code := file.CodeOf(err); len(w.assembled) != 0 || code != file.CodeInvalidParts && code != file.CodePartsMismatch {
				t.Errorf("%v, %v: %v, put together %v", held, c, err, w.assembled)
			}
			return
		}
		var total int64
		for i, p := range w.assembled[0].Parts {
			total += p.Size
			if p.Number != i+1 || c.Parts != nil && strings.Trim(c.Parts[i].ETag, `"`) != p.ETag {
				t.Errorf("%v, %v: put together %v", held, c, w.assembled)
			}
		}
		if total != size {
			t.Errorf("%d bytes were put together", total)
		}
	})
}
