package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// member is one name and value of a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

// objectMembers splits a JSON object. Unlike encoding/json with a struct it
// minds the case of names, and refuses a name that is there twice, of which
// one value would silently win.
func objectMembers(data []byte) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	start, err := d.Token()
	if err != nil {
		return nil, err
	}
	if start != json.Delim('{') {
		return nil, errors.New("it is not an object")
	}
	var members []member
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, ok := token.(string)
		if !ok {
			return nil, fmt.Errorf("%v is not a name", token)
		}
		if seen[name] {
			return nil, fmt.Errorf("%q is there twice", name)
		}
		seen[name] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		members = append(members, member{name, value})
	}
	_, err = d.Token()
	return members, err
}

func isArray(data json.RawMessage) bool {
	return len(data) > 0 && data[0] == '['
}

// stringOf reads a JSON string; null is not one.
func stringOf(data json.RawMessage) (string, error) {
	var s *string
	if err := json.Unmarshal(data, &s); err != nil || s == nil {
		return "", fmt.Errorf("%s is not a string", data)
	}
	return *s, nil
}

// stringsOf reads one string or a list of at least one.
func stringsOf(data json.RawMessage) ([]string, error) {
	return listOf(data, stringOf)
}

// valuesOf reads the values of a condition key, which JSON may also give as
// booleans and numbers.
func valuesOf(data json.RawMessage) ([]string, error) {
	return listOf(data, func(raw json.RawMessage) (string, error) {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			return "", err
		}
		switch v := v.(type) {
		case string:
			return v, nil
		case bool, json.Number:
			return fmt.Sprint(v), nil
		}
		return "", fmt.Errorf("%s is no value", raw)
	})
}

func listOf(data json.RawMessage, one func(json.RawMessage) (string, error)) ([]string, error) {
	if !isArray(data) {
		s, err := one(data)
		return []string{s}, err
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, err
	}
	if len(raw) == 0 {
		return nil, errors.New("the list is empty")
	}
	list := make([]string, len(raw))
	for i, r := range raw {
		s, err := one(r)
		if err != nil {
			return nil, err
		}
		list[i] = s
	}
	return list, nil
}
