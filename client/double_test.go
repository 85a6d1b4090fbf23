package client

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/md5"
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
)

// double stands in for the API and S3, and checks what they check: the token, the
// request's form, and of what is presigned the signature, its headers, its time,
// the length, the checksums and that an object is written once.
type double struct {
	*httptest.Server
	t   *testing.T
	key []byte

	// What tests may change before a request.
	partSize  int64         // where none is asked for
	threshold int64         // above which a file is sent in parts
	urlLife   time.Duration // of presigned URLs
	verify    int           // how many GETs see the file verifying
	verdict   Status
	tokens    []string // that are taken
	skew      time.Duration

	// storage and api see every request first, and answer it if they return true. Once
	// there was a request they are changed under mu, as onStorage does.
	storage func(w http.ResponseWriter, r *http.Request) bool
	api     func(w http.ResponseWriter, r *http.Request) bool

	mu       sync.Mutex
	files    map[string]*stored
	next     int
	answered map[string]kept // by Idempotency-Key
	requests map[string]int  // by method and kind
	usage    string          // the body of GET /usage
	granted  []string        // the escaped path and query of every call that names a grantee
	received int64           // bytes by PUT that were kept
	busy     int             // requests that are being answered
}

// kept is the answer to the first request with an Idempotency-Key.
type kept struct {
	body   []byte
	answer *httptest.ResponseRecorder
}

type stored struct {
	File
	partSize int64
	parts    map[int]heldBytes
	object   []byte
	there    bool
	gets     int
	revision int
	expires  time.Time
	grants   map[Grantee]Grant
}

type heldBytes struct {
	data []byte
	etag string
}

func newDouble(t *testing.T) *double {
	d := emptyDouble()
	d.t = t
	d.Server = httptest.NewServer(d)
	t.Cleanup(d.Close)
	return d
}

func emptyDouble() *double {
	return &double{
		key: []byte("a key"), partSize: 1 << 20, threshold: 4 << 20, urlLife: time.Hour, verify: 1, verdict: StatusReady,
		tokens: []string{"a token"}, files: map[string]*stored{}, requests: map[string]int{}, answered: map[string]kept{},
	}
}

// client returns a client of the double that waits for nothing between two tries.
func (d *double) client(with ...Option) *Client {
	c, err := New(d.URL, StaticToken("a token"), with...)
	if err != nil {
		d.t.Fatal(err)
	}
	c.promised, c.poll = d.threshold, 10*time.Millisecond
	c.backoff = func(int) time.Duration { return time.Millisecond }
	d.t.Cleanup(c.CloseIdleConnections)
	return c
}

func (d *double) count(kind string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.requests[kind]
}

func (d *double) file(id string) stored {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.files[id]; f != nil {
		return *f
	}
	return stored{}
}

// onStorage replaces storage. A request of an upload that was stopped may be on its
// way still when its sender has ended, so that no test can know that nobody reads it.
func (d *double) onStorage(first func(w http.ResponseWriter, r *http.Request) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.storage = first
}

// settle waits until no request is being answered, so that the double can be changed.
func (d *double) settle() {
	for {
		d.mu.Lock()
		busy := d.busy
		d.mu.Unlock()
		if busy == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func (d *double) now() time.Time { return time.Now().Add(d.skew) }

func (d *double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	d.busy++
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.busy--
		d.mu.Unlock()
	}()
	w.Header().Set("Date", d.now().UTC().Format(http.TimeFormat))
	if strings.HasPrefix(r.URL.Path, "/s3/") {
		d.mu.Lock()
		d.requests["S3 "+r.Method]++
		first := d.storage
		d.mu.Unlock()
		if first == nil || !first(w, r) {
			d.serveStorage(w, r)
		}
		return
	}
	kind := r.Method
	if rest, ok := strings.CutPrefix(r.URL.Path, "/files/"); ok {
		if _, below, ok := strings.Cut(rest, "/"); ok {
			kind += " " + below
		} else {
			kind += " file"
		}
	}
	d.mu.Lock()
	d.requests[kind]++
	first := d.api
	d.mu.Unlock()
	if first == nil || !first(w, r) {
		d.serveAPI(w, r)
	}
}

func problem(w http.ResponseWriter, status int, code, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Apigw-Requestid", "a request")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"type": "urn:vouch:problem:" + code, "title": "A problem", "status": status, "detail": detail})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

// read reads a request's body as strictly as the API does.
func (d *double) read(w http.ResponseWriter, r *http.Request, limit int, out any) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	if len(body) > limit {
		problem(w, 413, "request-too-large", "The request body is too large.")
		return false
	}
	if err := strictly(body, out); err != nil {
		problem(w, 400, "invalid-request", err.Error())
		return false
	}
	return true
}

func (d *double) serveAPI(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || !slices.Contains(d.tokens, token) {
		reply(w, 401, map[string]string{"message": "Unauthorized"})
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if r.URL.Path == "/usage" && r.Method == http.MethodGet {
		reply(w, 200, json.RawMessage(d.usage))
		return
	}
	if id, ok := strings.CutPrefix(r.URL.Path, "/admin/holds/"); ok {
		d.hold(w, r, id)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/files")
	if path == "" {
		if r.Method == http.MethodPost {
			d.createOnce(w, r)
		} else {
			d.list(w, r)
		}
		return
	}
	id, below, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	f := d.files[id]
	if f == nil {
		problem(w, 404, "not-found", "There is no such file.")
		return
	}
	if f.Status == StatusPending && d.now().After(f.expires) {
		d.move(f, StatusExpired)
	}
	if name, ok := strings.CutPrefix(below, "grants/"); ok {
		d.grant(w, r, f, name)
		return
	}
	switch r.Method + " " + below {
	case "GET grants":
		d.listGrants(w, f)
	case "GET ":
		d.get(w, r, f)
	case "PUT retention":
		d.retain(w, r, f)
	case "DELETE ":
		if f.OnHold {
			problem(w, 409, "on-hold", "The file is on hold.")
			return
		}
		d.move(f, StatusDeleted)
		f.parts, f.object = nil, nil
		w.WriteHeader(204)
	case "POST parts":
		d.presignParts(w, r, f)
	case "GET parts":
		d.listParts(w, r, f)
	case "POST complete":
		d.complete(w, r, f)
	case "POST download":
		if f.Status != StatusReady {
			problem(w, 409, "not-ready", "The file is not ready.")
			return
		}
		expires := d.now().Add(d.urlLife)
		reply(w, 200, Link{URL: d.sign("GET", id, "versionId=1", nil, expires), ExpiresAt: expires})
	default:
		reply(w, 404, map[string]string{"message": "Not Found"})
	}
}

func (d *double) move(f *stored, to Status) {
	f.Status, f.UpdatedAt = to, d.now()
	f.revision++
}

// createOnce is create, with an Idempotency-Key as the API has it.
func (d *double) createOnce(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		d.create(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if len(key) < 3 || key[0] != '"' || strings.ContainsAny(key[1:len(key)-1], " \"\\") || key[len(key)-1] != '"' {
		problem(w, 400, "invalid-idempotency-key", "The key is not acceptable.")
		return
	}
	first, again := d.answered[key]
	switch {
	case !again:
		r.Body = io.NopCloser(bytes.NewReader(body))
		first = kept{body, httptest.NewRecorder()}
		d.create(first.answer, r)
		d.answered[key] = first
	case !bytes.Equal(first.body, body):
		problem(w, 422, "idempotency-mismatch", "The first request had another body.")
		return
	default:
		w.Header().Set("Idempotency-Replayed", "true")
	}
	maps.Copy(w.Header(), first.answer.Header())
	w.WriteHeader(first.answer.Code)
	w.Write(first.answer.Body.Bytes())
}

func (d *double) create(w http.ResponseWriter, r *http.Request) {
	var in NewFile
	if !d.read(w, r, 16<<10, &in) {
		return
	}
	switch {
	case in.Filename == "" || strings.ContainsAny(in.Filename, `/\`):
		problem(w, 422, "invalid-filename", "The filename holds a path separator.")
		return
	case in.Size < 1:
		problem(w, 422, "invalid-size", "The size is zero or less.")
		return
	case in.Size > 2147483645:
		problem(w, 422, "file-too-large", "The file is too large.")
		return
	}
	method := in.Method
	if method == "" {
		method = MethodPut
		if in.Size > d.threshold {
			method = MethodMultipart
		}
	}
	d.next++
	id := fmt.Sprintf("0195f3a2-7c1e-7b4a-9d5e-%012d", d.next)
	f := &stored{
		File:  File{ID: id, Status: StatusPending, Method: method, Filename: in.Filename, ContentType: in.ContentType, Size: in.Size, ChecksumSHA256: in.ChecksumSHA256, ExpiresAt: in.ExpiresAt, CreatedAt: d.now(), UpdatedAt: d.now()},
		parts: map[int]heldBytes{}, revision: 1, expires: d.now().Add(24 * time.Hour),
	}
	created := Created{File: f.File}
	switch method {
	case MethodPut:
		headers := map[string]string{"Content-Type": in.ContentType, "Content-Length": strconv.FormatInt(in.Size, 10), "If-None-Match": "*"}
		if in.ChecksumSHA256 != "" {
			headers["X-Amz-Checksum-Sha256"] = in.ChecksumSHA256
		}
		expires := d.now().Add(d.urlLife)
		created.Upload = &Upload{Method: "PUT", URL: d.sign("PUT", id, "", headers, expires), Headers: headers, ExpiresAt: expires}
	case MethodMultipart:
		f.partSize = cmp.Or(in.PartSize, d.partSize)
		count := (in.Size + f.partSize - 1) / f.partSize
		if count > 10_000 {
			problem(w, 422, "invalid-parts", "There would be too many parts.")
			return
		}
		created.Multipart = &Multipart{PartSize: f.partSize, PartCount: int(count), ExpiresAt: f.expires}
	default:
		problem(w, 422, "method-not-allowed", "Not here.")
		return
	}
	d.files[id] = f
	reply(w, 201, created)
}

func (d *double) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	limit, _ := strconv.Atoi(cmp.Or(q.Get("limit"), "25"))
	var page struct {
		Files      []File `json:"files"`
		NextCursor string `json:"nextCursor,omitempty"`
	}
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(d.files))) {
		f := d.files[id]
		if cursor := q.Get("cursor"); cursor != "" && id >= cursor || q.Get("status") != "" && string(f.Status) != q.Get("status") {
			continue
		}
		if len(page.Files) == limit {
			page.NextCursor = page.Files[limit-1].ID
			break
		}
		page.Files = append(page.Files, f.File)
	}
	reply(w, 200, page)
}

func (d *double) get(w http.ResponseWriter, r *http.Request, f *stored) {
	if f.Status == StatusUploaded {
		d.move(f, StatusVerifying)
		if d.verify >= 0 {
			f.gets = -1 // this one sees it verifying
		}
	}
	if f.Status == StatusVerifying {
		if f.gets++; f.gets > d.verify {
			d.move(f, d.verdict)
			sum := sha256.Sum256(f.object)
			actual := base64.StdEncoding.EncodeToString(sum[:])
			if f.Status == StatusReady && f.ChecksumSHA256 != "" && f.ChecksumSHA256 != actual {
				f.Status, f.Reason = StatusRejected, "checksum-mismatch"
			}
			f.ChecksumSHA256 = actual
			if f.Status == StatusRejected && f.Reason == "" {
				f.Reason = "malware-detected"
			}
		}
	}
	etag := `"` + strconv.Itoa(f.revision) + `"`
	w.Header().Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(304)
		return
	}
	reply(w, 200, f.File)
}

func (d *double) pendingParts(w http.ResponseWriter, f *stored) bool {
	switch {
	case f.Method != MethodMultipart:
		problem(w, 409, "not-multipart", "The file is not sent in parts.")
	case f.Status != StatusPending:
		problem(w, 409, "closed", "The file takes no bytes any more.")
	default:
		return true
	}
	return false
}

func (f *stored) count() int { return int((f.Size + f.partSize - 1) / f.partSize) }

func (f *stored) sizeOf(n int) int64 { return min(f.partSize, f.Size-int64(n-1)*f.partSize) }

func (d *double) presignParts(w http.ResponseWriter, r *http.Request, f *stored) {
	if !d.pendingParts(w, f) {
		return
	}
	var in struct {
		PartNumbers []int    `json:"partNumbers"`
		Checksums   []string `json:"checksums"`
	}
	if !d.read(w, r, 16<<10, &in) {
		return
	}
	if len(in.PartNumbers) < 1 || len(in.PartNumbers) > 100 || in.Checksums != nil && len(in.Checksums) != len(in.PartNumbers) {
		problem(w, 422, "invalid-parts", "Too many or too few.")
		return
	}
	expires := d.now().Add(d.urlLife)
	parts := []PresignedPart{}
	for i, n := range in.PartNumbers {
		if n < 1 || n > f.count() {
			problem(w, 422, "invalid-parts", "There is no such part.")
			return
		}
		headers := map[string]string{"Content-Length": strconv.FormatInt(f.sizeOf(n), 10)}
		if in.Checksums != nil {
			headers["X-Amz-Checksum-Crc64nvme"] = in.Checksums[i]
		}
		parts = append(parts, PresignedPart{
			PartNumber: n, Size: f.sizeOf(n), Method: "PUT", Headers: headers,
			URL: d.sign("PUT", f.ID, "partNumber="+strconv.Itoa(n)+"&uploadId=u", headers, expires),
		})
	}
	reply(w, 200, map[string]any{"parts": parts, "expiresAt": expires})
}

func (d *double) listParts(w http.ResponseWriter, r *http.Request, f *stored) {
	if !d.pendingParts(w, f) {
		return
	}
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	page := map[string]any{"partSize": f.partSize, "partCount": f.count(), "expiresAt": f.expires}
	held := []HeldPart{}
	for _, n := range slices.Sorted(maps.Keys(f.parts)) {
		if n <= after {
			continue
		}
		if len(held) == 1000 {
			page["nextAfter"] = held[999].PartNumber
			break
		}
		p := f.parts[n]
		held = append(held, HeldPart{PartNumber: n, Size: int64(len(p.data)), ETag: p.etag, ChecksumCRC64NVME: encodeCRC(crc64nvme.Checksum(p.data))})
	}
	page["parts"] = held
	reply(w, 200, page)
}

func (d *double) complete(w http.ResponseWriter, r *http.Request, f *stored) {
	var in Completion
	if r.ContentLength != 0 && !d.read(w, r, 1<<20, &in) {
		return
	}
	if f.Status == StatusExpired || f.Status == StatusDeleted {
		problem(w, 409, "closed", "The file takes no bytes any more.")
		return
	}
	if f.Status != StatusPending {
		reply(w, 202, f.File)
		return
	}
	if f.Method == MethodPut {
		if !f.there {
			problem(w, 409, "not-uploaded", "No bytes have arrived.")
			return
		}
		d.move(f, StatusUploaded)
		reply(w, 202, f.File)
		return
	}
	mismatch := func(detail string) { problem(w, 409, "parts-mismatch", detail) }
	if in.Parts != nil && len(in.Parts) != f.count() {
		problem(w, 422, "invalid-parts", "Not all of the parts are named.")
		return
	}
	var whole []byte
	for n := 1; n <= f.count(); n++ {
		p, ok := f.parts[n]
		if !ok || int64(len(p.data)) != f.sizeOf(n) {
			mismatch(fmt.Sprintf("S3 does not hold part %d.", n))
			return
		}
		if in.Parts != nil {
			said := in.Parts[n-1]
			if said.PartNumber != n || strings.Trim(said.ETag, `"`) != p.etag || said.ChecksumCRC64NVME != "" && said.ChecksumCRC64NVME != encodeCRC(crc64nvme.Checksum(p.data)) {
				mismatch(fmt.Sprintf("Part %d is another.", n))
				return
			}
		}
		whole = append(whole, p.data...)
	}
	if in.ChecksumCRC64NVME != "" && in.ChecksumCRC64NVME != encodeCRC(crc64nvme.Checksum(whole)) {
		mismatch("The whole is another.")
		return
	}
	if in.ChecksumSHA256 != "" {
		if f.ChecksumSHA256 != "" && f.ChecksumSHA256 != in.ChecksumSHA256 {
			problem(w, 422, "invalid-checksum", "Another was promised.")
			return
		}
		f.ChecksumSHA256 = in.ChecksumSHA256
	}
	f.object, f.there, f.parts = whole, true, nil
	d.move(f, StatusUploaded)
	reply(w, 202, f.File)
}

// sign presigns a request to S3 with exactly these headers.
func (d *double) sign(method, id, query string, headers map[string]string, expires time.Time) string {
	if query != "" {
		query += "&"
	}
	query += "expires=" + strconv.FormatInt(expires.UnixNano(), 10)
	names := strings.Join(slices.Sorted(maps.Keys(headers)), ",")
	query += "&signed=" + names
	return d.URL + "/s3/" + id + "?" + query + "&signature=" + d.signature(method, "/s3/"+id, query, func(name string) string { return headers[name] }, names)
}

func (d *double) signature(method, path, query string, header func(string) string, names string) string {
	mac := hmac.New(sha256.New, d.key)
	fmt.Fprintln(mac, method, path, query)
	if names != "" {
		for name := range strings.SplitSeq(names, ",") {
			fmt.Fprintln(mac, name, header(name))
		}
	}
	return hex.EncodeToString(mac.Sum(nil))
}

func storageError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message><StringToSign>a secret</StringToSign></Error>", code, message)
}

func (d *double) serveStorage(w http.ResponseWriter, r *http.Request) {
	query, signature, _ := strings.Cut(r.URL.RawQuery, "&signature=")
	q := r.URL.Query()
	if len(r.TransferEncoding) > 0 {
		storageError(w, 501, "NotImplemented", "A header you provided implies functionality that is not implemented.")
		return
	}
	header := func(name string) string {
		if name == "Content-Length" {
			return strconv.FormatInt(r.ContentLength, 10)
		}
		return r.Header.Get(name)
	}
	if !hmac.Equal([]byte(signature), []byte(d.signature(r.Method, r.URL.Path, query, header, q.Get("signed")))) {
		storageError(w, 403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")
		return
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Amz-") && !slices.Contains(strings.Split(q.Get("signed"), ","), name) || name == "Authorization" || name == "Content-Type" && !strings.Contains(q.Get("signed"), name) && r.Method == "PUT" {
			storageError(w, 403, "AccessDenied", "There were headers present in the request which were not signed.")
			return
		}
	}
	expires, _ := strconv.ParseInt(q.Get("expires"), 10, 64)
	if d.now().UnixNano() > expires {
		storageError(w, 403, "AccessDenied", "Request has expired")
		return
	}
	id := strings.TrimPrefix(r.URL.Path, "/s3/")
	if r.Method == http.MethodGet {
		d.mu.Lock()
		object := d.files[id].object
		d.mu.Unlock()
		w.Header().Set("ETag", `"the object"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(object))
		return
	}
	data, err := io.ReadAll(r.Body)
	if err != nil || int64(len(data)) != r.ContentLength {
		storageError(w, 400, "IncompleteBody", "The body is shorter than it says.")
		return
	}
	sum := sha256.Sum256(data)
	if want := r.Header.Get("X-Amz-Checksum-Sha256"); want != "" && want != base64.StdEncoding.EncodeToString(sum[:]) {
		storageError(w, 400, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")
		return
	}
	crc := encodeCRC(crc64nvme.Checksum(data))
	if want := r.Header.Get("X-Amz-Checksum-Crc64nvme"); want != "" && want != crc {
		storageError(w, 400, "BadDigest", "The CRC64NVME you specified did not match the calculated checksum.")
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[id]
	if f == nil {
		storageError(w, 404, "NoSuchUpload", "The specified upload does not exist.")
		return
	}
	digest := md5.Sum(data)
	etag := hex.EncodeToString(digest[:])
	if number := q.Get("partNumber"); number != "" {
		n, _ := strconv.Atoi(number)
		if f.Status != StatusPending {
			storageError(w, 404, "NoSuchUpload", "The specified upload does not exist.")
			return
		}
		f.parts[n] = heldBytes{data, etag}
	} else {
		if f.there {
			storageError(w, 412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
			return
		}
		f.object, f.there = data, true
	}
	d.received += int64(len(data))
	w.Header().Set("ETag", `"`+etag+`"`)
	w.Header().Set("X-Amz-Checksum-Crc64nvme", crc)
	w.WriteHeader(200)
}
