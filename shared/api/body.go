package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vouch-s3/vouch/shared/file"
)

// The longest request bodies accepted, in bytes.
const (
	// MaxBody is that of every call but one. The longest request that makes sense
	// is well under 4 KiB.
	MaxBody = 16 << 10

	// MaxCompletion is that of CompleteUpload, which may list file.MaxParts parts
	// of some 100 bytes each.
	MaxCompletion = 1 << 20
)

func bodyOf(e Event, most int) ([]byte, error) {
	body := []byte(e.Body)
	if e.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(e.Body); err != nil {
			return nil, &file.Error{Code: file.CodeInvalidRequest, Detail: "The body cannot be decoded.", Accepted: "a JSON object"}
		}
	}
	if len(body) > most {
		return nil, &file.Error{
			Code:     file.CodeRequestTooLarge,
			Detail:   fmt.Sprintf("The request body has %d bytes.", len(body)),
			Accepted: fmt.Sprintf("at most %d bytes; the file itself goes to the upload URL", most),
		}
	}
	return body, nil
}

// decodeObject reads body as exactly one JSON object into the fields given by
// name. encoding/json alone would take a field in other letter case, keep the
// last of two of the same name, and mend broken UTF-8: each is refused here,
// so that nobody between client and record can read a request differently.
// No field may be null unless its target is nullable. Every field in required must
// be there. The error is a *file.Error.
func decodeObject(body []byte, fields map[string]any, required ...string) error {
	return decodeObjectAt("", body, fields, required...)
}

// nullable is a target for a field that may be null, which is a value of its own.
type nullable interface{ takesNull() }

// decodeObjectAt is decodeObject for an object within the body, whose place there
// the errors name, as parts[3].
func decodeObjectAt(place string, body []byte, fields map[string]any, required ...string) error {
	refuse := func(field, detail string) error {
		if place != "" {
			field = strings.TrimSuffix(place+"."+field, ".")
		}
		return &file.Error{
			Code: file.CodeInvalidRequest, Field: field, Detail: detail,
			Accepted: "a JSON object with " + strings.Join(slices.Sorted(maps.Keys(fields)), ", "),
		}
	}
	switch {
	case !utf8.Valid(body):
		return refuse("", "The body is not valid UTF-8.")
	case !json.Valid(body):
		return refuse("", "The body is not one valid JSON value.")
	case !isObject(body):
		return refuse("", "The body is not a JSON object.")
	}
	seen := make(map[string]bool, len(fields))
	for name, raw := range members(body) {
		target, known := fields[name]
		switch {
		case !known:
			return refuse(name, "There is no such field.")
		case seen[name]:
			return refuse(name, "The field is there twice.")
		}
		seen[name] = true
		_, takesNull := target.(nullable)
		if err := decodeValue(raw, target); err != nil || string(raw) == "null" && !takesNull {
			return refuse(name, "The field has the wrong type, or a number that is out of range.")
		}
	}
	for _, name := range required {
		if !seen[name] {
			return refuse(name, "The field is missing.")
		}
	}
	return nil
}

// errNoElement says that an element of an array is not of the type asked for.
var errNoElement = errors.New("not an element")

// decodeArray reads list, the value of the field name, as one JSON array of at
// most file.MaxParts elements, and gives each to element with its place, as
// parts[3]. It refuses a null, and what element refuses by errNoElement.
func decodeArray(list json.RawMessage, name string, element func(place string, raw []byte) error) error {
	refuse := func(field, detail string) error {
		return &file.Error{Code: file.CodeInvalidRequest, Field: field, Detail: detail, Accepted: fmt.Sprintf("an array of at most %d elements", file.MaxParts)}
	}
	d := json.NewDecoder(bytes.NewReader(list))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return refuse(name, "The field has the wrong type.")
	}
	for i := 0; d.More(); i++ {
		if i == file.MaxParts {
			return refuse(name, "The array is too long.")
		}
		place := fmt.Sprintf("%s[%d]", name, i)
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return refuse(place, "The body is not valid JSON.")
		}
		err := errNoElement
		if string(raw) != "null" {
			err = element(place, raw)
		}
		if errors.Is(err, errNoElement) {
			return refuse(place, "It has the wrong type, or is out of range.")
		}
		if err != nil {
			return err
		}
	}
	return nil // decodeObject has read the array to its end
}

// noBody refuses a body where none is read, so that nothing a client sends is
// silently ignored. An empty JSON object passes for none.
func noBody(body []byte) error {
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 0 {
		return decodeObject(trimmed, nil)
	}
	return nil
}
