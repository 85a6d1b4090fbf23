package api

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"testing"
	"unicode/utf8"
)

// byTheLibrary are the members of an object as encoding/json reads them one by one.
func byTheLibrary(t *testing.T, object []byte) (names []string, values []string) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			t.Fatal(err)
		}
		names, values = append(names, name.(string)), append(values, string(raw))
	}
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Fatalf("%q goes on: %v", object, err)
	}
	return names, values
}

func FuzzMembers(f *testing.F) {
	for _, s := range []string{
		`{}`, ` { } `, `{"a":1}`, `{"a" : "b" , "c":null,"d":true ,"e":-1.5e3}`, `{"a":{"b":[1,{"c":"}"}]},"d":[]}`,
		`{"\u0061\"":"\\","\\":"\""}`, "{\"a\":[\"]\",{}],\n\"a\":[[]]}", `{"":""}`, `{"a":"\ud800"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		if !json.Valid(object) || !utf8.Valid(object) || !isObject(object) {
			return
		}
		wantNames, wantValues := byTheLibrary(t, object)
		var names, values []string
		for name, value := range members(object) {
			names, values = append(names, name), append(values, string(value))
		}
		if !reflect.DeepEqual(names, wantNames) || !reflect.DeepEqual(values, wantValues) {
			t.Errorf("%q: %q %q, want %q %q", object, names, values, wantNames, wantValues)
		}
	})
}

// Whatever a value is, it is read as encoding/json reads it, or refused as there.
func FuzzDecodeValue(f *testing.F) {
	for _, s := range []string{`"a"`, `"\n"`, `""`, `1`, `-0`, `007`, `1e3`, `9223372036854775807`, `9223372036854775808`, `null`, `true`, `{}`, `[1]`, `"\ud800"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) || !utf8.Valid(raw) || len(bytes.Trim(raw, space)) != len(raw) {
			return // members gives no such values
		}
		for _, target := range []func() any{
			func() any { return new(string) },
			func() any { return new(*string) },
			func() any { return new(*int64) },
		} {
			got, want := target(), target()
			gotErr, wantErr := decodeValue(raw, got), json.Unmarshal(raw, want)
			if (gotErr == nil) != (wantErr == nil) || gotErr == nil && !reflect.DeepEqual(got, want) {
				t.Errorf("%q as %T: %v, want %v", raw, got, gotErr, wantErr)
			}
		}
	})
}
