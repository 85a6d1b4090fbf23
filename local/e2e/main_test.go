// Package e2e tests Vouch as its users have it: over HTTP, against the whole
// local stack, with the functions' real binaries, a real S3 server and a real
// scanner.
package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/vouch-s3/vouch/local/apidoc"
	"github.com/vouch-s3/vouch/local/stack"
	domain "github.com/vouch-s3/vouch/shared/file"
)

var (
	local    *stack.Stack
	openAPI  apidoc.Document
	dir      string // of the stack's data
	binaries string // the folder of the functions' binaries
	root     string // of the project
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		log.Print(err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if root, err = filepath.Abs("../.."); err != nil {
		return 1, err
	}
	if dir, err = os.MkdirTemp("", "vouch-e2e-"); err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	binaries = filepath.Join(dir, "functions")
	if err := os.Mkdir(binaries, 0o755); err != nil {
		return 1, err
	}
	if err := build(root, binaries+"/", "./functions/..."); err != nil {
		return 1, err
	}
	if openAPI, err = apidoc.Load(filepath.Join(root, "docs/openapi.yaml")); err != nil {
		return 1, err
	}
	local, err = stack.Start(context.Background(), stack.Options{
		Template: filepath.Join(root, "template.yaml"), Functions: binaries, Dir: filepath.Join(dir, "stack"),
		API: "127.0.0.1:0", MachineAPI: "127.0.0.1:0", S3: "127.0.0.1:0", AWS: "127.0.0.1:0", Clamd: "127.0.0.1:0",
	})
	if err != nil {
		return 1, err
	}
	defer local.Close()
	return m.Run(), nil
}

// build builds commands of the module at dir to out.
func build(module, out string, packages string) error {
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", out, packages)
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", packages, err, output)
	}
	return nil
}

// user is somebody with a token.
type user struct {
	name, token string
	api         string
}

func as(t *testing.T, name string) user {
	t.Helper()
	token, err := local.Token(name, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return user{name, token, local.APIURL()}
}

// reply is an answer of the API.
type reply struct {
	status int
	header http.Header
	body   string
}

// into decodes the body.
func (r reply) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), v); err != nil {
		t.Fatalf("%v in %d %s", err, r.status, r.body)
	}
}

// call calls the API, and holds what it answers to docs/openapi.yaml.
func (u user) call(t *testing.T, method, path, body string, header ...string) reply {
	t.Helper()
	r := u.send(t, method, path, body, header...)
	if r.status == 0 {
		t.FailNow()
	}
	return r
}

func (u user) send(t *testing.T, method, path, body string, header ...string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, u.api+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if u.token != "" {
		req.Header.Set("Authorization", "Bearer "+u.token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return reply{}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
		return reply{}
	}
	r := reply{resp.StatusCode, resp.Header, string(data)}
	check(t, req, r)
	return r
}

// check holds an answer to docs/openapi.yaml.
func check(t *testing.T, req *http.Request, r reply) {
	t.Helper()
	if err := openAPI.Answer(req, r.status, r.header, r.body); err != nil {
		t.Error(err)
	}
}

// file is a file as the API shows it.
type file struct {
	ID, Status, Filename, ContentType, ChecksumSHA256, Reason string
	Receipt                                                   string
	Verdict                                                   *verdict
	Size                                                      int64
	Method                                                    string
	Multipart                                                 struct {
		PartSize  int64
		PartCount int
		ExpiresAt time.Time
	}
	Upload struct {
		Method, URL string
		Headers     map[string]string
		ExpiresAt   time.Time
	}
}

type verdict struct {
	Outcome, DetectedType string
	Findings              []struct{ Code, Where string }
	Scanners              []struct{ Name string }
	Coverage              struct {
		Complete                 bool
		Bytes, Unpacked, Entries int64
	}
}

type problem struct {
	Type, Title, Detail, Field, Accepted, FileStatus string
	Status                                           int
}

const octets = "application/octet-stream"

// ask asks to upload data by a PUT, with its checksum if that is promised too.
func (u user) ask(t *testing.T, name string, data []byte, promise bool) file {
	t.Helper()
	return u.askAs(t, name, octets, data, promise)
}

// askAs is ask for a content type.
func (u user) askAs(t *testing.T, name, contentType string, data []byte, promise bool) file {
	t.Helper()
	in := map[string]any{"filename": name, "contentType": contentType, "size": len(data), "method": "put"}
	if promise {
		in["checksumSHA256"] = checksum(data)
	}
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	r := u.call(t, "POST", "/files", string(body))
	if r.status != http.StatusCreated {
		t.Fatalf("POST /files: %d %s", r.status, r.body)
	}
	var f file
	r.into(t, &f)
	return f
}

func checksum(data []byte) string {
	sum := sha256.Sum256(data)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// put sends data to S3 with the headers that the API asked for, each replaced
// by what header says, and returns the status and the error code of S3.
func put(t *testing.T, f file, data []byte, header ...string) (status int, code string) {
	t.Helper()
	return putTo(t, f.Upload.URL, f.Upload.Headers, data, header...)
}

func putTo(t *testing.T, url string, headers map[string]string, data []byte, header ...string) (status int, code string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		if name != "Content-Length" { // net/http sends it by itself, as browsers do
			req.Header.Set(name, value)
		}
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i+1] == "" {
			req.Header.Del(header[i])
			continue
		}
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(body), "<Code>")
	code, _, _ = strings.Cut(rest, "</Code>")
	return resp.StatusCode, code
}

// get reads the file's record.
func (u user) get(t *testing.T, id string) file {
	t.Helper()
	r := u.call(t, "GET", "/files/"+id, "")
	if r.status != http.StatusOK {
		t.Fatalf("GET /files/%s: %d %s", id, r.status, r.body)
	}
	var f file
	r.into(t, &f)
	return f
}

// await polls until the file has a status, and fails when another end state comes.
func (u user) await(t *testing.T, id, want string) file {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for {
		f := u.get(t, id)
		if f.Status == want {
			return f
		}
		final := f.Status == "ready" || f.Status == "rejected" || f.Status == "expired" || f.Status == "deleted"
		if final || time.Now().After(deadline) {
			t.Fatalf("file %s is %s (%s), not %s", id, f.Status, f.Reason, want)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// eventually waits until something holds, and fails with what is wrong if it
// never does.
func eventually(t *testing.T, wrong string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(wrong)
		}
	}
}

// link asks for a download URL.
func (u user) link(t *testing.T, id string) string {
	t.Helper()
	r := u.call(t, "POST", "/files/"+id+"/download", "")
	if r.status != http.StatusOK {
		t.Fatalf("POST /files/%s/download: %d %s", id, r.status, r.body)
	}
	var l struct{ URL string }
	r.into(t, &l)
	return l.URL
}

// fetch gets a URL of S3.
func fetch(t *testing.T, url string) (int, http.Header, []byte) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, body
}

// ready brings a file of data all the way.
func (u user) ready(t *testing.T, name string, data []byte) file {
	t.Helper()
	f := u.ask(t, name, data, true)
	if status, code := put(t, f, data); status != http.StatusOK {
		t.Fatalf("PUT: %d %s", status, code)
	}
	return u.await(t, f.ID, "ready")
}

// freePorts returns addresses on loopback that nobody listens on now.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var addrs []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		addrs = append(addrs, l.Addr().String())
	}
	return addrs
}

// tag says that a version is clean.
func tag(t *testing.T, client *s3.Client, f domain.File) error {
	t.Helper()
	return tagAs(t, client, f, domain.Clean)
}

func tagAs(t *testing.T, client *s3.Client, f domain.File, outcome domain.Outcome) error {
	t.Helper()
	_, err := client.PutObjectTagging(t.Context(), &s3.PutObjectTaggingInput{
		Bucket: aws.String(bucket), Key: &f.Key, VersionId: &f.VersionID,
		Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("vouch-verdict"), Value: aws.String(string(outcome))}}},
	})
	return err
}
