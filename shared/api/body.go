package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vouch-s3/vouch/shared/file"
)

// MaxBody is the longest request body accepted, in bytes. The longest request
// that makes sense is well under 2 KiB.
const MaxBody = 16 << 10

func bodyOf(e Event) ([]byte, error) {
	body := []byte(e.Body)
	if e.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(e.Body); err != nil {
			return nil, &file.Error{Code: file.CodeInvalidRequest, Detail: "The body cannot be decoded.", Accepted: "a JSON object"}
		}
	}
	if len(body) > MaxBody {
		return nil, &file.Error{
			Code:     file.CodeRequestTooLarge,
			Detail:   fmt.Sprintf("The request body has %d bytes.", len(body)),
			Accepted: fmt.Sprintf("at most %d bytes; the file itself goes to the upload URL", MaxBody),
		}
	}
	return body, nil
}

// decodeObject reads body as exactly one JSON object into the fields given by
// name. encoding/json alone would take a field in other letter case, keep the
// last of two of the same name, and mend broken UTF-8: each is refused here,
// so that nobody between client and record can read a request differently.
// Every field in required must be there. The error is a *file.Error.
func decodeObject(body []byte, fields map[string]any, required ...string) error {
	accepted := "a JSON object with " + strings.Join(slices.Sorted(maps.Keys(fields)), ", ")
	refuse := func(field, detail string) error {
		return &file.Error{Code: file.CodeInvalidRequest, Field: field, Detail: detail, Accepted: accepted}
	}
	if !utf8.Valid(body) {
		return refuse("", "The body is not valid UTF-8.")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return refuse("", "The body is not a JSON object.")
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return refuse("", "The body is not valid JSON.")
		}
		name := t.(string) // within an object, encoding/json gives keys as strings
		target, known := fields[name]
		switch {
		case !known:
			return refuse(name, "There is no such field.")
		case seen[name]:
			return refuse(name, "The field is there twice.")
		}
		seen[name] = true
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return refuse(name, "The body is not valid JSON.")
		}
		if err := json.Unmarshal(raw, target); err != nil || string(raw) == "null" {
			return refuse(name, "The field has the wrong type, or a number that is out of range.")
		}
	}
	if _, err := d.Token(); err != nil {
		return refuse("", "The body is not valid JSON.")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return refuse("", "There is something behind the JSON object.")
	}
	for _, name := range required {
		if !seen[name] {
			return refuse(name, "The field is missing.")
		}
	}
	return nil
}

// noBody refuses a body where none is read, so that nothing a client sends is
// silently ignored. An empty JSON object passes for none.
func noBody(body []byte) error {
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 0 {
		return decodeObject(trimmed, nil)
	}
	return nil
}
