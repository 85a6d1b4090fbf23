package api

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

func TestBodiesAreReadInOneWayOnly(t *testing.T) {
	for _, tt := range []struct {
		why, body string
		field     string // at fault; "-" for none
	}{
		{"complete", `{"name":"a","size":1}`, "-"},
		{"white space", " \n{\"name\":\"a\",\"size\":1}\t", "-"},
		{"optional field", `{"name":"a","size":1,"note":"x"}`, "-"},
		{"empty", ``, ""},
		{"null", `null`, ""},
		{"array", `[]`, ""},
		{"text", `"a"`, ""},
		{"cut off", `{"name":"a"`, ""},
		{"cut off in a value", `{"name":"a`, ""},
		{"two objects", `{"name":"a","size":1}{}`, ""},
		{"something behind", `{"name":"a","size":1}x`, ""},
		{"unknown field", `{"name":"a","size":1,"admin":true}`, "admin"},
		{"other letter case", `{"Name":"a","size":1}`, "Name"},
		{"twice", `{"name":"a","name":"b","size":1}`, "name"},
		{"missing", `{"name":"a"}`, "size"},
		{"null field", `{"name":null,"size":1}`, "name"},
		{"number for text", `{"name":1,"size":1}`, "name"},
		{"text for number", `{"name":"a","size":"1"}`, "size"},
		{"fraction", `{"name":"a","size":1.5}`, "size"},
		{"exponent", `{"name":"a","size":1e3}`, "size"},
		{"beyond int64", `{"name":"a","size":9223372036854775808}`, "size"},
		{"broken UTF-8", "{\"name\":\"\xff\",\"size\":1}", ""},
		{"comment", `{"name":"a",/* */"size":1}`, ""},
	} {
		var name, note string
		var size int64
		err := decodeObject([]byte(tt.body), map[string]any{"name": &name, "note": &note, "size": &size}, "name", "size")
		if tt.field == "-" {
			if err != nil || name != "a" || size != 1 {
				t.Errorf("%s: %v, name %q, size %d", tt.why, err, name, size)
			}
			continue
		}
		e, ok := err.(*file.Error)
		if !ok || e.Code != file.CodeInvalidRequest || e.Field != tt.field || e.Accepted == "" {
			t.Errorf("%s: %+v", tt.why, err)
		}
	}
}

func TestBodiesTooLargeAreRefusedBeforeTheyAreRead(t *testing.T) {
	long := strings.Repeat("x", MaxBody+1)
	for _, e := range []Event{
		{Body: long},
		{Body: base64.StdEncoding.EncodeToString([]byte(long)), IsBase64Encoded: true},
	} {
		if _, err := bodyOf(e, MaxBody); file.CodeOf(err) != file.CodeRequestTooLarge {
			t.Errorf("%v", err)
		}
	}
}

func FuzzDecodeObject(f *testing.F) {
	for _, s := range []string{`{"name":"a","size":1}`, `{}`, `{"name":{"a":[1,2]}}`, `{"name":"\ud800"}`, `[{}]`, "{\"a\":"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var name string
		var size int64
		err := decodeObject(body, map[string]any{"name": &name, "size": &size}, "size")
		if err == nil && !strings.Contains(string(body), "size") && !strings.Contains(string(body), `\u`) {
			t.Errorf("%q passed without the required field", body)
		}
		if err != nil && file.CodeOf(err) != file.CodeInvalidRequest {
			t.Errorf("%q: %v", body, err)
		}
	})
}
