package canary

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/audit/audittest"
	"github.com/vouch-s3/vouch/shared/deletion"
	"github.com/vouch-s3/vouch/shared/download"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/inspect"
	"github.com/vouch-s3/vouch/shared/metrics"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/policy/override"
	"github.com/vouch-s3/vouch/shared/upload"
)

// world is a Vouch whose every part can be broken. Its parts are the real ones
// but for S3, the workflow and the list.
type world struct {
	filetest.Records
	mu      sync.Mutex
	objects map[string][]byte // by key
	ids     []string

	verdict   func(data []byte) (file.Status, file.Reason)                   // the workflow
	gate      func(f file.File) int                                          // whether S3 gives a version out
	alter     func(header http.Header, body []byte) []byte                   // what becomes of what it gives out
	unsigned  bool                                                           // S3 takes no upload
	down      bool                                                           // S3 does not answer
	downloads func(download.Creator) Downloads                               // nil for the real one
	deletes   func(ctx context.Context, p access.Principal, id string) error // nil for the real one
}

func newWorld() *world {
	return &world{
		objects: map[string][]byte{},
		verdict: func(data []byte) (file.Status, file.Reason) {
			if bytes.Equal(data, eicar()) {
				return file.Rejected, file.MalwareDetected
			}
			return file.Ready, ""
		},
		gate: func(f file.File) int {
			if f.Status == file.Ready {
				return http.StatusOK
			}
			return http.StatusForbidden
		},
		alter: func(_ http.Header, body []byte) []byte { return body },
	}
}

func (w *world) canary() Canary {
	limits := policy.Default()
	d := download.Creator{Records: w, Presigner: w, Policy: limits, Now: time.Now}
	c := Canary{
		Uploads:   upload.Creator{Records: w, Presigner: w, Policy: limits, Now: time.Now},
		Downloads: d, Records: w, Presigner: w, HTTP: w, Now: time.Now, ContentType: ContentType(limits),
		Deletions: deletion.Deleter{Records: w, Objects: w, Policy: limits, Now: time.Now},
	}
	if w.downloads != nil {
		c.Downloads = w.downloads(d)
	}
	if w.deletes != nil {
		c.Deletions = deletes(w.deletes)
	}
	return c
}

type deletes func(ctx context.Context, p access.Principal, id string) error

func (d deletes) Delete(ctx context.Context, p access.Principal, id string) error {
	return d(ctx, p, id)
}

func (w *world) Create(ctx context.Context, f file.File) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids = append(w.ids, f.ID)
	return w.Records.Create(ctx, f)
}

// List lists one file a page.
func (w *world) List(ctx context.Context, q file.Query) ([]file.File, string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	past := q.After == ""
	for _, id := range w.ids {
		f, err := w.Get(ctx, id)
		if past && err == nil && f.Owner == q.Owner && f.Status != file.Deleted {
			return []file.File{f}, id, nil
		}
		past = past || id == q.After
	}
	return nil, "", nil
}

func (w *world) PresignPut(_ context.Context, p upload.Put) (upload.Instructions, error) {
	return upload.Instructions{
		Method: http.MethodPut, URL: "https://s3.test/" + p.Key + "?X-Amz-Signature=secret", ExpiresAt: time.Now().Add(p.Life),
		Headers: map[string]string{"Content-Length": "1", "Content-Type": p.ContentType, "If-None-Match": "*", "X-Amz-Checksum-Sha256": p.ChecksumSHA256},
	}, nil
}

func (w *world) PresignForm(context.Context, upload.Form) (upload.Instructions, error) {
	return upload.Instructions{}, errors.New("the canary sends no form")
}

func (w *world) PresignGet(_ context.Context, g download.Get) (string, time.Time, error) {
	q := url.Values{"X-Amz-Signature": {"secret"}, "versionId": {g.VersionID}, "type": {g.ContentType}, "disposition": {g.ContentDisposition}}
	return "https://s3.test/" + g.Key + "?" + q.Encode(), time.Now().Add(g.Life), nil
}

// Do is S3, and the workflow behind it.
func (w *world) Do(r *http.Request) (*http.Response, error) {
	if w.down {
		return nil, &url.Error{Op: r.Method, URL: r.URL.String(), Err: errors.New("connection refused")}
	}
	key, id := strings.TrimPrefix(r.URL.Path, "/"), path.Base(r.URL.Path)
	if r.Method == http.MethodPut {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(data)
		if w.unsigned || r.Header.Get("If-None-Match") != "*" || r.Header.Get("Content-Type") == "" || r.Header.Get("X-Amz-Checksum-Sha256") != file.EncodeChecksum(sum[:]) {
			return answer(http.StatusForbidden, nil, nil), nil
		}
		w.mu.Lock()
		w.objects[key] = data
		w.mu.Unlock()
		go w.verify(id, data)
		return answer(http.StatusOK, nil, nil), nil
	}
	f, err := w.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	status := w.gate(f)
	if status != http.StatusOK {
		return answer(status, nil, []byte("<Code>AccessDenied</Code>")), nil
	}
	w.mu.Lock()
	data := w.objects[key]
	w.mu.Unlock()
	header := http.Header{"Content-Type": {r.URL.Query().Get("type")}, "Content-Disposition": {r.URL.Query().Get("disposition")}}
	return answer(status, header, w.alter(header, bytes.Clone(data))), nil
}

func answer(status int, header http.Header, body []byte) *http.Response {
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader(body))}
}

// verify is the workflow; it takes three seconds.
func (w *world) verify(id string, data []byte) {
	time.Sleep(3 * time.Second)
	status, reason := w.verdict(data)
	for _, to := range []file.Status{file.Uploaded, file.Verifying, status} {
		change := file.Change{To: to, At: time.Now()}
		if to == file.Uploaded {
			change.Object = &file.Object{VersionID: "v1", ETag: "e1"}
		}
		if to == status {
			change.Reason = reason
		}
		if _, err := w.Change(context.Background(), id, change); err != nil {
			return // it was deleted meanwhile, or never comes to an end
		}
	}
}

func (w *world) DeleteAll(_ context.Context, key string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.objects, key)
	return nil
}

// left lists what a run has left behind.
func (w *world) left(t *testing.T) (left []string) {
	t.Helper()
	for key := range w.objects {
		left = append(left, key)
	}
	for _, id := range w.ids {
		if f, err := w.Get(t.Context(), id); err != nil || f.Status != file.Deleted {
			left = append(left, id)
		}
	}
	return left
}

func TestBothProofsAreMadeAndNothingIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		report, err := w.canary().Run(audittest.As(t, Owner))
		if err != nil {
			t.Fatal(err)
		}
		for name, seconds := range map[string]float64{"ready": report.ReadySeconds, "rejected": report.RejectedSeconds} {
			if seconds < 3 || seconds > 5 {
				t.Errorf("%s after %v seconds, and the workflow took 3", name, seconds)
			}
		}
		if len(w.ids) != 2 || report.CleanID == report.MalwareID || len(w.left(t)) != 0 {
			t.Errorf("%+v, files %v, left %v", report, w.ids, w.left(t))
		}
	})
}

func TestEveryBrokenPromiseFailsTheRunByItsName(t *testing.T) {
	for name, tt := range map[string]struct {
		fault func(*world)
		want  Promise
	}{
		"the scanner calls everything clean": {func(w *world) {
			w.verdict = func([]byte) (file.Status, file.Reason) { return file.Ready, "" }
		}, MalwareIsNeverReady},
		"the scanner is down": {func(w *world) {
			w.verdict = func([]byte) (file.Status, file.Reason) { return file.Rejected, file.VerificationFailed }
		}, MalwareIsNamed},
		"the scanner calls everything malware": {func(w *world) {
			w.verdict = func([]byte) (file.Status, file.Reason) { return file.Rejected, file.MalwareDetected }
		}, CleanFilesAreReady},
		"no verdict ever comes": {func(w *world) {
			w.verdict = func([]byte) (file.Status, file.Reason) { time.Sleep(time.Hour); return file.Ready, "" }
		}, VerdictsComeInTime},
		"uploads are refused": {func(w *world) { w.unsigned = true }, UploadsAreTaken},
		"downloads are granted for everything": {func(w *world) {
			w.downloads = func(d download.Creator) Downloads { return everything{d} }
		}, MalwareHasNoURL},
		"the bucket's policy is gone": {func(w *world) {
			w.gate = func(file.File) int { return http.StatusOK }
		}, MalwareStaysInside},
		"S3 is out of order for the rejected": {func(w *world) {
			w.gate = func(f file.File) int {
				if f.Status == file.Ready {
					return http.StatusOK
				}
				return http.StatusInternalServerError
			}
		}, MalwareStaysInside},
		"the download is refused": {func(w *world) {
			w.gate = func(file.File) int { return http.StatusForbidden }
		}, CleanFilesComeBack},
		"other bytes come back": {func(w *world) {
			w.alter = func(_ http.Header, body []byte) []byte { body[0]++; return body }
		}, CleanFilesComeBack},
		"more bytes come back": {func(w *world) {
			w.alter = func(_ http.Header, body []byte) []byte { return append(body, 'x') }
		}, CleanFilesComeBack},
		"it would be shown in the page": {func(w *world) {
			w.alter = func(h http.Header, body []byte) []byte { h.Set("Content-Disposition", "inline"); return body }
		}, CleanFilesComeBack},
		"it comes as another type": {func(w *world) {
			w.alter = func(h http.Header, body []byte) []byte { h.Set("Content-Type", "text/html"); return body }
		}, CleanFilesComeBack},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				tt.fault(w)
				_, err := w.canary().Run(audittest.As(t, Owner))
				e, ok := errors.AsType[*BrokenError](err)
				if !ok || e.Promise != tt.want || !file.ValidID(e.FileID) || !strings.Contains(err.Error(), string(tt.want)) {
					t.Errorf("%v, want that the promise is broken that %s", err, tt.want)
				}
				if left := w.left(t); len(left) > 0 {
					t.Errorf("left behind: %v", left)
				}
				synctest.Wait()
				time.Sleep(2 * time.Hour) // let the workflow end too
			})
		})
	}
}

// everything grants downloads that the real Creator refuses.
type everything struct{ download.Creator }

func (e everything) Create(ctx context.Context, p access.Principal, id string) (download.Link, error) {
	if l, err := e.Creator.Create(ctx, p, id); err == nil {
		return l, nil
	}
	return download.Link{URL: "https://s3.test/"}, nil
}

func TestRejectedBytesThatAreDeletedAtOnceAreOutOfReachToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.gate = func(f file.File) int {
			if f.Status == file.Ready {
				return http.StatusOK
			}
			return http.StatusNotFound
		}
		if _, err := w.canary().Run(audittest.As(t, Owner)); err != nil {
			t.Error(err)
		}
	})
}

func TestWhereNoScannerIsAskedNoMalwareIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		c := w.canary()
		c.NoScanner = true
		report, err := c.Run(audittest.As(t, Owner))
		if err != nil || len(w.ids) != 1 || report.MalwareID != "" || !report.NoScanner || report.ReadySeconds == 0 {
			t.Errorf("%+v, %v", report, err)
		}
	})
}

func TestWhatAnEarlierRunLeftIsDeletedOnceNoRunUsesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		c := w.canary()
		var ids []string
		for range 3 {
			f, _, err := c.Uploads.Create(t.Context(), upload.Request{Owner: Owner, Filename: "a.txt", ContentType: "text/plain", Size: 1})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, f.ID)
			time.Sleep(40 * time.Minute)
		}
		theirs, _, err := c.Uploads.Create(t.Context(), upload.Request{Owner: "alice", Filename: "a.txt", ContentType: "text/plain", Size: 1})
		if err != nil {
			t.Fatal(err)
		}
		report, err := c.Run(audittest.As(t, Owner))
		if err != nil || report.Leftovers != 2 {
			t.Fatalf("%+v, %v", report, err)
		}
		for id, want := range map[string]file.Status{ids[0]: file.Deleted, ids[1]: file.Deleted, ids[2]: file.Pending, theirs.ID: file.Pending} {
			if f, err := w.Get(t.Context(), id); err != nil || f.Status != want {
				t.Errorf("%s is %s, want %s: %v", id, f.Status, want, err)
			}
		}
	})
}

func TestAFileThatCannotBeDeletedFailsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.deletes = func(context.Context, access.Principal, string) error { return errors.New("throttled") }
		if _, err := w.canary().Run(audittest.As(t, Owner)); err == nil || strings.Count(err.Error(), "throttled") != 2 {
			t.Errorf("%v", err)
		}
	})
}

// The URLs of a run are as good as anybody's, and its errors are logged.
func TestNoErrorHoldsASignature(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.down = true
		_, err := w.canary().Run(audittest.As(t, Owner))
		if err == nil || !strings.Contains(err.Error(), "connection refused") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
	})
}

// emitted remembers metrics.
type emitted map[string]float64

func (e emitted) Emit(values ...metrics.Value) error {
	for _, v := range values {
		e[v.Name] = v.Value
	}
	return nil
}

func TestMalwareThatIsReadyIsLoggedWithItsIDAndCounted(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)
	synctest.Test(t, func(t *testing.T) {
		w, m := newWorld(), emitted{}
		report, err := Lambda(w.canary(), m)(t.Context())
		if err != nil || m["CanaryFailed"] != 0 || m["ReadySeconds"] == 0 || m["RejectedSeconds"] == 0 {
			t.Errorf("%v, %v", err, m)
		}
		if strings.Contains(log.String(), "ERROR") {
			t.Errorf("%s", log.String())
		}
		w.verdict = func([]byte) (file.Status, file.Reason) { return file.Ready, "" }
		report, err = Lambda(w.canary(), m)(t.Context())
		if err == nil || m["CanaryFailed"] != 1 {
			t.Errorf("%v, %v", err, m)
		}
		if want := `"fileId":"` + report.MalwareID + `"`; !strings.Contains(log.String(), "malware is ready") || !strings.Contains(log.String(), want) {
			t.Errorf("%s lacks %s", log.String(), want)
		}
	})
}

func TestWhatWasNotMeasuredIsNoMetric(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, m := newWorld(), emitted{}
		w.unsigned = true
		if _, err := Lambda(w.canary(), m)(t.Context()); err == nil || len(m) != 1 || m["CanaryFailed"] != 1 {
			t.Errorf("%v, %v", err, m)
		}
	})
}

func TestTheTestFileIsTheRealOneAndStandsNowhereWhole(t *testing.T) {
	sum := sha256.Sum256(eicar())
	if got := hex.EncodeToString(sum[:]); got != "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f" {
		t.Fatalf("it has the SHA-256 %s", got)
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{binary, "samples.go"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, eicar()) {
			t.Errorf("a scanner would take %s away", name)
		}
	}
}

func TestTheCleanFileIsNewEveryTimeAndPlainText(t *testing.T) {
	p := policy.Default()
	a, b := harmless(), harmless()
	if bytes.Equal(a, b) || len(a) < 64<<10 {
		t.Errorf("two are the same, or only %d bytes long", len(a))
	}
	report, err := inspect.Stream(bytes.NewReader(a), p.Inspect)
	if err != nil || !p.MayBe("text/plain", report.Type) || len(report.Findings) > 0 || !report.Coverage.Complete {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestTheFilesAreOfATypeThatThePolicyAllows(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "text/plain",
		"types: { text/plain: null }": "application/octet-stream",
		"types: { text/plain: { content: [text/csv] } }":                                             "application/octet-stream",
		"types: { text/plain: null, application/octet-stream: null }":                                "text/plain", // refused, and so said
		"types: { application/octet-stream: null, image/png: { content: ['*'] }, text/plain: null }": "image/png",
	} {
		p, err := override.Load(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := ContentType(p); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestNoIssuerNamesTheCanary(t *testing.T) {
	// With a colon it would have to be a URI, and a URI begins with a letter.
	if !strings.HasPrefix(Owner, ":") {
		t.Errorf("%q may be a token's subject (RFC 7519, 4.1.2; RFC 3986, 3.1)", Owner)
	}
}

// The canary sends by a PUT even where clients may not.
func TestTheCanaryIsGrantedItsOneWay(t *testing.T) {
	p := policy.Default()
	p.Methods = []file.Method{file.Multipart}
	if m, err := OneWay(p).Method("", 64<<10); err != nil || m != file.Put {
		t.Errorf("%s, %v", m, err)
	}
	if len(p.Methods) != 1 || p.Methods[0] != file.Multipart {
		t.Errorf("the policy itself is %v", p.Methods)
	}
}
