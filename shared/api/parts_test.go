package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/parts"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/upload"
)

const (
	crcA = "1dYzFQ+kJlU="
	shaA = "u1H2ULRs4+cT4Mzkgh4vDDoaQsvE1j5/0bqdONgEp8o="
)

func fieldOf(err error) (file.Code, string) {
	if e, ok := errors.AsType[*file.Error](err); ok {
		return e.Code, e.Field
	}
	return "", ""
}

func TestPartNumbersAreReadInOneWayOnly(t *testing.T) {
	for _, tt := range []struct {
		body  string
		code  file.Code
		field string
	}{
		{`{"partNumbers":[1,2]}`, "", ""},
		{`{"partNumbers":[1],"checksums":["` + crcA + `"]}`, "", ""},
		{`{"partNumbers":[1],"checksums":[]}`, "", ""}, // parts.Presigner counts them
		{``, file.CodeInvalidRequest, ""},
		{`{}`, file.CodeInvalidRequest, "partNumbers"},
		{`{"partNumbers":1}`, file.CodeInvalidRequest, "partNumbers"},
		{`{"partNumbers":null}`, file.CodeInvalidRequest, "partNumbers"},
		{`{"partNumbers":{"0":1}}`, file.CodeInvalidRequest, "partNumbers"},
		{`{"partNumbers":[1,null]}`, file.CodeInvalidRequest, "partNumbers[1]"},
		{`{"partNumbers":[1,"2"]}`, file.CodeInvalidRequest, "partNumbers[1]"},
		{`{"partNumbers":[1.5]}`, file.CodeInvalidRequest, "partNumbers[0]"},
		{`{"partNumbers":[1e1]}`, file.CodeInvalidRequest, "partNumbers[0]"},
		{`{"partNumbers":[99999999999999999999]}`, file.CodeInvalidRequest, "partNumbers[0]"},
		{`{"partNumbers":[[1]]}`, file.CodeInvalidRequest, "partNumbers[0]"},
		{`{"partNumbers":[1],"partNumbers":[2]}`, file.CodeInvalidRequest, "partNumbers"},
		{`{"partNumbers":[1],"checksums":[1]}`, file.CodeInvalidRequest, "checksums[0]"},
		{`{"partNumbers":[1],"checksums":[null]}`, file.CodeInvalidRequest, "checksums[0]"},
		{`{"partNumbers":[1],"checksums":null}`, file.CodeInvalidRequest, "checksums"},
		{`{"partNumbers":[1],"uploadId":"x"}`, file.CodeInvalidRequest, "uploadId"},
	} {
		numbers, checksums, err := newParts([]byte(tt.body))
		if code, field := fieldOf(err); code != tt.code || field != tt.field {
			t.Errorf("%s: %v", tt.body, err)
		}
		if err == nil && (len(numbers) == 0 || (checksums != nil) != strings.Contains(tt.body, "checksums")) {
			t.Errorf("%s: %v, %v", tt.body, numbers, checksums)
		}
	}
	if _, _, err := newParts([]byte(`{"partNumbers":[1` + strings.Repeat(",1", file.MaxParts) + `]}`)); file.CodeOf(err) != file.CodeInvalidRequest {
		t.Errorf("a list longer than any: %v", err)
	}
}

func TestCompletionsAreReadInOneWayOnly(t *testing.T) {
	for _, tt := range []struct {
		body  string
		code  file.Code
		field string
	}{
		{``, "", ""},
		{" \n", "", ""},
		{`{}`, "", ""},
		{`{"parts":[]}`, "", ""}, // parts.Completer counts them
		{`{"parts":[{"partNumber":1,"etag":"e"}]}`, "", ""},
		{`{"parts":[{"partNumber":1,"etag":"e","checksumCRC64NVME":"` + crcA + `"}],"checksumCRC64NVME":"` + crcA + `","checksumSHA256":"` + shaA + `"}`, "", ""},
		{`null`, file.CodeInvalidRequest, ""},
		{`{"parts":null}`, file.CodeInvalidRequest, "parts"},
		{`{"parts":{}}`, file.CodeInvalidRequest, "parts"},
		{`{"parts":[null]}`, file.CodeInvalidRequest, "parts[0]"},
		{`{"parts":[1]}`, file.CodeInvalidRequest, "parts[0]"},
		{`{"parts":[{}]}`, file.CodeInvalidRequest, "parts[0].partNumber"},
		{`{"parts":[{"partNumber":1}]}`, file.CodeInvalidRequest, "parts[0].etag"},
		{`{"parts":[{"partNumber":1,"etag":"e"},{"partNumber":2,"etag":null}]}`, file.CodeInvalidRequest, "parts[1].etag"},
		{`{"parts":[{"partNumber":1,"etag":"e","etag":"f"}]}`, file.CodeInvalidRequest, "parts[0].etag"},
		{`{"parts":[{"partNumber":"1","etag":"e"}]}`, file.CodeInvalidRequest, "parts[0].partNumber"},
		{`{"parts":[{"PartNumber":1,"etag":"e"}]}`, file.CodeInvalidRequest, "parts[0].PartNumber"},
		{`{"parts":[{"partNumber":1,"etag":"e","size":1}]}`, file.CodeInvalidRequest, "parts[0].size"},
		{`{"parts":[{"partNumber":1,"etag":"e","checksumCRC64NVME":""}]}`, file.CodeInvalidChecksum, "parts[0].checksumCRC64NVME"},
		{`{"parts":[{"partNumber":1,"etag":"e","checksumCRC64NVME":null}]}`, file.CodeInvalidRequest, "parts[0].checksumCRC64NVME"},
		{`{"checksumCRC64NVME":""}`, file.CodeInvalidChecksum, "checksumCRC64NVME"},
		{`{"checksumSHA256":""}`, file.CodeInvalidChecksum, "checksumSHA256"},
		{`{"checksumSHA256":null}`, file.CodeInvalidRequest, "checksumSHA256"},
		{`{"parts":[],"parts":[]}`, file.CodeInvalidRequest, "parts"},
	} {
		c, err := completionOf([]byte(tt.body))
		if code, field := fieldOf(err); code != tt.code || field != tt.field {
			t.Errorf("%s: %v", tt.body, err)
		}
		if err == nil && c.Empty() == strings.Contains(tt.body, ":") {
			t.Errorf("%s is read as %+v", tt.body, c)
		}
	}
}

// The longest list that is read has all of S3's most parts in it.
func TestACompletionOfTheMostPartsFitsIn(t *testing.T) {
	var body strings.Builder
	body.WriteString(`{"parts":[`)
	for i := range file.MaxParts {
		if i > 0 {
			body.WriteString(",")
		}
		fmt.Fprintf(&body, `{"partNumber":%d,"etag":"\"b54357faf0632cce46e942fa68356b38\"","checksumCRC64NVME":"%s"}`, i+1, crcA)
	}
	fmt.Fprintf(&body, `],"checksumCRC64NVME":"%s","checksumSHA256":"%s"}`, crcA, shaA)
	e := event("alice", body.String())
	e.PathParameters["id"] = "x"
	var got parts.Completion
	h := CompleteUpload(completer(func(c parts.Completion) { got = c }))
	reply, err := LambdaUpTo(MaxCompletion, bySub, h)(t.Context(), e)
	if err != nil || reply.StatusCode != 202 || len(got.Parts) != file.MaxParts {
		t.Errorf("%d bytes: %v, %d %.200s", body.Len(), err, reply.StatusCode, reply.Body)
	}
	e.Body += strings.Repeat(" ", MaxCompletion)
	if reply, err := LambdaUpTo(MaxCompletion, bySub, h)(t.Context(), e); err != nil || reply.StatusCode != 413 {
		t.Errorf("more than that: %v, %d", err, reply.StatusCode)
	}
	e.Body = e.Body[:MaxBody+1]
	if reply := call(t, h, e); reply.StatusCode != 413 {
		t.Errorf("by every other route: %d", reply.StatusCode)
	}
}

type completer func(parts.Completion)

func (f completer) Complete(_ context.Context, _ access.Principal, _ string, c parts.Completion) (file.File, error) {
	f(c)
	return file.File{Status: file.Uploaded}, nil
}

func FuzzNewParts(f *testing.F) {
	for _, s := range []string{`{"partNumbers":[1,2],"checksums":["` + crcA + `"]}`, `{"partNumbers":[]}`, `{"partNumbers":[null]}`, `{"checksums":[],"partNumbers":[-1]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		numbers, checksums, err := newParts(body)
		if err != nil {
			if file.CodeOf(err) != file.CodeInvalidRequest {
				t.Errorf("%q: %v", body, err)
			}
			return
		}
		// What is read is what was written: nothing is added, dropped or mended.
		var again struct {
			PartNumbers []int
			Checksums   []string
		}
		if err := json.Unmarshal(body, &again); err != nil || fmt.Sprint(again.PartNumbers) != fmt.Sprint(numbers) || fmt.Sprint(again.Checksums) != fmt.Sprint(checksums) {
			t.Errorf("%q is read as %v, %v", body, numbers, checksums)
		}
	})
}

func FuzzCompletionOf(f *testing.F) {
	for _, s := range []string{
		`{"parts":[{"partNumber":1,"etag":"e","checksumCRC64NVME":"` + crcA + `"}],"checksumCRC64NVME":"` + crcA + `","checksumSHA256":"` + shaA + `"}`,
		`{"parts":[]}`, `{"parts":[{"partNumber":1,"etag":"e"},{}]}`, `{"parts":[[]]}`, ``, `{"parts":[{"partNumber":1,"partNumber":1,"etag":"e"}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := completionOf(body)
		if err != nil {
			if code := file.CodeOf(err); code != file.CodeInvalidRequest && code != file.CodeInvalidChecksum {
				t.Errorf("%q: %v", body, err)
			}
			return
		}
		if len(strings.TrimSpace(string(body))) == 0 {
			return
		}
		var again struct {
			Parts []struct {
				PartNumber        int
				ETag              string
				ChecksumCRC64NVME string
			}
			ChecksumCRC64NVME, ChecksumSHA256 string
		}
		if err := json.Unmarshal(body, &again); err != nil || len(again.Parts) != len(c.Parts) || again.ChecksumCRC64NVME != c.ChecksumCRC64NVME || again.ChecksumSHA256 != c.ChecksumSHA256 {
			t.Errorf("%q is read as %+v", body, c)
			return
		}
		for i, p := range again.Parts {
			if c.Parts[i] != (parts.Sent{Number: p.PartNumber, ETag: p.ETag, ChecksumCRC64NVME: p.ChecksumCRC64NVME}) {
				t.Errorf("%q is read as %+v", body, c)
			}
		}
	})
}

type beginner struct{ keys []string }

func (b *beginner) BeginUpload(_ context.Context, key, _ string) (string, error) {
	b.keys = append(b.keys, key)
	return "u", nil
}

func TestAnUploadAnswersInExactlyOneWay(t *testing.T) {
	for _, tt := range []struct {
		body   string
		status int
		want   string // the member that says how, or the field at fault
	}{
		{`{"filename":"a","contentType":"image/png","size":1}`, 201, "upload"},
		{`{"filename":"a","contentType":"image/png","size":1,"method":"put"}`, 201, "upload"},
		{`{"filename":"a","contentType":"image/png","size":67108865}`, 201, "multipart"},
		{`{"filename":"a","contentType":"image/png","size":1,"method":"multipart"}`, 201, "multipart"},
		{`{"filename":"a","contentType":"image/png","size":1,"method":"multipart","partSize":5242880}`, 201, "multipart"},
		{`{"filename":"a","contentType":"image/png","size":1,"method":""}`, 422, "method"},
		{`{"filename":"a","contentType":"image/png","size":1,"method":"PUT"}`, 422, "method"},
		{`{"filename":"a","contentType":"image/png","size":1,"method":"multipart","partSize":0}`, 422, "partSize"},
		{`{"filename":"a","contentType":"image/png","size":1,"method":"multipart","partSize":-1}`, 422, "partSize"},
		{`{"filename":"a","contentType":"image/png","size":1,"method":"multipart","partSize":5368709121}`, 422, "partSize"},
		{`{"filename":"a","contentType":"image/png","size":1,"method":"put","partSize":5242880}`, 422, "partSize"},
		{`{"filename":"a","contentType":"image/png","size":1,"method":null}`, 400, "method"},
	} {
		var records filetest.Records
		var signer presigner
		var uploads beginner
		h := CreateUpload(upload.Creator{Records: &records, Presigner: &signer, Uploads: &uploads, Policy: policy.Default(), Now: func() time.Time { return now }})
		reply := call(t, h, event("alice", tt.body))
		if reply.StatusCode != tt.status {
			t.Errorf("%s: %d %s", tt.body, reply.StatusCode, reply.Body)
			continue
		}
		if tt.status != 201 {
			if p := problem(t, reply); p.Field != tt.want || p.Accepted == "" || len(uploads.keys)+len(signer.puts) != 0 {
				t.Errorf("%s: %+v", tt.body, p)
			}
			continue
		}
		var members map[string]any
		if err := json.Unmarshal([]byte(reply.Body), &members); err != nil {
			t.Fatal(err)
		}
		other := "multipart"
		if tt.want == other {
			other = "upload"
		}
		if members[tt.want] == nil || members[other] != nil || reply.Headers["Cache-Control"] != "no-store" {
			t.Errorf("%s: %v %s", tt.body, reply.Headers, reply.Body)
		}
	}
}

type lists struct {
	held []file.Part
	more bool
}

func (l lists) List(_ context.Context, _ access.Principal, _ string, after int) (file.File, []file.Part, bool, error) {
	return file.File{Size: 10 << 20, PartSize: 5 << 20}, l.held, l.more, nil
}

func TestAPageOfPartsNamesTheNextOne(t *testing.T) {
	held := []file.Part{{Number: 7, Size: 5 << 20, ETag: "e"}}
	for want, l := range map[string]lists{
		`"nextAfter":7`: {held, true},
		`"etag":"e"}]}`: {held, false},
		`"parts":[]}`:   {nil, true},
	} {
		if reply := call(t, ListParts(l), event("alice", "")); reply.StatusCode != 200 || !strings.Contains(reply.Body, want) {
			t.Errorf("%+v: %d %s, want %s", l, reply.StatusCode, reply.Body, want)
		}
	}
	for name, query := range map[string]map[string]string{
		"0": {"after": "0"}, "text": {"after": "x"}, "more than there can be": {"after": "10001"}, "two": {"after": "1,2"}, "another": {"limit": "1"},
	} {
		e := event("alice", "")
		e.QueryStringParameters = query
		if p := problem(t, call(t, ListParts(lists{}), e)); p.Status != 400 || p.Accepted == "" {
			t.Errorf("%s: %+v", name, p)
		}
	}
}
