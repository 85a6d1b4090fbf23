package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// ready puts a ready file with these bytes into the double.
func (d *double) ready(data []byte) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.next++
	id := fmt.Sprintf("0195f3a2-7c1e-7b4a-9d5e-%012d", d.next)
	d.files[id] = &stored{
		File:   File{ID: id, Status: StatusReady, Method: MethodPut, Filename: "../../escape", ContentType: "text/plain", Size: int64(len(data)), ChecksumSHA256: sum(data)},
		object: data, there: true, revision: 1, expires: d.now().Add(time.Hour),
	}
	return id
}

// short answers a GET with n bytes of what it should, and cuts the connection.
func (d *double) short(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d.serveStorage(&cutWriter{w, n}, r)
	}
}

type cutWriter struct {
	http.ResponseWriter
	left int
}

func (c *cutWriter) Write(p []byte) (int, error) {
	n := min(c.left, len(p))
	c.ResponseWriter.Write(p[:n])
	if c.left -= n; c.left == 0 {
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, nil
}

func expect(t *testing.T, path string, data []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes are saved of %d: %v", len(got), len(data), err)
	}
	if names := entries(t, filepath.Dir(path)); len(names) != 1 {
		t.Errorf("the folder has %v", names)
	}
}

func TestWhatIsSavedIsWhatWasVerified(t *testing.T) {
	for _, size := range []int{1, 1000, 1 << 20, 5<<20 + 3} {
		for _, o := range []DownloadOptions{{}, {ChunkSize: 1 << 20}, {ChunkSize: 1000_000, Parallel: 1, Sync: true}, {ChunkSize: 1 << 18, Parallel: 9}} {
			d := newDouble(t)
			c := d.client()
			nothingIsLeft(t, c)
			data := random(size)
			id := d.ready(data)
			path := filepath.Join(t.TempDir(), "a")
			var last Progress
			o.Progress = func(p Progress) { last = p }
			f, err := c.Save(t.Context(), id, path, o)
			if err != nil {
				t.Fatal(err)
			}
			expect(t, path, data)
			if f.ID != id || last.Phase != PhaseDone || last.Done != int64(size) || last.Total != int64(size) || last.Resumed != 0 || d.count("POST download") != 1 {
				t.Errorf("%+v with %d URLs", last, d.count("POST download"))
			}
			var out bytes.Buffer
			if _, err := c.Copy(t.Context(), id, &out, o); err != nil || !bytes.Equal(out.Bytes(), data) {
				t.Errorf("Copy: %v", err)
			}
		}
	}
}

func TestADownloadThatIsCutGoesOnWhereItWasCut(t *testing.T) {
	data := random(5 << 20)
	for name, save := range map[string]bool{"Save": true, "Copy": false} {
		t.Run(name, func(t *testing.T) {
			d := newDouble(t)
			d.storage = first(8, d.short(500_000))
			c := d.client(WithRetries(1)) // what has moved something is no failed try
			if save {
				path := filepath.Join(t.TempDir(), "a")
				if _, err := c.Save(t.Context(), d.ready(data), path, DownloadOptions{Parallel: 1}); err != nil {
					t.Fatal(err)
				}
				expect(t, path, data)
			} else {
				var out bytes.Buffer
				if _, err := c.Copy(t.Context(), d.ready(data), &out, DownloadOptions{}); err != nil || !bytes.Equal(out.Bytes(), data) {
					t.Fatal(err)
				}
			}
			if n := d.count("S3 GET"); n != 9 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestADownloadsURLIsRenewedUnasked(t *testing.T) {
	d := newDouble(t)
	d.storage = first(2, expired)
	data := random(3 << 20)
	path := filepath.Join(t.TempDir(), "a")
	if _, err := d.client(WithRetries(0)).Save(t.Context(), d.ready(data), path, DownloadOptions{ChunkSize: 1 << 20, Parallel: 1}); err != nil {
		t.Fatal(err)
	}
	expect(t, path, data)
	if n := d.count("POST download"); n != 3 {
		t.Errorf("%d URLs", n)
	}
}

func TestADownloadGoesOnWhereItStopped(t *testing.T) {
	d := newDouble(t)
	data := random(6 << 20)
	id := d.ready(data)
	path := filepath.Join(t.TempDir(), "a")
	ctx, cancel := context.WithCancel(t.Context())
	var served atomic.Int32
	d.storage = func(w http.ResponseWriter, r *http.Request) bool {
		if served.Add(1) == 4 {
			cancel()
			panic(http.ErrAbortHandler)
		}
		return false
	}
	c := d.client()
	nothingIsLeft(t, c)
	o := DownloadOptions{ChunkSize: 1 << 20, Parallel: 1}
	if _, err := c.Save(ctx, id, path, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if names := entries(t, filepath.Dir(path)); len(names) != 2 {
		t.Errorf("the folder has %v", names)
	}
	d.settle()
	d.onStorage(nil)
	before := d.count("S3 GET")
	var last Progress
	o.Progress = func(p Progress) { last = p }
	if _, err := c.Save(t.Context(), id, path, o); err != nil {
		t.Fatal(err)
	}
	expect(t, path, data)
	if n := d.count("S3 GET") - before; n != 3 || last.Resumed != 3<<20 || last.Done != 6<<20 {
		t.Errorf("%d of 6 chunks were asked for again: %+v", n, last)
	}
}

func TestOtherBytesNeverGetTheName(t *testing.T) {
	data := random(3 << 20)
	answer := func(code int, contentRange, etag string, body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if contentRange != "" {
				w.Header().Set("Content-Range", contentRange)
			}
			w.Header().Set("ETag", etag)
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			w.WriteHeader(code)
			w.Write(body)
		}
	}
	other := bytes.Clone(data)
	other[len(other)/2] ^= 1
	whole := fmt.Sprintf("bytes 0-%d/%d", len(data)-1, len(data))
	for name, tt := range map[string]struct {
		fault http.HandlerFunc
		chunk int64
	}{
		"a bit is another":          {answer(206, whole, `"the object"`, other), 0},
		"the file is longer":        {answer(206, fmt.Sprintf("bytes 0-%d/%d", len(data)-1, len(data)+1), `"the object"`, data), 0},
		"the range is another":      {answer(206, fmt.Sprintf("bytes 1-%d/%d", len(data)-1, len(data)), `"the object"`, data[1:]), 0},
		"there is no range":         {answer(206, "", `"the object"`, data), 0},
		"the whole for a range":     {answer(200, "", `"the object"`, data), 1 << 20},
		"the whole, but longer":     {answer(200, "", `"the object"`, append(data[:len(data):len(data)], 'x')), 0},
		"one range of another file": {answer(206, fmt.Sprintf("bytes 0-%d/%d", 1<<20-1, len(data)), `"another"`, data[:1<<20]), 1 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDouble(t)
			d.storage = first(1, tt.fault)
			id := d.ready(data)
			path := filepath.Join(t.TempDir(), "a")
			if _, err := d.client().Save(t.Context(), id, path, DownloadOptions{ChunkSize: tt.chunk, Parallel: 1}); !errors.Is(err, ErrCorrupt) {
				t.Errorf("it ends with %v", err)
			}
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Error("it has the name")
			}
			if names := entries(t, filepath.Dir(path)); len(names) > 0 {
				t.Errorf("the folder has %v", names)
			}
			d.storage = first(1, tt.fault)
			if tt.chunk == 0 {
				if _, err := d.client().Copy(t.Context(), id, io.Discard, DownloadOptions{}); !errors.Is(err, ErrCorrupt) {
					t.Errorf("Copy ends with %v", err)
				}
			}
		})
	}
}

func TestAnEarlierPartThatWasTamperedWithIsFoundOut(t *testing.T) {
	d := newDouble(t)
	data := random(4 << 20)
	id := d.ready(data)
	path := filepath.Join(t.TempDir(), "a")
	ctx, cancel := context.WithCancel(t.Context())
	d.storage = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Range") == "bytes=2097152-3145727" {
			cancel()
			panic(http.ErrAbortHandler)
		}
		return false
	}
	o := DownloadOptions{ChunkSize: 1 << 20, Parallel: 1}
	d.client().Save(ctx, id, path, o)
	d.settle()
	d.onStorage(nil)
	part, err := os.OpenFile(path+".vouch-part", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	part.WriteAt([]byte("tampered"), 100)
	part.Close()
	if _, err := d.client().Save(t.Context(), id, path, o); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("it ends with %v", err)
	}
	if _, err := d.client().Save(t.Context(), id, path, o); err != nil {
		t.Fatal(err)
	}
	expect(t, path, data)
}

func TestNothingThatIsThereIsOverwrittenOrFollowed(t *testing.T) {
	d := newDouble(t)
	data := random(1000)
	id := d.ready(data)
	dir := t.TempDir()
	path, precious := filepath.Join(dir, "a"), filepath.Join(t.TempDir(), "precious")
	for _, p := range []string{path, precious} {
		if err := os.WriteFile(p, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kept := func(path string) {
		t.Helper()
		if got, err := os.ReadFile(path); err != nil || string(got) != "precious" {
			t.Errorf("%s is %q now: %v", path, got, err)
		}
	}
	if _, err := d.client().Save(t.Context(), id, path, DownloadOptions{}); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	kept(path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(t.TempDir(), "dangling"), path); err != nil {
		t.Skip("there are no symbolic links here:", err)
	}
	if _, err := d.client().Save(t.Context(), id, path, DownloadOptions{}); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Symlink(precious, path), os.Symlink(precious, path+".vouch-part")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.client().Save(t.Context(), id, path, DownloadOptions{Overwrite: true}); err != nil {
		t.Fatal(err)
	}
	kept(precious)
	expect(t, path, data)
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		t.Errorf("the name is of %v: %v", info.Mode(), err)
	}
}

func TestAFileThatAppearsMeanwhileIsNotOverwritten(t *testing.T) {
	d := newDouble(t)
	path := filepath.Join(t.TempDir(), "a")
	d.storage = func(http.ResponseWriter, *http.Request) bool {
		if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
			t.Error(err)
		}
		return false
	}
	if _, err := d.client().Save(t.Context(), d.ready(random(1000)), path, DownloadOptions{}); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "precious" {
		t.Errorf("it is %q", got)
	}
}

func TestAFileThatIsNotReadyIsNotDownloaded(t *testing.T) {
	d := newDouble(t)
	id := d.ready(random(10))
	d.files[id].Status = StatusRejected
	path := filepath.Join(t.TempDir(), "a")
	f, err := d.client().Save(t.Context(), id, path, DownloadOptions{})
	if !errors.Is(err, ErrNotReady) || f.Status != StatusRejected || len(entries(t, filepath.Dir(path))) > 0 {
		t.Errorf("%v, %s", err, f.Status)
	}
	if _, err := d.client().Copy(t.Context(), id, io.Discard, DownloadOptions{}); !errors.Is(err, ErrNotReady) {
		t.Error(err)
	}
	if _, err := d.client().Save(t.Context(), "../x", path, DownloadOptions{}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestTwoRunsDoNotDownloadToTheSamePath(t *testing.T) {
	d := newDouble(t)
	path := filepath.Join(t.TempDir(), "a")
	unlock, err := lockFile(path + ".vouch-lock")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if _, err := d.client().Save(t.Context(), d.ready(random(10)), path, DownloadOptions{}); !errors.Is(err, ErrBusy) {
		t.Error(err)
	}
}

func TestAWriterThatFailsEndsTheCopy(t *testing.T) {
	d := newDouble(t)
	r, w := io.Pipe()
	full := errors.New("full")
	r.CloseWithError(full)
	if _, err := d.client().Copy(t.Context(), d.ready(random(10)), w, DownloadOptions{}); !errors.Is(err, full) || d.count("S3 GET") != 1 {
		t.Errorf("%v after %d requests", err, d.count("S3 GET"))
	}
}

func FuzzDownloadState(f *testing.F) {
	valid, _ := encodeState(newState("https://a", File{ID: "a", Size: 1 << 30, ChecksumSHA256: "b"}, 16<<20))
	f.Add(valid)
	f.Add([]byte(`{"api":"","fileID":"","size":9223372036854775807,"checksumSHA256":"","chunkSize":1,"done":""}`))
	f.Add([]byte(`{"api":"","fileID":"","size":10,"checksumSHA256":"","chunkSize":9223372036854775807,"done":"AA=="}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, ok := decodeState(data)
		if !ok {
			return
		}
		var sum int64
		for i := range s.chunks() {
			from, to := s.chunk(i)
			if from != sum || to <= from || to > s.Size {
				t.Fatalf("chunk %d of %+v is from %d to %d", i, s, from, to)
			}
			s.done(i)
			s.mark(i)
			sum = to
		}
		if sum != s.Size {
			t.Errorf("the chunks of %d bytes have %d", s.Size, sum)
		}
	})
}
