package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/shared/audit/audittest"
	domain "github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/s3store"
)

// uploads lists the ids of the uploads in parts that S3 has under a file's key.
func uploads(t *testing.T, id string) []string {
	t.Helper()
	out, err := local.Objects().ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String(bucket), Prefix: aws.String(record(t, id).Key)})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, u := range out.Uploads {
		ids = append(ids, aws.ToString(u.UploadId))
	}
	return ids
}

// refused holds an answer to a problem.
func refused(t *testing.T, why string, r reply, status int, kind, field string) {
	t.Helper()
	var p problem
	if r.into(t, &p); r.status != status || p.Type != "urn:vouch:problem:"+kind || p.Field != field || p.Accepted == "" || p.Detail == "" {
		t.Errorf("%s: %d %s, want %d %s of %q", why, r.status, r.body, status, kind, field)
	}
}

func TestAPartsURLServesForTheseBytesOfThisPartOnly(t *testing.T) {
	alice := as(t, "alice")
	data, other := random(t, partSize+100), random(t, 100)
	last := data[partSize:]
	f, foreign := alice.askParts(t, data, false), alice.askParts(t, data, false)
	alice.sendParts(t, f, data, 1)
	signed := alice.partURLs(t, f.ID, []int{2}, []string{crc64nvme(last)})[0]
	tampered := func(change func(url.Values)) string {
		u, err := url.Parse(signed.URL)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		change(q)
		u.RawQuery = q.Encode()
		return u.String()
	}
	for _, tt := range []struct {
		name   string
		url    string
		data   []byte
		header []string
		status int
		code   string
	}{
		{"other bytes", signed.URL, other, nil, 400, "BadDigest"},
		{"another checksum", signed.URL, other, []string{"X-Amz-Checksum-Crc64nvme", crc64nvme(other)}, 403, "SignatureDoesNotMatch"},
		{"no checksum", signed.URL, other, []string{"X-Amz-Checksum-Crc64nvme", ""}, 403, "SignatureDoesNotMatch"},
		{"a second kind of checksum", signed.URL, last, []string{"X-Amz-Checksum-Sha256", checksum(last)}, 403, "AccessDenied"},
		{"longer", signed.URL, append(last[:len(last):len(last)], 'x'), nil, 403, "SignatureDoesNotMatch"},
		{"shorter", signed.URL, last[1:], nil, 403, "SignatureDoesNotMatch"},
		{"empty", signed.URL, nil, nil, 403, "SignatureDoesNotMatch"},
		{"another part", tampered(func(q url.Values) { q.Set("partNumber", "1") }), last, nil, 403, "SignatureDoesNotMatch"},
		{"a part that there is not", tampered(func(q url.Values) { q.Set("partNumber", "3") }), last, nil, 403, "SignatureDoesNotMatch"},
		{"another upload", tampered(func(q url.Values) { q.Set("uploadId", record(t, foreign.ID).UploadID) }), last, nil, 403, "SignatureDoesNotMatch"},
		{"another key", strings.Replace(signed.URL, f.ID, foreign.ID, 1), last, nil, 403, "SignatureDoesNotMatch"},
		{"as a whole object", tampered(func(q url.Values) { q.Del("uploadId"); q.Del("partNumber"); q.Set("x-id", "PutObject") }), last, nil, 403, "SignatureDoesNotMatch"},
		{"as a whole object that is the first", tampered(func(q url.Values) { q.Del("uploadId"); q.Del("partNumber") }), last, []string{"If-None-Match", "*"}, 403, ""},
		{"with no number", tampered(func(q url.Values) { q.Del("partNumber") }), last, nil, 501, "NotImplemented"},
		{"as a copy", signed.URL, last, []string{"X-Amz-Copy-Source", bucket + "/" + record(t, f.ID).Key}, 403, "AccessDenied"},
		{"a longer life", tampered(func(q url.Values) { q.Set("X-Amz-Expires", "604800") }), last, nil, 403, "SignatureDoesNotMatch"},
		{"a tag that says clean", signed.URL, last, []string{"X-Amz-Tagging", "vouch-verdict=clean"}, 403, "AccessDenied"},
		{"no signature", strings.SplitN(signed.URL, "?", 2)[0], last, nil, 403, "AccessDenied"},
	} {
		if status, code := putTo(t, tt.url, signed.Headers, tt.data, tt.header...); status != tt.status || tt.code != "" && code != tt.code {
			t.Errorf("%s: %d %s, want %d %s", tt.name, status, code, tt.status, tt.code)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		req, err := http.NewRequestWithContext(t.Context(), method, signed.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", method, resp.StatusCode)
		}
	}
	if held := alice.held(t, f.ID); len(held) != 1 || held[0].PartNumber != 1 || held[0].ChecksumCRC64NVME != crc64nvme(data[:partSize]) {
		t.Fatalf("what was refused changed what S3 holds: %+v", held)
	}
	putPart(t, signed, last)
	putPart(t, signed, last) // it can be sent again as long as the upload lives
	if r := alice.complete(t, f.ID, map[string]any{"parts": alice.held(t, f.ID)}); r.status != http.StatusAccepted {
		t.Fatalf("complete: %d %s", r.status, r.body)
	}
	if status, code := putTo(t, signed.URL, signed.Headers, last); status != http.StatusNotFound || code != "NoSuchUpload" {
		t.Errorf("after the end of the upload: %d %s", status, code)
	}
	if got := alice.await(t, f.ID, "ready"); got.ChecksumSHA256 != checksum(data) || versions(t, f.ID) != 1 {
		t.Errorf("%+v, %d versions", got, versions(t, f.ID))
	}
}

func TestWhatIsNotWholeIsNotPutTogetherAndCanBeMended(t *testing.T) {
	alice := as(t, "alice")
	data := random(t, 2*partSize+100)
	f := alice.askParts(t, data, false)
	path := "/files/" + f.ID
	all := alice.sendParts(t, f, data, 1, 2)
	refused(t, "a part missing", alice.complete(t, f.ID, nil), 409, "parts-mismatch", "")

	// The URL of a part signs its length, so that only an administrator can bring a
	// wrong one.
	r := record(t, f.ID)
	admin := func(number int32, body []byte) {
		t.Helper()
		_, err := local.Objects().UploadPart(t.Context(), &s3.UploadPartInput{Bucket: aws.String(bucket), Key: &r.Key, UploadId: &r.UploadID, PartNumber: &number, Body: bytes.NewReader(body)})
		if err != nil {
			t.Fatal(err)
		}
	}
	admin(3, data[2*partSize:2*partSize+99])
	refused(t, "a short last part", alice.complete(t, f.ID, nil), 409, "parts-mismatch", "")
	all = append(all, alice.sendParts(t, f, data, 3)...)

	list := func(change func([]sent) []sent) map[string]any {
		return map[string]any{"parts": change(slices.Clone(all))}
	}
	for _, tt := range []struct {
		why         string
		body        any
		status      int
		kind, field string
	}{
		{"another ETag", list(func(p []sent) []sent { p[1].ETag = p[0].ETag; return p }), 409, "parts-mismatch", "parts[1].etag"},
		{"another checksum of a part", list(func(p []sent) []sent { p[2].ChecksumCRC64NVME = p[0].ChecksumCRC64NVME; return p }), 409, "parts-mismatch", "parts[2].checksumCRC64NVME"},
		{"the wrong order", list(func(p []sent) []sent { p[0], p[1] = p[1], p[0]; return p }), 422, "invalid-parts", "parts[0].partNumber"},
		{"a number twice", list(func(p []sent) []sent { p[1].PartNumber = 1; return p }), 422, "invalid-parts", "parts[1].partNumber"},
		{"an unknown number", list(func(p []sent) []sent { p[2].PartNumber = 4; return p }), 422, "invalid-parts", "parts[2].partNumber"},
		{"a list too long", list(func(p []sent) []sent { return append(p, sent{PartNumber: 4, ETag: "e"}) }), 422, "invalid-parts", "parts[3].partNumber"},
		{"a list too short", list(func(p []sent) []sent { return p[:2] }), 422, "invalid-parts", "parts"},
		{"an empty list", map[string]any{"parts": []sent{}}, 422, "invalid-parts", "parts"},
		{"no list", map[string]any{"parts": nil}, 400, "invalid-request", "parts"},
		{"an unknown member", map[string]any{"uploadId": "x"}, 400, "invalid-request", "uploadId"},
		{"another checksum of the file", map[string]any{"parts": all, "checksumCRC64NVME": crc64nvme(data[1:])}, 409, "parts-mismatch", "checksumCRC64NVME"},
		{"no SHA-256", map[string]any{"checksumSHA256": "x"}, 422, "invalid-checksum", "checksumSHA256"},
	} {
		refused(t, tt.why, alice.complete(t, f.ID, tt.body), tt.status, tt.kind, tt.field)
		if versions(t, f.ID) != 0 || alice.get(t, f.ID).Status != "pending" {
			t.Fatalf("%s: something was put together", tt.why)
		}
	}
	for _, tt := range []struct {
		why, body   string
		status      int
		kind, field string
	}{
		{"no part", `{"partNumbers":[]}`, 422, "invalid-parts", "partNumbers"},
		{"part 0", `{"partNumbers":[0]}`, 422, "invalid-parts", "partNumbers[0]"},
		{"a part that there is not", `{"partNumbers":[1,4]}`, 422, "invalid-parts", "partNumbers[1]"},
		{"a part twice", `{"partNumbers":[1,1]}`, 422, "invalid-parts", "partNumbers[1]"},
		{"one checksum of two", `{"partNumbers":[1,2],"checksums":["1dYzFQ+kJlU="]}`, 422, "invalid-checksum", "checksums"},
		{"no checksum", `{"partNumbers":[1],"checksums":["x"]}`, 422, "invalid-checksum", "checksums[0]"},
		{"text", `{"partNumbers":["1"]}`, 400, "invalid-request", "partNumbers[0]"},
		{"nothing", ``, 400, "invalid-request", ""},
	} {
		refused(t, tt.why, alice.call(t, "POST", path+"/parts", tt.body), tt.status, tt.kind, tt.field)
	}
	refused(t, "after 0", alice.call(t, "GET", path+"/parts?after=0", ""), 400, "invalid-parameter", "after")
	if got := alice.complete(t, f.ID, map[string]any{"parts": all, "checksumCRC64NVME": crc64nvme(data)}); got.status != http.StatusAccepted {
		t.Fatalf("mended: %d %s", got.status, got.body)
	}
	if got := alice.await(t, f.ID, "ready"); got.ChecksumSHA256 != checksum(data) {
		t.Errorf("other bytes are ready: %s", got.ChecksumSHA256)
	}
}

func TestAFileThatIsNotInPartsHasNone(t *testing.T) {
	alice := as(t, "alice")
	f := alice.ask(t, "a.bin", []byte("x"), false)
	refused(t, "presign", alice.call(t, "POST", "/files/"+f.ID+"/parts", `{"partNumbers":[1]}`), 409, "not-multipart", "")
	refused(t, "list", alice.call(t, "GET", "/files/"+f.ID+"/parts", ""), 409, "not-multipart", "")
	refused(t, "complete", alice.complete(t, f.ID, map[string]any{"checksumSHA256": checksum([]byte("x"))}), 409, "not-multipart", "")
	refused(t, "too early", alice.complete(t, f.ID, map[string]any{}), 409, "not-uploaded", "")
}

func TestAnothersPartsAreThoseOfAFileThatNeverWas(t *testing.T) {
	alice, mallory := as(t, "alice"), as(t, "mallory")
	f := alice.askParts(t, random(t, 100), false)
	const never = "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"
	for _, c := range []struct{ method, path, body string }{
		{"POST", "/files/%s/parts", `{"partNumbers":[1]}`},
		{"POST", "/files/%s/parts", `{"partNumbers":[2]}`},
		{"GET", "/files/%s/parts", ""},
		{"POST", "/files/%s/complete", `{"parts":[{"partNumber":1,"etag":"e"}]}`},
		{"POST", "/files/%s/complete", `{"parts":[]}`},
	} {
		theirs := mallory.call(t, c.method, fmt.Sprintf(c.path, f.ID), c.body)
		none := mallory.call(t, c.method, fmt.Sprintf(c.path, never), c.body)
		for _, h := range []http.Header{theirs.header, none.header} {
			h.Del("Date")
			h.Del("Apigw-Requestid")
		}
		if theirs.status != http.StatusNotFound || fmt.Sprint(theirs) != fmt.Sprint(none) {
			t.Errorf("%s %s: %v\nand %v", c.method, c.path, theirs, none)
		}
	}
}

func TestOfManyCompletionsAtOnceOneVersionComes(t *testing.T) {
	alice := as(t, "alice")
	data := random(t, 3*partSize)
	f := alice.askParts(t, data, false)
	all := alice.sendParts(t, f, data, 1, 2, 3)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			body := map[string]any{"checksumSHA256": checksum(data)}
			if i%2 == 0 {
				body["parts"] = all
			}
			switch r := alice.complete(t, f.ID, body); r.status {
			case http.StatusAccepted:
			case http.StatusConflict: // another one is putting it together
				refused(t, "too early", r, 409, "not-uploaded", "")
			default:
				t.Errorf("one was answered %d %s", r.status, r.body)
			}
		})
	}
	wg.Wait()
	if got := alice.await(t, f.ID, "ready"); got.ChecksumSHA256 != checksum(data) {
		t.Errorf("%+v", got)
	}
	if r := alice.complete(t, f.ID, map[string]any{"parts": all, "checksumSHA256": checksum(data)}); r.status != http.StatusAccepted {
		t.Errorf("again, when it is ready: %d %s", r.status, r.body)
	}
	if n := versions(t, f.ID); n != 1 {
		t.Errorf("S3 has %d versions", n)
	}
	if left := uploads(t, f.ID); len(left) != 0 {
		t.Errorf("uploads are left: %v", left)
	}
}

func TestADeletionAbortsEveryUploadOfTheFile(t *testing.T) {
	alice := as(t, "alice")
	data := random(t, 2*partSize)
	f := alice.askParts(t, data, false)
	alice.sendParts(t, f, data, 1)
	signed := alice.partURLs(t, f.ID, []int{2}, nil)[0]
	// As an attempt of the SDK's leaves it whose answer was lost.
	if _, err := local.Objects().CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: aws.String(record(t, f.ID).Key)}); err != nil {
		t.Fatal(err)
	}
	if n := len(uploads(t, f.ID)); n != 2 {
		t.Fatalf("S3 has %d uploads", n)
	}
	if r := alice.call(t, "DELETE", "/files/"+f.ID, ""); r.status != http.StatusNoContent {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if left := uploads(t, f.ID); len(left) != 0 {
		t.Errorf("uploads are left: %v", left)
	}
	if status, code := putTo(t, signed.URL, signed.Headers, data[partSize:]); status != http.StatusNotFound || code != "NoSuchUpload" {
		t.Errorf("a part that is late: %d %s", status, code)
	}
	refused(t, "complete", alice.complete(t, f.ID, nil), 409, "closed", "")
	refused(t, "presign", alice.call(t, "POST", "/files/"+f.ID+"/parts", `{"partNumbers":[1]}`), 409, "closed", "")
	if at := record(t, f.ID).SweepAt; time.Until(at) > 2*time.Hour {
		t.Errorf("it is looked at again only at %v", at)
	}
}

func TestAnUploadInPartsThatExpiresLeavesNothing(t *testing.T) {
	alice := as(t, "alice")
	data := random(t, 2*partSize)
	due := func(id string) {
		t.Helper()
		if err := records().Postpone(t.Context(), record(t, id), time.Now().Add(-time.Minute)); err != nil {
			t.Fatal(err)
		}
		result, err := local.Invoke(t.Context(), "SweepUploadsFunction", []byte("{}"))
		if err != nil || result.FunctionError != "" {
			t.Fatalf("%v %s", err, result.Payload)
		}
	}
	f := alice.askParts(t, data, false)
	alice.sendParts(t, f, data, 1)
	due(f.ID)
	if got := alice.get(t, f.ID).Status; got != "expired" || len(uploads(t, f.ID)) != 0 {
		t.Errorf("it is %s, and S3 has %v", got, uploads(t, f.ID))
	}
	// A part that was on its way may outlive the abort; the second look ends it.
	key := record(t, f.ID).Key
	if _, err := local.Objects().CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: &key}); err != nil {
		t.Fatal(err)
	}
	due(f.ID)
	if left := uploads(t, f.ID); len(left) != 0 || !record(t, f.ID).SweepAt.IsZero() {
		t.Errorf("uploads are left: %v, %v", left, record(t, f.ID).SweepAt)
	}
	// All parts are there, and nobody ever says complete: it expires, as it must,
	// since nobody has said that these are all the bytes that are meant.
	whole := alice.askParts(t, data, false)
	alice.sendParts(t, whole, data, 1, 2)
	due(whole.ID)
	if got := alice.get(t, whole.ID).Status; got != "expired" || versions(t, whole.ID) != 0 || len(uploads(t, whole.ID)) != 0 {
		t.Errorf("it is %s, with %d versions", got, versions(t, whole.ID))
	}
	refused(t, "complete", alice.complete(t, whole.ID, nil), 409, "closed", "")
	// create-upload was cut off when S3 had begun the upload and its id was not
	// noted yet.
	cut := record(t, f.ID)
	cut.ID, cut.Status, cut.UploadID, cut.Revision = newID(t), domain.Pending, "", 1
	cut.Key = domain.Key(cut.Owner, cut.ID)
	if err := records().Create(audittest.As(t, "e2e"), cut); err != nil {
		t.Fatal(err)
	}
	if _, err := local.Objects().CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: &cut.Key}); err != nil {
		t.Fatal(err)
	}
	refused(t, "a part of what was never begun", alice.call(t, "POST", "/files/"+cut.ID+"/parts", `{"partNumbers":[1]}`), 409, "closed", "")
	due(cut.ID)
	if got := alice.get(t, cut.ID).Status; got != "expired" || len(uploads(t, cut.ID)) != 0 {
		t.Errorf("it is %s, and S3 has %v", got, uploads(t, cut.ID))
	}
}

func newID(t *testing.T) string {
	t.Helper()
	id, err := domain.NewID()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// S3 or its lifecycle may end an upload that the record still believes in.
func TestAnUploadThatS3GaveUpIsToldAsSuch(t *testing.T) {
	alice := as(t, "alice")
	data := random(t, partSize+1)
	f := alice.askParts(t, data, false)
	alice.sendParts(t, f, data, 1, 2)
	if err := s3storeAs(local.Admin()).AbortUploads(t.Context(), record(t, f.ID).Key, ""); err != nil {
		t.Fatal(err)
	}
	refused(t, "list", alice.call(t, "GET", "/files/"+f.ID+"/parts", ""), 409, "closed", "")
	refused(t, "complete", alice.complete(t, f.ID, nil), 409, "not-uploaded", "")
}

func s3storeAs(cfg aws.Config) *s3store.Store {
	cfg.BaseEndpoint = aws.String(local.S3URL())
	return s3store.New(cfg, bucket)
}

func TestAPromiseThatIsMadeAtTheEndHolds(t *testing.T) {
	alice := as(t, "alice")
	data := random(t, partSize+1)
	f := alice.askParts(t, data, false)
	alice.sendParts(t, f, data, 1, 2)
	if r := alice.complete(t, f.ID, map[string]any{"checksumSHA256": checksum(data[1:])}); r.status != http.StatusAccepted {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if got := alice.await(t, f.ID, "rejected"); got.Reason != "checksum-mismatch" {
		t.Errorf("the reason is %s", got.Reason)
	}
	// One that was made at the beginning is not replaced.
	f = alice.askParts(t, data, true)
	alice.sendParts(t, f, data, 1, 2)
	refused(t, "another promise", alice.complete(t, f.ID, map[string]any{"checksumSHA256": checksum(data[1:])}), 422, "invalid-checksum", "checksumSHA256")
	if r := alice.complete(t, f.ID, map[string]any{"checksumSHA256": checksum(data)}); r.status != http.StatusAccepted {
		t.Fatalf("%d %s", r.status, r.body)
	}
	alice.await(t, f.ID, "ready")
}

// No part has the test file whole; the object has, and is read as one.
func TestMalwareAcrossTheBorderOfPartsIsFound(t *testing.T) {
	alice := as(t, "alice")
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for _, e := range []struct {
		name string
		data []byte
	}{{"a.txt", bytes.Repeat([]byte("a"), partSize-150)}, {"e.com", eicar}} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	data := archive.Bytes()
	if at := bytes.Index(data, eicar); at >= partSize || at+len(eicar) <= partSize {
		t.Fatalf("the test file is at %d, which is not across %d", at, partSize)
	}
	f := alice.askParts(t, data, true)
	alice.sendParts(t, f, data, 2, 1)
	if r := alice.complete(t, f.ID, nil); r.status != http.StatusAccepted {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if got := alice.await(t, f.ID, "rejected"); got.Reason != "malware-detected" {
		t.Errorf("the reason is %s", got.Reason)
	}
}

// What a role may do to parts is no way to an object.
func TestARoleThatHandlesPartsMakesNoObjectOfItsOwn(t *testing.T) {
	alice := as(t, "alice")
	f := alice.askParts(t, random(t, 100), false)
	r := record(t, f.ID)
	put := func(function string, condition *string) error {
		_, err := objectsAs(t, function).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &r.Key, Body: strings.NewReader("x"), IfNoneMatch: condition})
		return err
	}
	for name, act := range map[string]func() error{
		"presign-parts puts an object":               func() error { return put("PresignPartsFunction", nil) },
		"presign-parts puts an object, conditional":  func() error { return put("PresignPartsFunction", aws.String("*")) },
		"list-parts puts an object, conditional":     func() error { return put("ListPartsFunction", aws.String("*")) },
		"create-upload puts an object over another":  func() error { return put("CreateUploadFunction", nil) },
		"complete-upload puts one over another":      func() error { return put("CompleteUploadFunction", nil) },
		"list-parts reads an object":                 func() error { return read(t, "ListPartsFunction", r) },
		"presign-parts reads an object":              func() error { return read(t, "PresignPartsFunction", r) },
		"presign-parts puts parts together":          func() error { return assemble(t, "PresignPartsFunction", r, aws.String("*")) },
		"create-upload puts them together anyhow":    func() error { return assemble(t, "CreateUploadFunction", r, nil) },
		"complete-upload puts them over another":     func() error { return assemble(t, "CompleteUploadFunction", r, nil) },
		"complete-upload begins an upload":           func() error { return begin(t, "CompleteUploadFunction", r.Key) },
		"create-upload begins one outside of files/": func() error { return begin(t, "CreateUploadFunction", "x") },
		"complete-upload aborts an upload": func() error {
			_, err := objectsAs(t, "CompleteUploadFunction").AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: aws.String(bucket), Key: &r.Key, UploadId: &r.UploadID})
			return err
		},
		"presign-parts lists parts": func() error {
			_, err := objectsAs(t, "PresignPartsFunction").ListParts(t.Context(), &s3.ListPartsInput{Bucket: aws.String(bucket), Key: &r.Key, UploadId: &r.UploadID})
			return err
		},
		"complete-upload lists uploads": func() error {
			_, err := objectsAs(t, "CompleteUploadFunction").ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String(bucket), Prefix: &r.Key})
			return err
		},
	} {
		if err := act(); err == nil {
			t.Errorf("%s: it was allowed", name)
		} else if text := err.Error(); !strings.Contains(text, "AccessDenied") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func read(t *testing.T, function string, r domain.File) error {
	_, err := objectsAs(t, function).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &r.Key})
	return err
}

func begin(t *testing.T, function, key string) error {
	_, err := objectsAs(t, function).CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: &key})
	return err
}

func assemble(t *testing.T, function string, r domain.File, condition *string) error {
	_, err := objectsAs(t, function).CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{Bucket: aws.String(bucket), Key: &r.Key, UploadId: &r.UploadID, IfNoneMatch: condition})
	return err
}

// The store's two writes that are no transitions hold to their conditions.
func TestTheStoreBeginsAndPromisesOnlyWhatItMay(t *testing.T) {
	alice := as(t, "alice")
	store := records()
	sum, other := checksum([]byte("a")), checksum([]byte("b"))
	f := alice.askParts(t, random(t, 100), false)
	put := alice.ask(t, "a.bin", []byte("x"), false)
	begun := domain.Begun{UploadID: "second", ExpiresAt: time.Now(), SweepAt: time.Now().Add(time.Hour), At: time.Now()}
	for why, id := range map[string]string{"it has begun": f.ID, "it is not in parts": put.ID} {
		before := record(t, id)
		if current, moved := conflict(store.Begin(t.Context(), id, begun)); !moved || current.ID != id {
			t.Errorf("%s, and could be begun again", why)
		}
		if after := record(t, id); after.UploadID != before.UploadID || after.Revision != before.Revision {
			t.Errorf("%s: %+v", why, after)
		}
	}
	if got, err := store.Promise(t.Context(), f.ID, domain.Promise{ChecksumSHA256: sum, At: time.Now()}); err != nil || got.ChecksumSHA256 != sum {
		t.Errorf("a promise: %+v, %v", got, err)
	}
	if _, err := store.Promise(t.Context(), f.ID, domain.Promise{ChecksumSHA256: sum, At: time.Now()}); err != nil {
		t.Errorf("the same promise: %v", err)
	}
	if _, moved := conflict(store.Promise(t.Context(), f.ID, domain.Promise{ChecksumSHA256: other, At: time.Now()})); !moved || record(t, f.ID).ChecksumSHA256 != sum {
		t.Error("another promise was taken")
	}
	if r := alice.call(t, "DELETE", "/files/"+f.ID, ""); r.status != http.StatusNoContent {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if _, moved := conflict(store.Promise(t.Context(), f.ID, domain.Promise{ChecksumSHA256: sum, At: time.Now()})); !moved {
		t.Error("a promise of a deleted file was taken")
	}
	const never = "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"
	if _, err := store.Begin(context.Background(), never, begun); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("a file that never was: %v", err)
	}
}

func conflict(_ domain.File, err error) (domain.File, bool) { return domain.Conflict(err) }
