package objectstorage

import (
	"bytes"
	"io"
	"maps"
	"mime"
	"net/http"
	"strings"
	"testing"

	"github.com/versity/versitygw/s3api/utils"
)

const formType = "multipart/form-data; boundary=b"

func formRequest(contentType, body string) *http.Request {
	return &http.Request{
		Method: http.MethodPost, Header: http.Header{"Content-Type": {contentType}},
		ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
	}
}

// lines joins the lines of a form.
func lines(l ...string) string { return strings.Join(l, "\r\n") }

func TestAFormIsReadUpToItsFileAndPassesWhole(t *testing.T) {
	body := lines("--b",
		`Content-Disposition: form-data; name="Key"`, "", "files/a/b", "--b",
		`content-disposition: form-data; name="note"`, "Content-Type: text/plain", "", "two", "lines", "", "--b",
		`Content-Disposition: form-data; name="empty"`, "", "", "--b",
		`Content-Disposition: form-data; name="file"; filename="x.bin"`, "Content-Type: image/png", "", strings.Repeat("file", 50_000), "--b--", "")
	fields, again, err := readForm(formRequest(formType, body))
	if err != nil {
		t.Fatal(err.code)
	}
	if want := map[string]string{"key": "files/a/b", "note": "two\r\nlines\r\n", "empty": ""}; !maps.Equal(fields, want) {
		t.Errorf("%q, want %q", fields, want)
	}
	if whole, err := io.ReadAll(again); err != nil || string(whole) != body {
		t.Errorf("%d of %d bytes pass, %v", len(whole), len(body), err)
	}
}

func TestAFormThatCanBeReadInTwoWaysIsRefused(t *testing.T) {
	part := func(disposition, value string) string {
		return lines("Content-Disposition: form-data; "+disposition, "", value, "--b", "")
	}
	file := lines(`Content-Disposition: form-data; name="file"; filename="x"`, "", "x", "--b--", "")
	start := "--b\r\n"
	for _, tt := range []struct{ name, contentType, body, code string }{
		{"one field", formType, start + part(`name="key"`, "k") + file, ""},
		{"a field twice", formType, start + part(`name="key"`, "k") + part(`name="key"`, "l") + file, "MalformedPOSTRequest"},
		{"a field twice, in other case", formType, start + part(`name="key"`, "k") + part(`name="KEY"`, "l") + file, "MalformedPOSTRequest"},
		{"metadata twice", formType, start + part(`name="x-amz-meta-a"`, "k") + part(`name="x-amz-meta-a"`, "l") + file, "MalformedPOSTRequest"},
		{"a field with a filename", formType, start + part(`name="key"; filename="f"`, "k") + file, "MalformedPOSTRequest"},
		{"two dispositions", formType, start + lines(`Content-Disposition: form-data; name="a"`, `Content-Disposition: form-data; name="key"`, "", "k", "--b", "") + file, "MalformedPOSTRequest"},
		{"another disposition", formType, start + lines(`Content-Disposition: attachment; name="key"`, "", "k", "--b", "") + file, "MalformedPOSTRequest"},
		{"no disposition", formType, start + lines("", "k", "--b", "") + file, "MalformedPOSTRequest"},
		{"no name", formType, start + part(`a="b"`, "k") + file, "MalformedPOSTRequest"},
		{"a header without a colon", formType, start + lines("Content-Disposition", "", "k", "--b", "") + file, "MalformedPOSTRequest"},
		{"lines without CR", formType, strings.ReplaceAll(start+part(`name="key"`, "k")+file, "\r", ""), "MalformedPOSTRequest"},
		{"a preamble", formType, "hello\r\n" + start + part(`name="key"`, "k") + file, "MalformedPOSTRequest"},
		{"no file", formType, start + lines(`Content-Disposition: form-data; name="key"`, "", "k", "--b--", ""), "InvalidArgument"},
		{"no end", formType, start + part(`name="key"`, "k"), "MalformedPOSTRequest"},
		{"nothing", formType, "", "MalformedPOSTRequest"},
		{"no boundary", "multipart/form-data", start + file, "MalformedPOSTRequest"},
		{"another type", "application/x-www-form-urlencoded", "key=k", "PreconditionFailed"},
		{"fields that fit", formType, start + part(`name="key"`, strings.Repeat("k", maxForm-300)) + file, ""},
		{"too long a field", formType, start + part(`name="key"`, strings.Repeat("k", maxForm)) + file, "MaxPostPreDataLengthExceeded"},
		{"too many fields", formType, start + strings.Repeat(part(`name="x-ignore-a"`, "k"), 1) + strings.Repeat("x", maxForm) + file, "MaxPostPreDataLengthExceeded"},
	} {
		code := ""
		if _, _, err := readForm(formRequest(tt.contentType, tt.body)); err != nil {
			code = err.code
		}
		if code != tt.code {
			t.Errorf("%s: %q, want %q", tt.name, code, tt.code)
		}
	}
	chunked := formRequest(formType, start+file)
	chunked.ContentLength = -1
	if _, _, err := readForm(chunked); err != errLength {
		t.Errorf("a form that does not say its length: %v", err)
	}
	twice := formRequest(formType, start+file)
	twice.Header.Add("Content-Type", "multipart/form-data; boundary=c")
	if _, _, err := readForm(twice); err != errNoForm {
		t.Errorf("a form of two types: %v", err)
	}
}

func TestAFormIsOnlyAPostToTheBucketItself(t *testing.T) {
	for _, tt := range []struct {
		method, target string
		want           bool
	}{
		{"POST", "/b", true},
		{"POST", "/b/", true},
		{"POST", "/b/k", false},
		{"POST", "/b?delete", false},
		{"POST", "/", false},
		{"PUT", "/b", false},
	} {
		r, err := http.NewRequest(tt.method, "http://s3"+tt.target, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := postsForm(r); got != tt.want {
			t.Errorf("%s %s: %v", tt.method, tt.target, got)
		}
	}
}

func TestAFormNeedsThePermissionsOfItsFields(t *testing.T) {
	r, err := http.NewRequest("POST", "http://s3/b", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("If-None-Match", "*")
	r.Header.Set("X-Amz-Server-Side-Encryption", "aws:kms")
	fields := map[string]string{
		"key": "files/a/b", "policy": "p", "tagging": "<Tagging/>", "acl": "public-read", "x-amz-server-side-encryption": "AES256",
		"x-amz-algorithm": "AWS4-HMAC-SHA256", "x-amz-credential": "AK/20260101/r/s3/aws4_request", "x-amz-date": "20260101T000000Z", "x-amz-signature": "s",
	}
	signed, ok := formSignature(fields)
	if !ok || signed.AccessKey != "AK" || signed.date.IsZero() {
		t.Errorf("%+v", signed)
	}
	op := formOperation(r, fields)
	if got := strings.Join(op.actions, ","); got != "s3:PutObject,s3:PutObjectTagging,s3:PutObjectAcl" || op.arn("s3:PutObject") != "arn:aws:s3:::b/files/a/b" || op.creates != "PostObject" {
		t.Errorf("%+v", op)
	}
	c := formContext(r, signed, op, fields)
	if c["s3:authType"][0] != "POST" || c["s3:if-none-match"] != nil || c["s3:x-amz-server-side-encryption"][0] != "AES256" || c["s3:signatureAge"] == nil {
		t.Errorf("%v", c)
	}
	for name := range fields {
		if strings.HasPrefix(name, "x-amz-server") || name == "x-amz-date" || !strings.HasPrefix(name, "x-amz-") && name != "policy" {
			continue
		}
		without := maps.Clone(fields)
		delete(without, name)
		if _, ok := formSignature(without); ok {
			t.Errorf("a form without %s is signed", name)
		}
	}
}

// What the front reads, versitygw reads too.
func FuzzReadForm(f *testing.F) {
	f.Add(formType, lines("--b", `Content-Disposition: form-data; name="key"`, "", "k", "--b", `Content-Disposition: form-data; name="file"`, "", "x", "--b--", ""))
	f.Add(`multipart/form-data; boundary="a b"`, lines("--a b", `Content-Disposition: form-data; name*=utf-8''key`, "X: y", "", "k", "", "--a b", `Content-Disposition: form-data; name="file"; filename="--b"`, "", "x"))
	f.Add(formType, lines("--b", `Content-Disposition: form-data; name="key"`, "", "--b", "--b", "Content-Disposition: form-data; name=FILE", "", "--b--", ""))
	f.Fuzz(func(t *testing.T, contentType, body string) {
		fields, again, refused := readForm(formRequest(contentType, body))
		if refused != nil {
			return
		}
		whole, err := io.ReadAll(again)
		if err != nil || string(whole) != body {
			t.Fatalf("%q passes as %q, %v", body, whole, err)
		}
		_, params, err := mime.ParseMediaType(contentType)
		if err != nil {
			t.Fatal(err)
		}
		parser, err := utils.NewMultipartParser(bytes.NewReader(whole), params["boundary"], int64(len(whole)))
		if err != nil {
			return // refused there
		}
		if theirs, err := parser.Parse(); err == nil && !maps.Equal(theirs.Fields, fields) {
			t.Errorf("%q is %q here and %q in versitygw", body, fields, theirs.Fields)
		}
	})
}
