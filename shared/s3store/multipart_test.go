package s3store

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/parts"
)

const crc = "1dYzFQ+kJlU="

func TestAPartSignsItsUploadItsNumberItsLengthAndItsChecksum(t *testing.T) {
	for _, tt := range []struct {
		checksum, signed string
		headers          int
	}{
		{"", "content-length;host", 1},
		{crc, "content-length;host;x-amz-checksum-crc64nvme", 2},
	} {
		got, err := store(static()).PresignPart(t.Context(), parts.Put{
			Key: "files/a/b", UploadID: "u/1", Number: 7, Size: 5 << 20, ChecksumCRC64NVME: tt.checksum, Life: time.Minute,
		})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(got.URL)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if q.Get("X-Amz-SignedHeaders") != tt.signed || q.Get("uploadId") != "u/1" || q.Get("partNumber") != "7" || q.Get("X-Amz-Expires") != "60" || got.Method != "PUT" || u.Path != "/files/a/b" {
			t.Errorf("%s %s", got.Method, got.URL)
		}
		for name := range q {
			if n := strings.ToLower(name); strings.Contains(n, "checksum") || strings.Contains(n, "crc") {
				t.Errorf("the query carries %s", name)
			}
		}
		if len(got.Headers) != tt.headers || got.Headers["Content-Length"] != "5242880" || got.Headers["X-Amz-Checksum-Crc64nvme"] != tt.checksum {
			t.Errorf("headers %v", got.Headers)
		}
	}
}

// answering returns a Store on an S3 that answers by handler.
func answering(t *testing.T, handler http.HandlerFunc) *Store {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return New(aws.Config{
		Region: "eu-west-1", Credentials: static(), BaseEndpoint: aws.String(server.URL),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}, "bucket")
}

func fault(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>m</Message></Error>`, code)
}

// As S3 words them ("CompleteMultipartUpload" and "Error responses", Amazon S3
// API Reference), be it with their status or within an answer that began with 200.
func TestWhatS3SaysOfPuttingTogetherIsUnderstood(t *testing.T) {
	for _, tt := range []struct {
		status int
		code   string
		want   error
	}{
		{404, "NoSuchUpload", parts.ErrNoUpload},
		{412, "PreconditionFailed", parts.ErrObjectExists},
		{409, "ConditionalRequestConflict", parts.ErrBusy},
		{409, "OperationAborted", parts.ErrBusy},
		{400, "BadDigest", parts.ErrBadChecksum},
		{400, "InvalidPart", parts.ErrPartChanged},
		{200, "NoSuchUpload", parts.ErrNoUpload},
		{200, "BadDigest", parts.ErrBadChecksum},
	} {
		s := answering(t, func(w http.ResponseWriter, _ *http.Request) { fault(w, tt.status, tt.code) })
		a := parts.Assembly{Key: "k", UploadID: "u", Size: 1, Parts: []file.Part{{Number: 1}}, ChecksumCRC64NVME: crc}
		if err := s.Assemble(t.Context(), a); !errors.Is(err, tt.want) {
			t.Errorf("%d %s: %v", tt.status, tt.code, err)
		}
	}
	s := answering(t, func(w http.ResponseWriter, _ *http.Request) { fault(w, 400, "BadDigest") })
	if err := s.Assemble(t.Context(), parts.Assembly{Key: "k", UploadID: "u", Size: 1}); !errors.Is(err, parts.ErrPartChanged) {
		t.Errorf("BadDigest of a checksum that nobody gave: %v", err)
	}
	for _, code := range []string{"InternalError", "AccessDenied", "EntityTooSmall"} {
		s := answering(t, func(w http.ResponseWriter, _ *http.Request) { fault(w, 200, code) })
		err := s.Assemble(t.Context(), parts.Assembly{Key: "k", UploadID: "u", Size: 1})
		if err == nil || !strings.Contains(err.Error(), code) {
			t.Errorf("%s passes for success, or loses its name: %v", code, err)
		}
	}
}

func TestPuttingTogetherAsksS3ForEverythingThatIsKnown(t *testing.T) {
	var header http.Header
	var body []byte
	s := answering(t, func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
		w.Write([]byte(`<CompleteMultipartUploadResult><ETag>"e-2"</ETag></CompleteMultipartUploadResult>`))
	})
	err := s.Assemble(t.Context(), parts.Assembly{
		Key: "files/a/b", UploadID: "u", Size: 9, ChecksumCRC64NVME: crc,
		Parts: []file.Part{{Number: 1, ETag: "e1", ChecksumCRC64NVME: crc}, {Number: 2, ETag: "e2"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"If-None-Match": "*", "X-Amz-Mp-Object-Size": "9", "X-Amz-Checksum-Type": "FULL_OBJECT", "X-Amz-Checksum-Crc64nvme": crc} {
		if header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, header.Get(name), want)
		}
	}
	if got := string(body); strings.Count(got, "<PartNumber>") != 2 || strings.Count(got, "<ChecksumCRC64NVME>"+crc) != 1 || !strings.Contains(got, "e1") {
		t.Errorf("%s", got)
	}
}

func TestAPageOfPartsBeginsBehindTheOneBefore(t *testing.T) {
	s := answering(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("uploadId") != "u" || r.URL.Path != "/bucket/k" {
			t.Errorf("asked for %s", r.URL)
		}
		fmt.Fprintf(w, `<ListPartsResult><IsTruncated>%t</IsTruncated><Part><PartNumber>%d</PartNumber><Size>5</Size><ETag>"e"</ETag><ChecksumCRC64NVME>%s</ChecksumCRC64NVME></Part></ListPartsResult>`,
			q.Get("part-number-marker") == "", 1+len(q.Get("part-number-marker"))*4, crc)
	})
	for after, want := range map[int]file.Part{
		0:    {Number: 1, Size: 5, ETag: "e", ChecksumCRC64NVME: crc},
		1000: {Number: 17, Size: 5, ETag: "e", ChecksumCRC64NVME: crc},
	} {
		held, more, err := s.Held(t.Context(), "k", "u", after)
		if err != nil || len(held) != 1 || held[0] != want || more != (after == 0) {
			t.Errorf("after %d: %+v, %v, %v", after, held, more, err)
		}
	}
}

func TestAnUploadThatIsGoneHoldsNoParts(t *testing.T) {
	s := answering(t, func(w http.ResponseWriter, _ *http.Request) { fault(w, 404, "NoSuchUpload") })
	if _, _, err := s.Held(t.Context(), "k", "u", 0); !errors.Is(err, parts.ErrNoUpload) {
		t.Error(err)
	}
	s = answering(t, func(w http.ResponseWriter, _ *http.Request) { fault(w, 404, "NoSuchBucket") })
	if _, _, err := s.Held(t.Context(), "k", "u", 0); err == nil || errors.Is(err, parts.ErrNoUpload) {
		t.Errorf("a bucket that is gone: %v", err)
	}
}

// A prefix finds more than a key: only what is under the very key is aborted, and
// all of it, whoever aborted some of it before; the known one also where the list
// does not show it.
func TestOnlyTheUploadsOfTheKeyAreAbortedAndAllOfThem(t *testing.T) {
	var aborted []string
	s := answering(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.Method == http.MethodDelete {
			aborted = append(aborted, r.URL.Path+" "+q.Get("uploadId"))
			if q.Get("uploadId") != "2" {
				fault(w, 404, "NoSuchUpload")
				return
			}
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if q.Get("prefix") != "files/a/b" {
			t.Errorf("the prefix is %q", q.Get("prefix"))
		}
		upload := func(key, id string) string {
			return "<Upload><Key>" + key + "</Key><UploadId>" + id + "</UploadId></Upload>"
		}
		if q.Get("key-marker") == "" {
			fmt.Fprint(w, `<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>files/a/b</NextKeyMarker><NextUploadIdMarker>1</NextUploadIdMarker>`+upload("files/a/b", "1")+`</ListMultipartUploadsResult>`)
			return
		}
		fmt.Fprint(w, `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>`+upload("files/a/b", "2")+upload("files/a/bc", "3")+`</ListMultipartUploadsResult>`)
	})
	for id, first := range map[string][]string{"": nil, "0": {"/bucket/files/a/b 0"}} {
		aborted = nil
		if err := s.AbortUploads(t.Context(), "files/a/b", id); err != nil {
			t.Fatal(err)
		}
		if want := append(first, "/bucket/files/a/b 1", "/bucket/files/a/b 2"); !slices.Equal(aborted, want) {
			t.Errorf("%q: aborted %v, want %v", id, aborted, want)
		}
	}
}

// The SHA-256 that S3 holds of an object in parts is one of their SHA-256s.
func TestOnlyAChecksumOfTheWholeObjectIsOne(t *testing.T) {
	for kind, want := range map[string]string{"FULL_OBJECT": sum, "": sum, "COMPOSITE": ""} {
		s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amz-Checksum-Sha256", sum)
			if kind != "" {
				w.Header().Set("X-Amz-Checksum-Type", kind)
			}
			w.Header().Set("Etag", `"0cc175b9c0f1b6a831c399e269772661-2"`)
		})
		obj, err := s.Describe(t.Context(), "k", "v")
		if err != nil || obj.ChecksumSHA256 != want || obj.ETag != "0cc175b9c0f1b6a831c399e269772661-2" {
			t.Errorf("%q: %+v, %v", kind, obj, err)
		}
	}
}

// What S3 has begun without its answer getting through would be left over if a
// second attempt went well.
func TestAnUploadIsBegunOnceUnlessS3SaysThatItWasNot(t *testing.T) {
	for name, tt := range map[string]struct {
		first    http.HandlerFunc
		attempts int64
	}{
		"cut off":            {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 1},
		"cut in its answer":  {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "1000") }, 1},
		"an error of S3's":   {func(w http.ResponseWriter, _ *http.Request) { fault(w, 500, "InternalError") }, 1},
		"a busy S3":          {func(w http.ResponseWriter, _ *http.Request) { fault(w, 503, "SlowDown") }, 2},
		"an S3 that is away": {func(w http.ResponseWriter, _ *http.Request) { fault(w, 503, "ServiceUnavailable") }, 2},
	} {
		var attempts atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if attempts.Add(1) == 1 {
				tt.first(w, r)
				return
			}
			fmt.Fprint(w, `<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>`)
		}))
		t.Cleanup(server.Close)
		s := New(aws.Config{Region: "eu-west-1", Credentials: static(), BaseEndpoint: aws.String(server.URL)}, "bucket")
		id, err := s.BeginUpload(t.Context(), "k", "text/plain")
		if attempts.Load() != tt.attempts || (err == nil) != (tt.attempts == 2) || (err == nil) != (id == "u") {
			t.Errorf("%s: %d attempts, %q %v", name, attempts.Load(), id, err)
		}
	}
}
