package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// first returns a hook that has the first n requests answered by fault.
func first(n int32, fault http.HandlerFunc) func(http.ResponseWriter, *http.Request) bool {
	var seen atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) bool {
		if seen.Add(1) > n {
			return false
		}
		fault(w, r)
		return true
	}
}

// cutAfter reads n bytes of a request and then closes its connection.
func cutAfter(n int64) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		io.CopyN(io.Discard, r.Body, n)
		panic(http.ErrAbortHandler)
	}
}

func storageFault(status int, code string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		storageError(w, status, code, "A message.")
	}
}

func TestFaultsThatPassAreTriedAgain(t *testing.T) {
	gateway := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "0")
			reply(w, status, map[string]string{"message": "No."})
		}
	}
	for name, tt := range map[string]struct{ storage, api http.HandlerFunc }{
		"S3 is slowed down":               {storage: storageFault(503, "SlowDown")},
		"S3 says when to come back":       {storage: storageFault(503, "SlowDown", "Retry-After", "0")},
		"S3 fails":                        {storage: storageFault(500, "InternalError")},
		"S3 is busy with the object":      {storage: storageFault(409, "ConditionalRequestConflict")},
		"S3 takes too many requests":      {storage: storageFault(429, "TooManyRequests")},
		"S3 waits in vain":                {storage: storageFault(400, "RequestTimeout")},
		"S3 gets other bytes":             {storage: storageFault(400, "BadDigest")},
		"a proxy fails":                   {storage: func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) }},
		"S3 is cut off":                   {storage: cutAfter(100_000)},
		"S3 is cut off before the body":   {storage: cutAfter(0)},
		"the API fails":                   {api: gateway(500)},
		"the API is throttled":            {api: gateway(429)},
		"the API's gateway gives it up":   {api: gateway(504)},
		"the API is cut off":              {api: cutAfter(0)},
		"the API's problem is of its own": {api: func(w http.ResponseWriter, _ *http.Request) { problem(w, 500, "internal", "It can be tried again.") }},
	} {
		for _, size := range []int{1 << 20, 5 << 20} {
			t.Run(fmt.Sprintf("%s, %d bytes", name, size), func(t *testing.T) {
				t.Parallel()
				d := newDouble(t)
				if tt.storage != nil {
					d.storage = first(2, tt.storage)
				}
				if tt.api != nil {
					d.api = first(2, tt.api)
				}
				data := random(size)
				_, src := write(t, data)
				var last Progress
				f, err := d.client(WithRetries(2)).Upload(t.Context(), src, UploadOptions{Progress: func(p Progress) { last = p }})
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(d.file(f.ID).object, data) || last.Done != int64(size) {
					t.Errorf("%d of %d bytes arrived, and %d are told of", len(d.file(f.ID).object), size, last.Done)
				}
			})
		}
	}
}

func TestFaultsThatStayEndTheUploadAndLeaveNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		fault    http.HandlerFunc
		size     int
		requests int
	}{
		"S3 is slowed down for good, one PUT":  {storageFault(503, "SlowDown"), 1000, 4},
		"S3 is slowed down for good, in parts": {storageFault(503, "SlowDown"), 5 << 20, 0},
		"S3 does not allow it":                 {storageFault(403, "AccessDenied"), 1000, 1},
		"the signature is another":             {storageFault(403, "SignatureDoesNotMatch"), 1000, 1},
		"every connection is cut":              {cutAfter(10), 1000, 4},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDouble(t)
			d.storage = first(1<<20, tt.fault)
			var log bytes.Buffer
			c := d.client(WithRetries(3), WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
			nothingIsLeft(t, c)
			_, src := write(t, random(tt.size))
			f, err := c.Upload(t.Context(), src, UploadOptions{})
			if err == nil {
				t.Fatal("it is uploaded")
			}
			if n := d.count("S3 PUT"); tt.requests > 0 && n != tt.requests {
				t.Errorf("%d requests, want %d", n, tt.requests)
			}
			if got := d.file(f.ID).Status; got != StatusDeleted {
				t.Errorf("the file that was begun is %s", got)
			}
			for _, secret := range []string{"signature=", "a token", "/s3/", "a secret"} {
				if strings.Contains(err.Error()+log.String(), secret) {
					t.Errorf("%q is in the error or the log: %v\n%s", secret, err, log.String())
				}
			}
			if !strings.Contains(err.Error(), "a.bin") || !strings.Contains(err.Error(), f.ID) {
				t.Errorf("the error does not say of what it is: %v", err)
			}
		})
	}
}

func TestNoURLIsInAnErrorOfAConnection(t *testing.T) {
	d := newDouble(t)
	dead := httptest.NewServer(nil)
	dead.Close()
	d.api = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || r.URL.Path != "/files" {
			return false
		}
		recorder := httptest.NewRecorder()
		d.serveAPI(recorder, r)
		w.WriteHeader(recorder.Code)
		io.WriteString(w, strings.ReplaceAll(recorder.Body.String(), d.URL, dead.URL))
		return true
	}
	_, src := write(t, random(100))
	_, err := d.client(WithRetries(1)).Upload(t.Context(), src, UploadOptions{})
	if err == nil || strings.Contains(err.Error(), "signature") || strings.Contains(err.Error(), "/s3/") {
		t.Error(err)
	}
}

func TestOnlyThePartThatWasCutIsSentAgain(t *testing.T) {
	d := newDouble(t)
	var cut atomic.Bool
	d.storage = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("partNumber") == "3" && cut.CompareAndSwap(false, true) {
			cutAfter(500_000)(nil, r)
		}
		return false
	}
	data := random(6 << 20)
	_, src := write(t, data)
	f, err := d.client().Upload(t.Context(), src, UploadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if d.count("S3 PUT") != 7 || d.received != 6<<20 || !bytes.Equal(d.file(f.ID).object, data) {
		t.Errorf("%d requests, %d bytes", d.count("S3 PUT"), d.received)
	}
}

// Bytes are bent on the way to S3, which says so when it has the part or, if it
// tells no checksum, when all of them are to be put together.
func TestAPartThatWasBentOnItsWayIsSentAgain(t *testing.T) {
	for name, told := range map[string]bool{"S3 tells the checksum": true, "S3 tells none": false} {
		d := newDouble(t)
		var bent atomic.Bool
		d.storage = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Query().Get("partNumber") != "3" || !bent.CompareAndSwap(false, true) {
				return false
			}
			data, _ := io.ReadAll(r.Body)
			data[0] ^= 1
			r.Body = io.NopCloser(bytes.NewReader(data))
			answer := httptest.NewRecorder()
			d.serveStorage(answer, r)
			if !told {
				answer.Header().Del("X-Amz-Checksum-Crc64nvme")
			}
			for field, values := range answer.Header() {
				w.Header()[field] = values
			}
			w.WriteHeader(answer.Code)
			return true
		}
		data := random(6 << 20)
		_, src := write(t, data)
		var last Progress
		f, err := d.client().Upload(t.Context(), src, UploadOptions{Progress: func(p Progress) { last = p }})
		if err != nil || !bytes.Equal(d.file(f.ID).object, data) || d.count("S3 PUT") != 7 || last.Done != last.Total {
			t.Errorf("%s: %v, %d requests, %+v", name, err, d.count("S3 PUT"), last)
		}
	}
}

// A server whose policy gives out one URL at a time is asked for one.
func TestAsManyURLsAreAskedForAsTheServerGivesOut(t *testing.T) {
	d := newDouble(t)
	d.api = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/parts") {
			return false
		}
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		var asked struct{ PartNumbers []int }
		if json.Unmarshal(body, &asked) == nil && len(asked.PartNumbers) > 1 {
			problem(w, 422, "invalid-parts", "There are too many part numbers.")
			return true
		}
		return false
	}
	data := random(5 << 20)
	_, src := write(t, data)
	if f, err := d.client().Upload(t.Context(), src, UploadOptions{}); err != nil || !bytes.Equal(d.file(f.ID).object, data) {
		t.Error(err)
	}
}

func TestAPutWhoseAnswerWasLostIsNotSentTwice(t *testing.T) {
	d := newDouble(t)
	d.storage = first(1, func(_ http.ResponseWriter, r *http.Request) {
		d.serveStorage(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	})
	_, src := write(t, random(1000))
	f, err := d.client().Upload(t.Context(), src, UploadOptions{})
	if err != nil || f.Status != StatusReady || d.count("S3 PUT") != 2 || d.received != 1000 {
		t.Errorf("%v, %s, %d bytes in %d requests", err, f.Status, d.received, d.count("S3 PUT"))
	}
}

func TestACompletionWhoseAnswerWasLostIsAskedForAgain(t *testing.T) {
	d := newDouble(t)
	var lost atomic.Bool
	d.api = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/complete") && lost.CompareAndSwap(false, true) {
			d.serveAPI(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		return false
	}
	_, src := write(t, random(5<<20))
	if f, err := d.client().Upload(t.Context(), src, UploadOptions{}); err != nil || f.Status != StatusReady {
		t.Error(f.Status, err)
	}
}

func TestAPartThatS3LostIsSentAgain(t *testing.T) {
	d := newDouble(t)
	var lost atomic.Bool
	d.api = func(_ http.ResponseWriter, r *http.Request) bool {
		if id, ok := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/files/"), "/complete"); ok && lost.CompareAndSwap(false, true) {
			d.mu.Lock()
			delete(d.files[id].parts, 2)
			d.mu.Unlock()
		}
		return false
	}
	data := random(5 << 20)
	_, src := write(t, data)
	f, err := d.client().Upload(t.Context(), src, UploadOptions{})
	if err != nil || !bytes.Equal(d.file(f.ID).object, data) || d.count("S3 PUT") != 6 {
		t.Errorf("%v, %d requests", err, d.count("S3 PUT"))
	}
}

// expired answers as S3 does to a URL that has run out.
func expired(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	storageError(w, 403, "AccessDenied", "Request has expired")
}

func TestAURLThatRanOutIsRenewedUnasked(t *testing.T) {
	for _, size := range []int{1 << 20, 5 << 20} {
		d := newDouble(t)
		d.storage = first(2, expired)
		data := random(size)
		_, src := write(t, data)
		f, err := d.client(WithRetries(0)).Upload(t.Context(), src, UploadOptions{})
		if err != nil || !bytes.Equal(d.file(f.ID).object, data) {
			t.Errorf("%d bytes: %v", size, err)
		}
		if size == 1<<20 {
			d.settle()
			for _, other := range d.files {
				if other.ID != f.ID && other.Status != StatusDeleted {
					t.Errorf("a file that was given up is %s", other.Status)
				}
			}
		}
	}
}

func TestAURLThatHasRunOutBeforeItsTurnIsNotTried(t *testing.T) {
	d := newDouble(t)
	d.urlLife = urlMargin / 2
	_, src := write(t, random(5<<20))
	if _, err := d.client(WithRetries(0)).Upload(t.Context(), src, UploadOptions{}); err != nil {
		t.Fatal(err)
	}
	if puts, calls := d.count("S3 PUT"), d.count("POST parts"); puts != 5 || calls < 5+1 {
		t.Errorf("%d PUTs and %d calls for URLs", puts, calls)
	}
}

func TestURLsThatAlwaysRunOutEndTheUpload(t *testing.T) {
	for _, size := range []int{1000, 5 << 20} {
		d := newDouble(t)
		d.storage = first(1<<20, expired)
		_, src := write(t, random(size))
		_, err := d.client().Upload(t.Context(), src, UploadOptions{Parallel: 1})
		if e, ok := errors.AsType[*StorageError](err); !ok || e.StatusCode != 403 || d.count("S3 PUT") > maxRenewals+1 {
			t.Errorf("%v after %d requests", err, d.count("S3 PUT"))
		}
	}
}

func TestAClockThatIsWrongChangesNothing(t *testing.T) {
	for _, skew := range []time.Duration{-48 * time.Hour, 48 * time.Hour} {
		d := newDouble(t)
		d.skew, d.urlLife = skew, time.Minute
		_, src := write(t, random(5<<20))
		f, err := d.client().Upload(t.Context(), src, UploadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if calls := d.count("POST parts"); calls > 5 {
			t.Errorf("%v off: 5 parts were presigned in %d calls", skew, calls)
		}
		if _, err := d.client().Copy(t.Context(), f.ID, io.Discard, DownloadOptions{}); err != nil || d.count("POST download") != 1 {
			t.Errorf("%v off: %v, %d calls for a URL", skew, err, d.count("POST download"))
		}
	}
}

func TestATokenThatRanOutIsAskedForAgainOnce(t *testing.T) {
	d := newDouble(t)
	var calls atomic.Int32
	c, err := New(d.URL, func(context.Context) (string, error) {
		if calls.Add(1) == 1 {
			return "an old token", nil
		}
		return "a token", nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	if _, err := c.Create(t.Context(), NewFile{Filename: "a", ContentType: "text/plain", Size: 1}); err != nil || calls.Load() != 2 {
		t.Errorf("%v after %d tokens", err, calls.Load())
	}
	d.settle()
	d.tokens = nil
	calls.Store(1)
	if _, err := c.Get(t.Context(), "x"); !errors.Is(err, ErrUnauthorized) || calls.Load() != 3 {
		t.Errorf("%v after %d tokens", err, calls.Load()-1)
	}
}

func TestATransferInWhichNothingMovesIsTriedAgain(t *testing.T) {
	d := newDouble(t)
	var stopped chan struct{} // lets the server go on
	c := d.client()
	c.stall = 300 * time.Millisecond
	stopped = make(chan struct{})
	d.storage = first(1, func(http.ResponseWriter, *http.Request) { <-stopped })
	data := random(5 << 20)
	_, src := write(t, data)
	f, err := c.Upload(t.Context(), src, UploadOptions{Parallel: 1})
	if err != nil || !bytes.Equal(d.file(f.ID).object, data) {
		t.Error(err)
	}
	close(stopped)
	d.settle()
	stopped = make(chan struct{})
	d.storage = first(1, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", len(data)-1, len(data)))
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		w.Header().Set("ETag", `"the object"`)
		w.WriteHeader(206)
		w.Write(data[:1000])
		w.(http.Flusher).Flush()
		<-stopped
	})
	var got bytes.Buffer
	if _, err := c.Copy(t.Context(), f.ID, &got, DownloadOptions{}); err != nil || !bytes.Equal(got.Bytes(), data) {
		t.Error(err)
	}
	close(stopped)
}

func TestNoRedirectIsFollowed(t *testing.T) {
	d := newDouble(t)
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s with the header %v went astray", r.Method, r.Header)
	}))
	defer thief.Close()
	redirect := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, thief.URL, http.StatusTemporaryRedirect)
	}
	d.api = first(1, redirect)
	if _, err := d.client().Get(t.Context(), "x"); err == nil {
		t.Error("the API's redirect is no error")
	}
	d.settle()
	d.storage = first(1, redirect)
	_, src := write(t, random(100))
	if _, err := d.client().Upload(t.Context(), src, UploadOptions{}); err == nil {
		t.Error("S3's redirect is no error")
	}
}
