package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/crc64nvme"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/receipt"
)

// The tokens that the double knows.
const (
	goodToken   = "good.token.of-alice"
	readerToken = "good.token.without-write"
)

// double stands in for the API and for S3, as docs/openapi.yaml has them. It is
// made for what the real stack cannot be made to do at a wish: to stop in the
// middle, to count, and to refuse. local/e2e has the real ones.
type double struct {
	erased erasing
	*httptest.Server
	key *ecdsa.PrivateKey

	mu       sync.Mutex
	files    map[string]*doubled
	order    []string
	requests []string // method, path and the Authorization, of each
	taken    int      // parts that were stored, in all
	gate     int      // how many parts are stored before the others wait; negative for all
	released chan struct{}
	held     int    // parts that wait at the gate
	token    string // the token that is accepted besides the others
	tenant   bool   // whether what a tenant uses is counted
	quota    string // the one that refuses uploads, or closed; empty for none

	waiting chan struct{} // something is sent to it when a part waits at the gate
}

// doubled is a file of the double.
type doubled struct {
	record   map[string]any
	parts    map[int][]byte
	sums     map[int]string
	bytes    []byte
	partSize int64
	requests []string // of S3, as "PUT 3" or "GET bytes=0-1"
	grants   []map[string]string
}

func newDouble(t *testing.T) *double {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d := &double{files: map[string]*doubled{}, key: key, gate: -1, released: make(chan struct{}), waiting: make(chan struct{}, 1000)}
	d.Server = httptest.NewServer(http.HandlerFunc(d.serve))
	t.Cleanup(func() {
		d.open()
		d.CloseClientConnections()
		d.Close()
	})
	return d
}

// erases changes how the double answers about erasures.
func (d *double) erases(change func(*erasing)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(&d.erased)
}

// shut lets n more parts through and has the others wait.
func (d *double) shut(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gate, d.released = n, make(chan struct{})
	for len(d.waiting) > 0 { // of an earlier gate
		<-d.waiting
	}
}

// open lets every part through.
func (d *double) open() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gate = -1
	select {
	case <-d.released:
	default:
		close(d.released)
	}
}

// await returns when a part has come to the gate.
func (d *double) await(t *testing.T) {
	t.Helper()
	select {
	case <-d.waiting:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing comes to the gate")
	}
}

// left returns when no part waits at the gate any more: of a client that has ended,
// the double learns so in its own time, and what it has read of a part by then it would
// store with the gate open.
func (d *double) left(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		d.mu.Lock()
		held := d.held
		d.mu.Unlock()
		if held == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d parts of a client that has ended wait at the gate", held)
		}
	}
}

// puts is how many parts and files were stored, and which, since the double began.
func (d *double) puts() (stored int, numbers []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, id := range d.order {
		numbers = append(numbers, d.files[id].requests...)
	}
	return d.taken, numbers
}

// asked are the requests of the API so far.
func (d *double) asked() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.requests)
}

// all are the files, the oldest first.
func (d *double) all() []*doubled {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []*doubled
	for _, id := range d.order {
		all = append(all, d.files[id])
	}
	return all
}

// only is the file, of which there must be one.
func (d *double) only(t *testing.T) *doubled {
	t.Helper()
	all := d.all()
	if len(all) != 1 {
		t.Fatalf("there are %d files", len(all))
	}
	return all[0]
}

func (d *double) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/s3/") {
		d.serveS3(w, r)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests = append(d.requests, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
	if r.URL.Path == "/.well-known/jwks.json" {
		k, err := receipt.NewKey(&d.key.PublicKey)
		if err != nil {
			panic(err)
		}
		answer(w, 200, receipt.KeySet{Keys: []receipt.Key{k}})
		return
	}
	switch token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); {
	case token == readerToken && r.Method != http.MethodGet:
		answer(w, 403, map[string]string{"message": "Forbidden"})
		return
	case token != goodToken && token != readerToken && (d.token == "" || token != d.token):
		answer(w, 401, map[string]string{"message": "Unauthorized"})
		return
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if parts[0] == "usage" {
		tenant := ""
		if d.tenant {
			tenant = `,"tenant":{"bytes":{"used":3145728,"limit":10995116277760,"remaining":10995113132032},"files":{"used":7,"limit":7,"remaining":0},"pending":{"used":2},"uploadsToday":{"used":12,"resetsAt":"2026-11-25T00:00:00Z"}}`
		}
		answer(w, 200, json.RawMessage(`{"bytes":{"used":1572864,"limit":10737418240,"remaining":10735845376},"files":{"used":3},"pending":{"used":1,"limit":1,"remaining":0},"uploadsToday":{"used":9,"limit":10,"remaining":1,"resetsAt":"2026-11-25T00:00:00Z"}`+tenant+`}`))
		return
	}
	if len(parts) == 3 && parts[0] == "admin" && parts[1] == "holds" {
		d.serveHold(w, r, d.files[parts[2]])
		return
	}
	if parts[0] == "admin" && parts[1] == "erasures" {
		d.serveErasure(w, r)
		return
	}
	if parts[0] != "files" {
		answer(w, 404, map[string]string{"message": "Not Found"})
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if len(parts) == 1 {
		d.serveFiles(w, r, body)
		return
	}
	f := d.files[parts[1]]
	if f == nil {
		refuse(w, 404, "not-found", "There is no such file.", "")
		return
	}
	if len(parts) == 3 && parts[2] == "history" {
		d.serveHistory(w, r)
		return
	}
	if len(parts) > 2 && parts[2] == "grants" {
		d.serveGrants(w, r, f, parts[3:], body)
		return
	}
	action := r.Method + " " + strings.Join(parts[2:], "/")
	d.serveFile(w, r, f, action, body)
}

func (d *double) serveFiles(w http.ResponseWriter, r *http.Request, body []byte) {
	if r.Method == http.MethodGet {
		d.list(w, r)
		return
	}
	var in struct {
		Filename, ContentType, Method, ChecksumSHA256 string
		Size, PartSize                                int64
		ExpiresAt                                     *time.Time
	}
	if err := json.Unmarshal(body, &in); err != nil {
		refuse(w, 400, "invalid-request", err.Error(), "")
		return
	}
	switch {
	case d.quota == "uploadsToday":
		w.Header().Set("Retry-After", "40000")
		refuseQuota(w, 429, "too-many-uploads", map[string]any{"quota": d.quota, "account": d.account(), "limit": 10, "remaining": 0, "resetsAt": time.Now().Add(5*time.Hour + time.Second)})
		return
	case d.quota == "closed":
		refuse(w, 403, "account-closed", "No uploads are taken for this account.", "")
		return
	case d.quota != "":
		refuseQuota(w, 403, "quota-exceeded", map[string]any{"quota": d.quota, "account": d.account(), "limit": 10 << 20, "remaining": 1536})
		return
	case in.ContentType == "text/html":
		refuse(w, 422, "content-type-not-allowed", "The type text/html is not allowed.", "image/png, application/pdf")
		return
	case in.Size <= 0:
		refuse(w, 422, "invalid-size", "The size is zero or less.", "a number of bytes from 1")
		return
	case in.Size > 100<<20:
		refuse(w, 422, "file-too-large", "The file is too large.", "up to 104857600 bytes")
		return
	case file.CheckFilename(in.Filename) != nil:
		refuse(w, 422, "invalid-filename", "The filename holds a control character.", "one file's name")
		return
	}
	id, err := file.NewID()
	if err != nil {
		panic(err)
	}
	method := in.Method
	if method == "" {
		method = "put"
		if in.Size > 8<<20 {
			method = "multipart"
		}
	}
	at := time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC).Format(time.RFC3339)
	f := &doubled{parts: map[int][]byte{}, sums: map[int]string{}, partSize: max(in.PartSize, 5<<20), record: map[string]any{
		"id": id, "status": "pending", "method": method, "filename": in.Filename, "contentType": in.ContentType, "size": in.Size,
		"createdAt": at, "updatedAt": at,
	}}
	if in.ExpiresAt != nil {
		f.record["expiresAt"] = in.ExpiresAt.Format(time.RFC3339)
	}
	if in.ChecksumSHA256 != "" {
		f.record["checksumSHA256"] = in.ChecksumSHA256
	}
	d.files[id], d.order = f, append(d.order, id)
	created := maps.Clone(f.record)
	expires := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	if method == "multipart" {
		created["multipart"] = map[string]any{"partSize": f.partSize, "partCount": file.Parts(in.Size, f.partSize), "expiresAt": expires}
	} else {
		created["upload"] = map[string]any{"method": "PUT", "url": d.signed(id, 0), "headers": map[string]string{"Content-Type": in.ContentType}, "expiresAt": expires}
	}
	answer(w, 201, created)
}

// signed is a URL of the double's S3, with a query as presigned URLs have it.
func (d *double) signed(id string, part int) string {
	return fmt.Sprintf("%s/s3/%s/%d?X-Amz-Signature=secretsignature", d.URL, id, part)
}

func (d *double) list(w http.ResponseWriter, r *http.Request) {
	limit := 25
	if n, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil {
		limit = n
	}
	page := map[string]any{"files": []any{}}
	files := []any{}
	from := r.URL.Query().Get("cursor") == ""
	for _, id := range slices.Backward(d.order) {
		f := d.files[id]
		if !from {
			from = id == r.URL.Query().Get("cursor")
			continue
		}
		if s := r.URL.Query().Get("status"); s == "" && f.record["status"] == "deleted" || s != "" && s != f.record["status"] {
			continue
		}
		if len(files) == limit {
			page["nextCursor"] = files[limit-1].(map[string]any)["id"]
			break
		}
		short := maps.Clone(f.record)
		delete(short, "verdict")
		delete(short, "receipt")
		files = append(files, short)
	}
	page["files"] = files
	answer(w, 200, page)
}

func (d *double) serveFile(w http.ResponseWriter, r *http.Request, f *doubled, action string, body []byte) {
	id := f.record["id"].(string)
	size := f.record["size"].(int64)
	count := file.Parts(size, f.partSize)
	expires := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	switch action {
	case "GET ":
		if f.record["status"] != "ready" {
			w.Header().Set("Retry-After", "1")
		}
		answer(w, 200, f.record)
	case "PUT retention":
		f.retain(w, body)
	case "DELETE ":
		if f.record["onHold"] == true {
			refuse(w, 409, "on-hold", "The file is on hold, and is not deleted.", "the same call once an administrator has released the hold")
			return
		}
		f.record["status"] = "deleted"
		w.WriteHeader(204)
	case "POST parts":
		var in struct {
			PartNumbers []int
			Checksums   []string
		}
		if err := json.Unmarshal(body, &in); err != nil {
			refuse(w, 400, "invalid-request", err.Error(), "")
			return
		}
		urls := []any{}
		for i, n := range in.PartNumbers {
			headers := map[string]string{}
			if len(in.Checksums) > 0 {
				headers["x-amz-checksum-crc64nvme"] = in.Checksums[i]
			}
			urls = append(urls, map[string]any{"partNumber": n, "size": file.SizeOfPart(size, f.partSize, n), "method": "PUT", "url": d.signed(id, n), "headers": headers})
		}
		answer(w, 200, map[string]any{"parts": urls, "expiresAt": expires})
	case "GET parts":
		held := []any{}
		for n := 1; n <= count; n++ {
			if data, ok := f.parts[n]; ok {
				part := map[string]any{"partNumber": n, "size": len(data), "etag": etag(data)}
				if f.sums[n] != "" {
					part["checksumCRC64NVME"] = f.sums[n]
				}
				held = append(held, part)
			}
		}
		answer(w, 200, map[string]any{"partSize": f.partSize, "partCount": count, "expiresAt": expires, "parts": held})
	case "POST complete":
		d.complete(w, f, count)
	case "POST download":
		if f.record["status"] != "ready" {
			refuse(w, 409, "not-ready", "The file is not ready.", "")
			return
		}
		answer(w, 200, map[string]any{"url": d.signed(id, 0), "expiresAt": expires})
	default:
		answer(w, 404, map[string]string{"message": "Not Found"})
	}
}

// complete puts the bytes together and verifies them: EICAR is malware, and a
// name that begins with "slow" is never looked at.
func (d *double) complete(w http.ResponseWriter, f *doubled, count int) {
	if f.record["status"] == "pending" {
		if f.record["method"] == "multipart" {
			var all []byte
			for n := 1; n <= count; n++ {
				if f.parts[n] == nil {
					refuse(w, 409, "parts-mismatch", fmt.Sprintf("Part %d is not there.", n), "")
					return
				}
				all = append(all, f.parts[n]...)
			}
			f.bytes = all
		}
		if f.bytes == nil {
			refuse(w, 409, "not-uploaded", "No bytes have arrived.", "")
			return
		}
		d.judge(f)
	}
	answer(w, 202, f.record)
}

func (d *double) judge(f *doubled) {
	sum := sha256.Sum256(f.bytes)
	checksum := base64.StdEncoding.EncodeToString(sum[:])
	at := time.Date(2026, 11, 24, 15, 0, 4, 0, time.UTC)
	verdict := file.Verdict{
		Outcome: file.Clean, Coverage: file.Coverage{Complete: true, Bytes: int64(len(f.bytes))}, Scanners: []file.Engine{{Name: "clamav"}}, CheckedAt: at,
	}
	switch name := f.record["filename"].(string); {
	case strings.HasPrefix(name, "slow"):
		f.record["status"] = "verifying"
		return
	case strings.Contains(string(f.bytes), "EICAR"):
		f.record["status"], f.record["reason"] = "rejected", "malware-detected"
		verdict.Outcome = file.Refused
		verdict.Findings = []file.Finding{{Code: file.Encrypted, Where: "inner.zip!/a.doc"}}
	default:
		f.record["status"] = "ready"
		f.record["checksumSHA256"] = checksum
		text, err := receipt.Issuer{Signer: signer{d.key}, Bucket: "files", Now: func() time.Time { return at }}.Issue(context.Background(), file.File{
			ID: f.record["id"].(string), Key: "files/x", VersionID: "v1", Size: int64(len(f.bytes)), ContentType: f.record["contentType"].(string), ChecksumSHA256: checksum,
		}, verdict)
		if err != nil {
			panic(err)
		}
		f.record["receipt"] = text
	}
	f.record["verdict"] = verdict
}

// signer signs as KMS does.
type signer struct{ key *ecdsa.PrivateKey }

func (s signer) Sign(_ context.Context, digest [sha256.Size]byte) ([]byte, error) {
	return ecdsa.SignASN1(rand.Reader, s.key, digest[:])
}

func (s signer) PublicKey(context.Context) (*ecdsa.PublicKey, error) { return &s.key.PublicKey, nil }

// serveS3 takes parts and whole files, and gives out ranges.
func (d *double) serveS3(w http.ResponseWriter, r *http.Request) {
	segments := strings.Split(r.URL.Path, "/")
	n, err := strconv.Atoi(segments[3])
	if err != nil || r.URL.RawQuery != "X-Amz-Signature=secretsignature" || r.Header.Get("Authorization") != "" {
		w.WriteHeader(403)
		return
	}
	d.mu.Lock()
	f := d.files[segments[2]]
	d.mu.Unlock()
	if r.Method == http.MethodGet {
		d.mu.Lock()
		f.requests = append(f.requests, "GET "+r.Header.Get("Range"))
		data := f.bytes
		d.mu.Unlock()
		if !d.pass(r) {
			return
		}
		w.Header().Set("Etag", `"`+etag(data)+`"`)
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(data)))
		return
	}
	data, err := io.ReadAll(r.Body)
	if err != nil || !d.pass(r) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.taken++
	f.requests = append(f.requests, fmt.Sprintf("PUT %d", n))
	if n == 0 {
		f.bytes = data
	} else {
		// S3 makes it of every part, whether or not its client sends one.
		h := crc64nvme.New()
		h.Write(data)
		crc := base64.StdEncoding.EncodeToString(h.Sum(nil))
		f.parts[n], f.sums[n] = data, crc
		w.Header().Set("X-Amz-Checksum-Crc64nvme", crc)
	}
	w.Header().Set("Etag", `"`+etag(data)+`"`)
}

// pass waits at the gate; false if the client has gone meanwhile.
func (d *double) pass(r *http.Request) bool {
	d.mu.Lock()
	if d.gate != 0 {
		if d.gate > 0 {
			d.gate--
		}
		d.mu.Unlock()
		return true
	}
	released := d.released
	d.held++
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.held--
	}()
	d.waiting <- struct{}{}
	select {
	case <-released:
		return r.Context().Err() == nil
	case <-r.Context().Done():
		return false
	}
}

func etag(data []byte) string {
	sum := md5.Sum(data)
	return hex.EncodeToString(sum[:])
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(err)
	}
}

// account is whose quota refuses uploads.
func (d *double) account() string {
	if d.tenant {
		return "tenant"
	}
	return "owner"
}

func refuseQuota(w http.ResponseWriter, status int, code string, members map[string]any) {
	maps.Copy(members, map[string]any{"type": "urn:vouch:problem:" + code, "title": code, "status": status, "detail": "A detail."})
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(members); err != nil {
		panic(err)
	}
}

func refuse(w http.ResponseWriter, status int, code, detail, accepted string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	problem := map[string]any{"type": "urn:vouch:problem:" + code, "title": code, "status": status, "detail": detail}
	if accepted != "" {
		problem["accepted"] = accepted
	}
	if code == "not-ready" {
		problem["fileStatus"] = "verifying"
	}
	if err := json.NewEncoder(w).Encode(problem); err != nil {
		panic(err)
	}
}
