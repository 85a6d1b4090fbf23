package authz

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A member is one member of a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

// members splits a JSON object. Other than encoding/json it refuses a name that
// occurs twice, as IAM does: the last would silently replace the others.
func members(data []byte) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	if start, err := d.Token(); err != nil {
		return nil, err
	} else if start != json.Delim('{') {
		return nil, errors.New("it must be an object")
	}
	var list []member
	seen := map[string]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		m := member{name: name.(string)} // the decoder lets nothing else be a name
		if seen[m.name] {
			return nil, fmt.Errorf("%q is there twice", m.name)
		}
		seen[m.name] = true
		if err := d.Decode(&m.value); err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the object")
	}
	return list, nil
}

// oneOrList returns the elements of a JSON array, or the one value there is.
func oneOrList(data json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if len(data) > 0 && data[0] == '[' && json.Unmarshal(data, &list) == nil {
		return list
	}
	return []json.RawMessage{data}
}

// text reads a JSON string.
func text(data json.RawMessage) (string, error) {
	var v *string
	if err := json.Unmarshal(data, &v); err != nil || v == nil {
		return "", fmt.Errorf("%s must be a string", data)
	}
	return *v, nil
}

// scalar reads a JSON string, number or boolean, as a condition's value may be.
func scalar(data json.RawMessage) (string, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return "", err
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return fmt.Sprint(v), nil
	}
	return "", fmt.Errorf("%s must be a string, a number or a boolean", data)
}
