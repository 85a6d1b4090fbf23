package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// stopAfter returns a context that is cancelled when S3 has n parts.
func stopAfter(d *double, n int32) (context.Context, error) {
	cause := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(d.t.Context())
	var kept atomic.Int32
	d.onStorage(func(w http.ResponseWriter, r *http.Request) bool {
		if kept.Load() >= n {
			io.Copy(io.Discard, r.Body)
			storageError(w, 503, "SlowDown", "Not now.")
			return true
		}
		d.serveStorage(w, r)
		if kept.Add(1) == n {
			cancel(cause)
		}
		return true
	})
	return ctx, cause
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	found, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range found {
		names = append(names, e.Name())
	}
	return names
}

func TestAnUploadGoesOnWhereItStopped(t *testing.T) {
	d, dir := newDouble(t), t.TempDir()
	data := random(8 << 20)
	path, src := write(t, data)
	ctx, cause := stopAfter(d, 3)
	c := d.client()
	nothingIsLeft(t, c)
	o := UploadOptions{Journal: JournalDir(dir), Parallel: 2}
	begun, err := c.Upload(ctx, src, o)
	if !errors.Is(err, cause) || !errors.Is(err, context.Canceled) {
		t.Fatalf("it ends with %v", err)
	}
	d.settle()
	if d.file(begun.ID).Status != StatusPending || len(entries(t, dir)) != 1 {
		t.Fatalf("the file is %s, and the journal has %v", d.file(begun.ID).Status, entries(t, dir))
	}
	d.settle()
	d.onStorage(nil)
	var last Progress
	o.Progress = func(p Progress) { last = p }
	f, err := c.Upload(t.Context(), open(t, path), o)
	if err != nil {
		t.Fatal(err)
	}
	if f.ID != begun.ID || !bytes.Equal(d.file(f.ID).object, data) || f.ChecksumSHA256 != sum(data) {
		t.Errorf("%s became %s, with %d bytes", begun.ID, f.ID, len(d.file(f.ID).object))
	}
	// A part that was on its way when it stopped may still have arrived.
	if n := last.PartsResumed; n < 3 || n > 5 || last.PartsSent != 8-n || last.Resumed != int64(n)<<20 || last.Done != 8<<20 {
		t.Errorf("the last progress is %+v", last)
	}
	if left := entries(t, dir); len(left) > 0 {
		t.Errorf("the journal still has %v", left)
	}
}

func TestAPartThatDiffersFromTheFileIsSentAgain(t *testing.T) {
	d, dir := newDouble(t), t.TempDir()
	data := random(6 << 20)
	path, src := write(t, data)
	ctx, _ := stopAfter(d, 3)
	o := UploadOptions{Journal: JournalDir(dir), Parallel: 1}
	begun, _ := d.client().Upload(ctx, src, o)
	d.settle()
	d.onStorage(nil)
	d.mu.Lock()
	parts := d.files[begun.ID].parts
	parts[1] = heldBytes{bytes.Repeat([]byte("x"), 1<<20), "another"}
	parts[2] = heldBytes{data[1<<20 : 1<<20+5], "short"}
	d.mu.Unlock()
	f, err := d.client().Upload(t.Context(), open(t, path), o)
	if err != nil || f.ID != begun.ID || !bytes.Equal(d.file(f.ID).object, data) {
		t.Errorf("%v, %s", err, f.ID)
	}
}

func TestWhatHasArrivedIsNotSentAgain(t *testing.T) {
	for _, size := range []int{1 << 20, 5 << 20} {
		for _, status := range []Status{StatusPending, StatusUploaded, StatusVerifying, StatusReady} {
			if status == StatusPending && size > 4<<20 {
				continue // parts that are not put together
			}
			d, dir := newDouble(t), t.TempDir()
			path, src := write(t, random(size))
			c := d.client()
			// It stops when all bytes are there and nobody has heard of it.
			ctx, cancel := context.WithCancel(t.Context())
			d.api = func(_ http.ResponseWriter, r *http.Request) bool {
				if filepath.Base(r.URL.Path) == "complete" {
					if status != StatusPending {
						d.serveAPI(&discarded{http.Header{}}, r)
					}
					cancel()
					panic(http.ErrAbortHandler)
				}
				return false
			}
			o := UploadOptions{Journal: JournalDir(dir)}
			begun, err := c.Upload(ctx, src, o)
			if err == nil {
				t.Fatal("it did not stop")
			}
			d.settle()
			d.mu.Lock()
			d.api = nil
			if status != StatusPending {
				d.files[begun.ID].Status = status
			}
			d.mu.Unlock()
			if status == StatusReady {
				d.files[begun.ID].ChecksumSHA256 = sum(random(size))
			}
			puts := d.count("S3 PUT")
			f, err := c.Upload(t.Context(), open(t, path), o)
			if err != nil || f.ID != begun.ID || f.Status != StatusReady || d.count("S3 PUT") != puts {
				t.Errorf("%d bytes, %s: %v, %s after %s, %d more PUTs", size, status, err, f.ID, begun.ID, d.count("S3 PUT")-puts)
			}
			if left := entries(t, dir); len(left) > 0 {
				t.Errorf("%d bytes, %s: the journal still has %v", size, status, left)
			}
		}
	}
}

type discarded struct{ h http.Header }

func (d *discarded) Header() http.Header         { return d.h }
func (d *discarded) Write(p []byte) (int, error) { return len(p), nil }
func (d *discarded) WriteHeader(int)             {}

func TestWhatIsGoneIsBegunAnew(t *testing.T) {
	for name, change := range map[string]func(d *double, id string, journal Journal, key string){
		"deleted":   func(d *double, id string, _ Journal, _ string) { d.files[id].Status = StatusDeleted },
		"expired":   func(d *double, id string, _ Journal, _ string) { d.files[id].Status = StatusExpired },
		"forgotten": func(d *double, id string, _ Journal, _ string) { delete(d.files, id) },
		"of another size": func(d *double, id string, _ Journal, _ string) {
			d.files[id].Size++
		},
		"of another API": func(_ *double, _ string, j Journal, key string) {
			e, _, _ := j.Load(key)
			e.API = "https://other.example.com"
			j.Store(key, e)
		},
		"under another name": func(_ *double, _ string, j Journal, key string) {
			e, _, _ := j.Load(key)
			e.Filename = "b.bin"
			j.Store(key, e)
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, dir := newDouble(t), t.TempDir()
			data := random(5 << 20)
			path, src := write(t, data)
			ctx, _ := stopAfter(d, 2)
			o := UploadOptions{Journal: JournalDir(dir)}
			begun, _ := d.client().Upload(ctx, src, o)
			d.settle()
			d.onStorage(nil)
			d.mu.Lock()
			change(d, begun.ID, o.Journal, entries(t, dir)[0][:64])
			d.mu.Unlock()
			f, err := d.client().Upload(t.Context(), open(t, path), o)
			if err != nil || f.ID == begun.ID || !bytes.Equal(d.file(f.ID).object, data) {
				t.Errorf("%v, %s after %s", err, f.ID, begun.ID)
			}
		})
	}
}

func TestAFileThatWasWrittenToIsAnotherUpload(t *testing.T) {
	d, dir := newDouble(t), t.TempDir()
	path, src := write(t, random(5<<20))
	ctx, _ := stopAfter(d, 2)
	o := UploadOptions{Journal: JournalDir(dir)}
	begun, _ := d.client().Upload(ctx, src, o)
	d.settle()
	d.onStorage(nil)
	other := bytes.Repeat([]byte("another"), 5<<20/7)
	if err := os.WriteFile(path, other, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := d.client().Upload(t.Context(), open(t, path), o)
	if err != nil || f.ID == begun.ID || !bytes.Equal(d.file(f.ID).object, other) {
		t.Error(err)
	}
}

func TestTwoRunsDoNotSendAFileTwice(t *testing.T) {
	d, dir := newDouble(t), t.TempDir()
	path, src := write(t, random(5<<20))
	sending, on := make(chan struct{}), make(chan struct{})
	var once sync.Once
	d.storage = func(http.ResponseWriter, *http.Request) bool {
		once.Do(func() { close(sending) })
		<-on
		return false
	}
	c, o := d.client(), UploadOptions{Journal: JournalDir(dir)}
	var first error
	var wait sync.WaitGroup
	wait.Go(func() { _, first = c.Upload(t.Context(), src, o) })
	<-sending
	if _, err := c.Upload(t.Context(), open(t, path), o); !errors.Is(err, ErrBusy) {
		t.Errorf("the second run: %v", err)
	}
	close(on)
	wait.Wait()
	if first != nil || len(d.files) != 1 {
		t.Errorf("the first run: %v; %d files", first, len(d.files))
	}
}

func TestALockLeavesNothingAndIsHadByOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var held, had atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				unlock, err := lockFile(path)
				if errors.Is(err, ErrBusy) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if held.Add(1) != 1 {
					t.Error("two have it")
				}
				had.Add(1)
				held.Add(-1)
				unlock()
			}
		})
	}
	all.Wait()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) || had.Load() == 0 {
		t.Errorf("%v, and it was had %d times", err, had.Load())
	}
}

func TestWithoutAJournalWhatEndsEarlyIsDeleted(t *testing.T) {
	d := newDouble(t)
	_, src := write(t, random(6<<20))
	ctx, _ := stopAfter(d, 2)
	c := d.client()
	nothingIsLeft(t, c)
	f, err := c.Upload(ctx, src, UploadOptions{})
	if !errors.Is(err, context.Canceled) || d.file(f.ID).Status != StatusDeleted {
		t.Errorf("%v, and the file is %s", err, d.file(f.ID).Status)
	}
}

func TestASourceThatChangesIsNeverPutTogether(t *testing.T) {
	grow := func(f *os.File) error { _, err := f.Seek(0, io.SeekEnd); f.Write([]byte("x")); return err }
	rewrite := func(f *os.File) error {
		if _, err := f.WriteAt([]byte("another"), 0); err != nil {
			return err
		}
		return os.Chtimes(f.Name(), time.Time{}, time.Now().Add(time.Hour))
	}
	shrink := func(f *os.File) error { return f.Truncate(5 << 19) }
	for name, tt := range map[string]struct {
		size   int
		change func(*os.File) error
	}{
		"grown, in parts":     {6 << 20, grow},
		"rewritten, in parts": {6 << 20, rewrite},
		"cut, in parts":       {6 << 20, shrink},
		"grown, one PUT":      {3 << 20, grow},
		"rewritten, one PUT":  {3 << 20, rewrite},
		"cut, one PUT":        {3 << 20, shrink},
	} {
		t.Run(name, func(t *testing.T) {
			d, dir := newDouble(t), t.TempDir()
			path, src := write(t, random(tt.size))
			change := func() {
				f, err := os.OpenFile(path, os.O_RDWR, 0)
				if err == nil {
					err = errors.Join(tt.change(f), f.Close())
				}
				if err != nil {
					t.Error(err)
				}
			}
			var once sync.Once
			d.storage = func(http.ResponseWriter, *http.Request) bool { once.Do(change); return false }
			if tt.size <= 4<<20 { // before the PUT reads it
				d.storage = nil
				d.api = func(_ http.ResponseWriter, r *http.Request) bool { once.Do(change); return false }
			}
			c := d.client(WithRetries(2))
			nothingIsLeft(t, c)
			f, err := c.Upload(t.Context(), src, UploadOptions{Journal: JournalDir(dir), Parallel: 1})
			if !errors.Is(err, ErrSourceChanged) {
				t.Errorf("it ends with %v", err)
			}
			if got := d.file(f.ID); got.Status != StatusDeleted || d.count("POST complete") > 0 {
				t.Errorf("the file is %s, and was completed %d times", got.Status, d.count("POST complete"))
			}
			if left := entries(t, dir); len(left) > 0 {
				t.Errorf("the journal has %v", left)
			}
		})
	}
}

func TestAReaderMustHaveAsManyBytesAsWerePromised(t *testing.T) {
	for _, promise := range []int64{1 << 20, 6 << 20} {
		for _, off := range []int64{-1, 1, -700_000, 700_000} {
			d := newDouble(t)
			src, err := FromReader(bytes.NewReader(random(int(promise+off))), promise)
			if err != nil {
				t.Fatal(err)
			}
			f, err := d.client().Upload(t.Context(), src, UploadOptions{Filename: "a"})
			if !errors.Is(err, ErrSourceChanged) || d.count("POST complete") > 0 || f.ID != "" && d.file(f.ID).Status != StatusDeleted {
				t.Errorf("%d bytes promised and %d more there: %v", promise, off, err)
			}
		}
	}
}

func TestAReaderThatFailsFailsTheUpload(t *testing.T) {
	broken := errors.New("broken")
	for _, size := range []int64{1 << 20, 6 << 20} {
		d := newDouble(t)
		src, _ := FromReader(io.MultiReader(bytes.NewReader(random(500_000)), failing{broken}), size)
		if f, err := d.client().Upload(t.Context(), src, UploadOptions{Filename: "a"}); !errors.Is(err, broken) || f.ID != "" && d.file(f.ID).Status != StatusDeleted {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestAReaderThatWaitsForeverDoesNotHoldUpACancellation(t *testing.T) {
	d := newDouble(t)
	r, w := io.Pipe()
	defer w.Close()
	go w.Write(random(3 << 20))
	src, _ := FromReader(r, 6<<20)
	ctx, cause := stopAfter(d, 2)
	if _, err := d.client().Upload(ctx, src, UploadOptions{Filename: "a"}); !errors.Is(err, cause) {
		t.Error(err)
	}
}

// counted counts how far a source is read.
type counted struct {
	Source
	upTo atomic.Int64
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.Source.ReadAt(p, off)
	c.upTo.Store(max(c.upTo.Load(), off+int64(n)))
	return n, err
}

func TestNoMoreIsReadThanThereIsMemoryFor(t *testing.T) {
	d := newDouble(t)
	const parallel = 3
	arrived, on := make(chan struct{}, 100), make(chan struct{})
	var most atomic.Int32
	var now atomic.Int32
	d.storage = func(http.ResponseWriter, *http.Request) bool {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		arrived <- struct{}{}
		<-on
		return false
	}
	_, file := write(t, random(20<<20))
	src := &counted{Source: file}
	var wait sync.WaitGroup
	var err error
	wait.Go(func() {
		_, err = d.client().Upload(t.Context(), src, UploadOptions{Filename: "a", Parallel: parallel})
	})
	for range parallel {
		<-arrived
	}
	for src.upTo.Load() < (parallel+1)<<20 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond) // for whoever reads on
	if got := src.upTo.Load(); got != (parallel+1)<<20 {
		t.Errorf("%d bytes were read", got)
	}
	close(on)
	wait.Wait()
	if err != nil || most.Load() > parallel {
		t.Errorf("%v, %d parts at a time", err, most.Load())
	}
}

func TestTenThousandPartsArePresignedInFewCallsAndPutTogether(t *testing.T) {
	d := newDouble(t)
	d.partSize = 10
	d.threshold = 0
	data := random(10*maxParts - 3)
	src, _ := FromReader(bytes.NewReader(data), int64(len(data)))
	f, err := d.client().Upload(t.Context(), src, UploadOptions{Filename: "a", Parallel: 64})
	if err != nil || !bytes.Equal(d.file(f.ID).object, data) || d.count("S3 PUT") != maxParts {
		t.Fatalf("%v, %d PUTs", err, d.count("S3 PUT"))
	}
	if calls := d.count("POST parts"); calls > maxParts/2 {
		t.Errorf("%d calls for URLs", calls)
	}
}

func TestPartsThatSayOtherThanThatTheyHoldTheFileAreRefused(t *testing.T) {
	for name, terms := range map[string]Multipart{
		"no part size": {PartSize: 0, PartCount: 1}, "negative": {PartSize: -1, PartCount: 1}, "too few": {PartSize: 10, PartCount: 9},
		"too many": {PartSize: 10, PartCount: 11}, "over the limit": {PartSize: 1, PartCount: 100},
	} {
		u := &uploading{size: 100, report: &reporter{}}
		if name == "over the limit" {
			u.size = maxParts + 1
			terms.PartCount = maxParts + 1
		}
		if _, err := u.inParts(terms, nil); err == nil {
			t.Errorf("%s: it is sent", name)
		}
	}
}

func TestAJournalKeepsWhatWasStoredAndNothingThatIsDamaged(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	j := JournalDir(dir)
	key := string(bytes.Repeat([]byte("ab"), 32))
	if _, ok, err := j.Load(key); ok || err != nil {
		t.Error(ok, err)
	}
	want := Entry{FileID: "0195f3a2-7c1e-7b4a-9d5e-000000000001", API: "https://a", Size: 5, PartSize: 2, ModTime: time.Unix(1, 2).UTC(), Filename: "a", ContentType: "b/c"}
	if err := j.Store(key, want); err != nil {
		t.Fatal(err)
	}
	if got, ok, err := j.Load(key); !ok || err != nil || got != want {
		t.Errorf("%+v %v %v", got, ok, err)
	}
	path := filepath.Join(dir, key+".json")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || len(entries(t, dir)) != 1 {
		t.Errorf("%v %v %v", info.Mode(), err, entries(t, dir))
	}
	for _, damaged := range []string{"", "{", "null", `{"fileID":"../x","api":"a"}`, `{"fileID":"a","api":"b","size":1,"filename":"","contentType":""} {}`, `{"unknown":1}`} {
		if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if e, ok, err := j.Load(key); ok || err != nil {
			t.Errorf("%q: %+v %v", damaged, e, err)
		}
	}
	if err := errors.Join(j.Remove(key), j.Remove(key)); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "..", "../../etc/passwd", key[:62], key + "/"} {
		if err := j.Store(bad, want); err == nil {
			t.Errorf("%q is a key", bad)
		}
	}
}

func FuzzJournalEntry(f *testing.F) {
	f.Add([]byte(`{"fileID":"0195f3a2-7c1e-7b4a-9d5e-000000000001","api":"https://a","size":5,"partSize":2,"filename":"a","contentType":"b/c"}`))
	f.Add([]byte(`{"fileID":"a","api":"b","size":-1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, ok := decodeEntry(data)
		if !ok {
			return
		}
		if _, err := pathOf(e.FileID); err != nil || e.Size < 0 || e.PartSize < 0 {
			t.Errorf("%+v passed", e)
		}
	})
}
