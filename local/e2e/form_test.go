package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/local/objectstorage"
	"github.com/vouch-s3/vouch/shared/s3store"
	"github.com/vouch-s3/vouch/shared/upload"
)

// form is a form as the API gives it out.
type form struct {
	URL       string
	Fields    map[string]string
	ExpiresAt time.Time
}

// askForm asks for a form by the JSON of a request without its method.
func (u user) askForm(t *testing.T, in map[string]any) (file, form) {
	t.Helper()
	in["method"], in["filename"] = "form", "a.bin"
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	r := u.call(t, "POST", "/files", string(body))
	if r.status != http.StatusCreated {
		t.Fatalf("POST /files: %d %s", r.status, r.body)
	}
	var created struct {
		file
		Method string
		Form   form
	}
	if r.into(t, &created); created.Method != "form" || created.Form.URL == "" || created.Upload.URL != "" {
		t.Fatalf("%s", r.body)
	}
	return created.file, created.Form
}

// posted is S3's answer to a form.
type posted struct {
	status int
	code   string // of an error
	header http.Header
	body   string
}

func (p posted) String() string { return fmt.Sprintf("%d %s", p.status, p.code) }

// formBody writes a form as browsers do, the file last.
func formBody(t *testing.T, fields [][2]string, data []byte) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range fields {
		if err := w.WriteField(f[0], f[1]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", "x.bin")
	if err != nil {
		t.Fatal(err)
	}
	part.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

// ordered lists fields by their names.
func ordered(fields map[string]string) (list [][2]string) {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		list = append(list, [2]string{name, fields[name]})
	}
	return list
}

func postForm(t *testing.T, to string, fields map[string]string, data []byte, header ...string) posted {
	t.Helper()
	contentType, body := formBody(t, ordered(fields), data)
	return postBody(t, to, contentType, bytes.NewReader(body), header...)
}

func postBody(t *testing.T, to, contentType string, body io.Reader, header ...string) posted {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(answer), "<Code>")
	code, _, _ := strings.Cut(rest, "</Code>")
	return posted{resp.StatusCode, code, resp.Header, string(answer)}
}

// curlForm sends data by curl -F, and returns the status of S3.
func curlForm(t *testing.T, f form, more map[string]string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.bin")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-sS", "-o", os.DevNull, "-w", "%{http_code}"}
	for _, fields := range []map[string]string{f.Fields, more} {
		for _, field := range ordered(fields) {
			args = append(args, "--form-string", field[0]+"="+field[1])
		}
	}
	out, err := exec.CommandContext(t.Context(), "curl", append(args, "-F", "file=@"+path, f.URL)...).CombinedOutput()
	if err != nil {
		t.Fatalf("curl: %v\n%s", err, out)
	}
	return string(out)
}

func TestAFormBringsAFileAllTheWay(t *testing.T) {
	alice := as(t, "alice")
	png, err := sample("picture.png")
	if err != nil {
		t.Fatal(err)
	}
	data := random(t, 3_000_000)
	for _, tt := range []struct {
		name  string
		ask   map[string]any
		extra map[string]string
		data  []byte
		typ   string
	}{
		{"exact", map[string]any{"contentType": octets, "size": len(data)}, nil, data, octets},
		{"exact with its checksum", map[string]any{"contentType": octets, "size": len(data), "checksumSHA256": checksum(data)}, nil, data, octets},
		{"at most", map[string]any{"contentType": octets, "maxSize": len(data)}, nil, data, octets},
		{"a range", map[string]any{"contentType": "image/*", "maxSize": 10_000_000}, map[string]string{"Content-Type": "image/PNG"}, png, "image/png"},
		{"a field to be ignored", map[string]any{"contentType": octets, "maxSize": 10}, map[string]string{"x-ignore-a": "b"}, []byte("x"), octets},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, form := alice.askForm(t, tt.ask)
			if _, exact := tt.ask["size"]; (f.Size == 0) == exact {
				t.Errorf("a pending form of %d bytes", f.Size)
			}
			if status := curlForm(t, form, tt.extra, tt.data); status != "201" {
				t.Fatalf("curl: %s", status)
			}
			f = alice.await(t, f.ID, "ready")
			if f.Size != int64(len(tt.data)) || f.ContentType != tt.typ || f.ChecksumSHA256 != checksum(tt.data) || f.Receipt == "" {
				t.Errorf("the record has %d bytes of %s, %s", f.Size, f.ContentType, f.ChecksumSHA256)
			}
			status, header, body := fetch(t, alice.link(t, f.ID))
			if status != http.StatusOK || !bytes.Equal(body, tt.data) || header.Get("Content-Type") != tt.typ {
				t.Errorf("%d, %d bytes of %s come back", status, len(body), header.Get("Content-Type"))
			}
		})
	}
}

func TestMalwareByFormIsRejected(t *testing.T) {
	alice := as(t, "alice")
	f, form := alice.askForm(t, map[string]any{"contentType": octets, "maxSize": 1000})
	if status := curlForm(t, form, nil, eicar); status != "201" {
		t.Fatalf("curl: %s", status)
	}
	if f = alice.await(t, f.ID, "rejected"); f.Reason != "malware-detected" {
		t.Errorf("the reason is %s", f.Reason)
	}
	if r := alice.call(t, "POST", "/files/"+f.ID+"/download", ""); r.status != http.StatusConflict {
		t.Errorf("its download answers %d", r.status)
	}
}

// A type within the range that S3 was told of need not be one that is allowed.
func TestATypeThatARangeLetsThroughIsRejectedIfItIsNotAllowed(t *testing.T) {
	alice := as(t, "alice")
	for _, sent := range []string{"image/svg+xml", "image/*", "image/png,image/gif", "image/png;x=y", "image/png; charset=\"\r\nx\"", "image/" + strings.Repeat("x", 1500)} {
		f, form := alice.askForm(t, map[string]any{"contentType": "image/*", "maxSize": 1000})
		fields := maps.Clone(form.Fields)
		fields["Content-Type"] = sent
		if p := postForm(t, form.URL, fields, []byte("<svg/>")); p.status != http.StatusCreated {
			t.Errorf("%.40q: %v", sent, p)
			continue
		}
		if f = alice.await(t, f.ID, "rejected"); f.Reason != "content-type-mismatch" || f.ContentType != "image/*" || f.Size != 6 {
			t.Errorf("%.40q: %s, %d bytes of %s", sent, f.Reason, f.Size, f.ContentType)
		}
	}
}

func TestAFormIsAnsweredAsS3Does(t *testing.T) {
	alice := as(t, "alice")
	f, form := alice.askForm(t, map[string]any{"contentType": octets, "size": 1})
	p := postForm(t, form.URL, form.Fields, []byte("x"), "Origin", local.APIURL())
	var answer struct{ Location, Bucket, Key, ETag string }
	if err := xml.Unmarshal([]byte(p.body), &answer); err != nil || p.status != http.StatusCreated {
		t.Fatalf("%v %v %s", err, p, p.body)
	}
	key := record(t, f.ID).Key
	if answer.Bucket != bucket || answer.Key != key || answer.ETag == "" || !strings.Contains(answer.Location, bucket) {
		t.Errorf("%+v", answer)
	}
	if p.header.Get("Location") != answer.Location || p.header.Get("ETag") != answer.ETag || p.header.Get("X-Amz-Version-Id") == "" {
		t.Errorf("%v", p.header)
	}
	if p.header.Get("Access-Control-Allow-Origin") != local.APIURL() {
		t.Errorf("a page may not read it: %v", p.header)
	}
	f = alice.await(t, f.ID, "ready")
	if got := record(t, f.ID).VersionID; got != p.header.Get("X-Amz-Version-Id") {
		t.Errorf("pinned is %s, not %s", got, p.header.Get("X-Amz-Version-Id"))
	}
	if reason := reasonOf(t, key); reason != "PostObject" {
		t.Errorf("the reason of its event is %q", reason)
	}
	if again := postForm(t, form.URL, form.Fields, []byte("x"), "Origin", "https://evil.example"); again.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("any page may read it: %v", again.header)
	}
}

// reasonOf is the reason of S3's event of an object.
func reasonOf(t *testing.T, key string) string {
	t.Helper()
	for _, e := range publishedEvents(t, "aws.s3") {
		var detail objectstorage.Event
		if err := json.Unmarshal(e.Detail, &detail); err == nil && detail.Object.Key == key {
			return detail.Reason
		}
	}
	return ""
}

func TestAFormServesOnlyWhatItWasSignedFor(t *testing.T) {
	alice := as(t, "alice")
	data, other := random(t, 1000), random(t, 1000)
	for _, promise := range []bool{true, false} {
		ask := map[string]any{"contentType": octets, "size": len(data)}
		if promise {
			ask["checksumSHA256"] = checksum(data)
		}
		f, form := alice.askForm(t, ask)
		with := func(change ...string) map[string]string {
			fields := maps.Clone(form.Fields)
			for i := 0; i+1 < len(change); i += 2 {
				fields[change[i]] = change[i+1]
			}
			return fields
		}
		without := func(name string) map[string]string {
			fields := maps.Clone(form.Fields)
			delete(fields, name)
			return fields
		}
		wider := strings.Replace(decodePolicy(t, form), `["content-length-range",1000,1000]`, `["content-length-range",1,9000]`, 1)
		anonymous := map[string]string{"key": form.Fields["key"], "Content-Type": octets}
		type attempt struct {
			name   string
			fields map[string]string
			data   []byte
			header []string
			status int
			code   string
		}
		refused := []attempt{
			{"longer", form.Fields, append(data[:1000:1000], 'x'), nil, 400, "EntityTooLarge"},
			{"shorter", form.Fields, data[1:], nil, 400, "EntityTooSmall"},
			{"empty", form.Fields, nil, nil, 400, "EntityTooSmall"},
			{"another type", with("Content-Type", "text/html"), data, nil, 403, "AccessDenied"},
			{"another key", with("key", strings.Replace(form.Fields["key"], f.ID, f.ID[:35]+otherDigit(f.ID[35]), 1)), data, nil, 403, "AccessDenied"},
			{"another status", with("success_action_status", "200"), data, nil, 403, "AccessDenied"},
			{"a tag that says clean", with("tagging", "<Tagging><TagSet><Tag><Key>vouch-verdict</Key><Value>clean</Value></Tag></TagSet></Tagging>"), data, nil, 403, "AccessDenied"},
			{"an ACL", with("acl", "public-read"), data, nil, 403, "AccessDenied"},
			{"metadata", with("x-amz-meta-a", "b"), data, nil, 403, "AccessDenied"},
			{"a disposition", with("Content-Disposition", "inline"), data, nil, 403, "AccessDenied"},
			{"a redirect", with("success_action_redirect", "https://evil.example/"), data, nil, 403, "AccessDenied"},
			{"another encryption", with("x-amz-server-side-encryption", "aws:kms"), data, nil, 403, "AccessDenied"},
			{"a tag in a header", form.Fields, data, []string{"X-Amz-Tagging", "vouch-verdict=clean"}, 403, "AccessDenied"},
			{"a key in a header", form.Fields, data, []string{"Authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/s3/aws4_request,SignedHeaders=host,Signature=x"}, 403, "AccessDenied"},
			{"a session that is none", with("X-Amz-Security-Token", "x"), data, nil, 400, "InvalidToken"},
			{"a wider policy", with("policy", base64.StdEncoding.EncodeToString([]byte(wider))), data, nil, 403, "SignatureDoesNotMatch"},
			{"another signature", with("X-Amz-Signature", strings.Repeat("0", 64)), data, nil, 403, "SignatureDoesNotMatch"},
			{"another date", with("X-Amz-Date", "20991231T235959Z"), data, nil, 403, ""},
			{"another region", with("X-Amz-Credential", strings.Replace(form.Fields["X-Amz-Credential"], "/us-east-1/", "/eu-west-1/", 1)), data, nil, 400, ""},
			{"nobody's key", with("X-Amz-Credential", "AKIANOBODY"+form.Fields["X-Amz-Credential"][strings.Index(form.Fields["X-Amz-Credential"], "/"):]), data, nil, 403, ""},
			{"no signature at all", anonymous, data, nil, 403, "AccessDenied"},
		}
		for name := range form.Fields {
			missing := attempt{"no " + name, without(name), data, nil, 403, "AccessDenied"}
			if name == "X-Amz-Date" {
				missing.status, missing.code = 400, "InvalidArgument"
			}
			refused = append(refused, missing)
		}
		if promise {
			refused = append(refused, []attempt{
				{"other bytes", form.Fields, other, nil, 400, "BadDigest"},
				{"another checksum", with("x-amz-checksum-sha256", checksum(other)), other, nil, 403, "AccessDenied"},
			}...)
		} else {
			refused = append(refused, attempt{"a checksum that was not promised", with("x-amz-checksum-sha256", checksum(data)), data, nil, 403, "AccessDenied"})
		}
		for _, tt := range refused {
			if p := postForm(t, form.URL, tt.fields, tt.data, tt.header...); p.status != tt.status || tt.code != "" && p.code != tt.code {
				t.Errorf("%s: %v, want %d %s", tt.name, p, tt.status, tt.code)
			}
		}
		for name, p := range malformedForms(t, form, data) {
			if p.status < 400 || p.status >= 500 {
				t.Errorf("%s: %v", name, p)
			}
		}
		if n := versions(t, f.ID); n != 0 || alice.get(t, f.ID).Status != "pending" {
			t.Fatalf("a refused form left %d versions of a file that is %s", n, alice.get(t, f.ID).Status)
		}
		if p := postForm(t, form.URL, form.Fields, data); p.status != http.StatusCreated {
			t.Fatalf("the right form: %v", p)
		}
		alice.await(t, f.ID, "ready")
	}
}

// malformedForms sends what no browser sends.
func malformedForms(t *testing.T, f form, data []byte) map[string]posted {
	t.Helper()
	fields := ordered(f.Fields)
	contentType, body := formBody(t, fields, data)
	_, short := formBody(t, fields, data[:500])
	_, boundary, _ := strings.Cut(contentType, "boundary=")
	_, twice := formBody(t, append(fields, [2]string{"Key", f.Fields["key"]}), data)
	again := func(b []byte) []byte { // with the boundary of contentType
		first, _, _ := bytes.Cut(b, []byte("\r\n"))
		return bytes.ReplaceAll(b, first[2:], []byte(boundary))
	}
	answers := map[string]posted{
		// Its length is what was promised, but the file ends before.
		"bytes behind the end": postBody(t, f.URL, contentType, bytes.NewReader(append(again(short), make([]byte, 500)...))),
		"a field twice":        postBody(t, f.URL, contentType, bytes.NewReader(again(twice))),
		"no end":               postBody(t, f.URL, contentType, bytes.NewReader(body[:len(body)-len(boundary)-8])),
		"no length":            postBody(t, f.URL, contentType, io.MultiReader(bytes.NewReader(body))),
		"as a query":           postBody(t, f.URL+"?x-id=PostObject", contentType, bytes.NewReader(body)),
		"fields that are huge": postForm(t, f.URL, map[string]string{"x-ignore-a": strings.Repeat("x", 30_000)}, data),
		"another enclosure":    postBody(t, f.URL, "application/x-www-form-urlencoded", strings.NewReader("key="+url.QueryEscape(f.Fields["key"]))),
		"to the key itself":    postBody(t, f.URL+"/"+f.Fields["key"], contentType, bytes.NewReader(body)),
	}
	cutOff(t, f.URL, contentType, body)
	return answers
}

// cutOff says a length and sends less.
func cutOff(t *testing.T, to, contentType string, body []byte) {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", u.Path, u.Host, contentType, len(body), body[:len(body)-100])
	conn.(*net.TCPConn).CloseWrite()
	if answer, _ := io.ReadAll(conn); bytes.HasPrefix(answer, []byte("HTTP/1.1 2")) {
		t.Errorf("a body that was cut off: %s", answer)
	}
}

func decodePolicy(t *testing.T, f form) string {
	t.Helper()
	policy, err := base64.StdEncoding.DecodeString(f.Fields["policy"])
	if err != nil {
		t.Fatal(err)
	}
	return string(policy)
}

// A form may be sent again while it lives. What it brings then is nobody's.
func TestAFormThatIsSentAgainChangesNothing(t *testing.T) {
	alice := as(t, "alice")
	first := []byte("the first")
	f, form := alice.askForm(t, map[string]any{"contentType": octets, "maxSize": 1000})
	if p := postForm(t, form.URL, form.Fields, first); p.status != http.StatusCreated {
		t.Fatal(p)
	}
	alice.await(t, f.ID, "ready")
	link := alice.link(t, f.ID)
	for range 2 {
		if p := postForm(t, form.URL, form.Fields, eicar); p.status != http.StatusCreated {
			t.Fatal(p)
		}
		for _, url := range []string{link, alice.link(t, f.ID)} {
			if status, _, body := fetch(t, url); status != http.StatusOK || !bytes.Equal(body, first) {
				t.Errorf("%d %q is handed out", status, body)
			}
		}
	}
	awaitVersions(t, f.ID, 1)
	if got := alice.get(t, f.ID); got.Status != "ready" || got.Size != int64(len(first)) || got.ChecksumSHA256 != checksum(first) {
		t.Errorf("%+v", got)
	}
	if status, _, body := fetch(t, link); status != http.StatusOK || !bytes.Equal(body, first) {
		t.Errorf("%d %q is handed out", status, body)
	}
	if r := alice.call(t, "DELETE", "/files/"+f.ID, ""); r.status != http.StatusNoContent {
		t.Fatal(r)
	}
	if p := postForm(t, form.URL, form.Fields, first); p.status != http.StatusCreated {
		t.Fatalf("after the deletion: %v", p)
	}
	awaitVersions(t, f.ID, 0)
	if got := alice.get(t, f.ID).Status; got != "deleted" {
		t.Errorf("the record says %s", got)
	}
}

func TestOfManyFormsAtOnceOneVersionIsLeft(t *testing.T) {
	alice := as(t, "alice")
	f, form := alice.askForm(t, map[string]any{"contentType": octets, "maxSize": 100_000})
	sent := map[string]bool{}
	done := make(chan posted, 6)
	for range cap(done) {
		data := random(t, 50_000)
		sent[checksum(data)] = true
		go func() { done <- postForm(t, form.URL, form.Fields, data) }()
	}
	for range cap(done) {
		if p := <-done; p.status != http.StatusCreated {
			t.Errorf("one is answered %v", p)
		}
	}
	f = alice.await(t, f.ID, "ready")
	awaitVersions(t, f.ID, 1)
	_, _, body := fetch(t, alice.link(t, f.ID))
	if !sent[f.ChecksumSHA256] || checksum(body) != f.ChecksumSHA256 {
		t.Errorf("%d bytes are handed out, which are not those that were verified", len(body))
	}
}

func TestAnothersFormIsOneThatNeverWas(t *testing.T) {
	alice, mallory := as(t, "alice"), as(t, "mallory")
	f, _ := alice.askForm(t, map[string]any{"contentType": octets, "maxSize": 1000})
	for _, c := range []struct{ method, path string }{
		{"GET", "/files/"}, {"DELETE", "/files/"},
	} {
		if r := mallory.call(t, c.method, c.path+f.ID, ""); r.status != http.StatusNotFound {
			t.Errorf("%s: %d", c.method, r.status)
		}
	}
	if r := mallory.call(t, "POST", "/files/"+f.ID+"/complete", ""); r.status != http.StatusNotFound {
		t.Errorf("complete: %d", r.status)
	}
	if r := alice.call(t, "POST", "/files/"+f.ID+"/complete", ""); r.status != http.StatusConflict {
		t.Errorf("complete before the bytes: %d", r.status)
	}
}

// What a role may not do by PUT it may not do by a form that it signs itself.
func TestAFormIsSignedByWhomAndForWhatThePolicyOfItsRoleSays(t *testing.T) {
	alice := as(t, "alice")
	f, _ := alice.askForm(t, map[string]any{"contentType": octets, "maxSize": 1000})
	key := record(t, f.ID).Key
	for _, tt := range []struct {
		name, function, key string
		ends                time.Duration
		status              int
	}{
		{"create-upload", "CreateUploadFunction", key, time.Minute, 201},
		{"create-upload, beside the files", "CreateUploadFunction", "other/" + f.ID, time.Minute, 403},
		{"create-upload, upwards", "CreateUploadFunction", "files/../../" + f.ID, time.Minute, 400},
		{"create-upload, too late", "CreateUploadFunction", key, -time.Second, 403},
		{"create-download", "CreateDownloadFunction", key, time.Minute, 403},
		{"run-canary, which sends none", "RunCanaryFunction", key, time.Minute, 403},
		{"mark-ready", "MarkReadyFunction", key, time.Minute, 403},
	} {
		fields := forgeForm(t, functionKey(t, tt.function), tt.key, time.Now().Add(tt.ends))
		if p := postForm(t, local.S3URL()+"/"+bucket, fields, []byte("x")); p.status != tt.status {
			t.Errorf("%s: %v, want %d", tt.name, p, tt.status)
		}
	}
	// And the statement for forms lets no PUT without its precondition through.
	client := s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: aws.String(local.S3URL()), UsePathStyle: true, Credentials: functionKey(t, "CreateUploadFunction")})
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader("x")}); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("a PUT without if-none-match: %v", err)
	}
}

// forgeForm signs a form by hand with a stolen key.
func forgeForm(t *testing.T, key aws.CredentialsProvider, object string, ends time.Time) map[string]string {
	t.Helper()
	credentials, err := key.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	date := time.Now().UTC().Format("20060102T150405Z")
	fields := map[string]string{
		"key": object, "success_action_status": "201",
		"x-amz-algorithm": "AWS4-HMAC-SHA256", "x-amz-date": date, "x-amz-credential": credentials.AccessKeyID + "/" + date[:8] + "/us-east-1/s3/aws4_request",
	}
	conditions := []any{map[string]string{"bucket": bucket}}
	for name, value := range fields {
		conditions = append(conditions, map[string]string{name: value})
	}
	policy, err := json.Marshal(map[string]any{"expiration": ends.UTC().Format(time.RFC3339Nano), "conditions": conditions})
	if err != nil {
		t.Fatal(err)
	}
	fields["policy"] = base64.StdEncoding.EncodeToString(policy)
	sum := []byte("AWS4" + credentials.SecretAccessKey)
	for _, part := range []string{date[:8], "us-east-1", "s3", "aws4_request", fields["policy"]} {
		mac := hmac.New(sha256.New, sum)
		mac.Write([]byte(part))
		sum = mac.Sum(nil)
	}
	fields["x-amz-signature"] = hex.EncodeToString(sum)
	return fields
}

func TestAFormIsRefusedAfterItsEnd(t *testing.T) {
	alice := as(t, "alice")
	f, _ := alice.askForm(t, map[string]any{"contentType": octets, "maxSize": 1000})
	config := aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(local.S3URL()), Credentials: functionKey(t, "CreateUploadFunction")}
	form, err := s3store.New(config, bucket).PresignForm(t.Context(), upload.Form{Key: record(t, f.ID).Key, ContentType: octets, MaxSize: 1000, Life: 3 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(form.URL, "/"+bucket) { // this client would use a name of the bucket's own
		form.URL = local.S3URL() + "/" + bucket
	}
	if p := postForm(t, form.URL, form.Fields, []byte("x")); p.status != http.StatusCreated {
		t.Fatalf("in time: %v", p)
	}
	time.Sleep(time.Until(form.ExpiresAt.Add(1100 * time.Millisecond))) // the policy's end is at most a second later
	if p := postForm(t, form.URL, form.Fields, []byte("x")); p.status != http.StatusForbidden || p.code != "AccessDenied" {
		t.Errorf("too late: %v", p)
	}
	alice.await(t, f.ID, "ready")
	awaitVersions(t, f.ID, 1)
}
