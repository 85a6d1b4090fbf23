package receipt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep objects and lists may stand in each other. Claims need
// four.
const maxDepth = 8

// unambiguous refuses JSON that two readers could read differently (RFC 8259,
// 4; RFC 7515, 4): anything but one object, broken UTF-8, and a member that is
// there twice. Names that differ only in letter case count as the same, for so
// encoding/json takes them.
func unambiguous(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	first, err := d.Token()
	if err != nil {
		return err
	}
	if first != json.Delim('{') {
		return errors.New("it is not a JSON object")
	}
	if err := members(d, 1); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something behind the JSON object")
	}
	return nil
}

// members reads the rest of an object.
func members(d *json.Decoder, depth int) error {
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name := t.(string) // within an object, encoding/json gives keys as strings
		if strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) {
			return fmt.Errorf("the member %q is not ASCII", name) // its letter case has no simple rule
		}
		folded := strings.ToLower(name)
		if seen[folded] {
			return fmt.Errorf("the member %q is there twice", name)
		}
		seen[folded] = true
		if err := value(d, depth); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// value reads one value.
func value(d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	delim, composed := t.(json.Delim)
	if !composed {
		return nil
	}
	if depth++; depth > maxDepth {
		return fmt.Errorf("it is nested deeper than %d", maxDepth)
	}
	if delim == '{' {
		return members(d, depth)
	}
	for d.More() {
		if err := value(d, depth); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}
