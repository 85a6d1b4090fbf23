package costs

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/vouch-s3/vouch/local/samtemplate"
)

// item is an item, or a key, in DynamoDB's JSON: a type and a value by attribute.
type item map[string]value

// value is one attribute's value: {"S": "text"}.
type value map[string]json.RawMessage

// size is how many bytes DynamoDB counts for an item ("DynamoDB item sizes and
// formats", Amazon DynamoDB Developer Guide).
func (i item) size() (n int, err error) {
	for name, v := range i {
		s, err := v.size()
		if err != nil {
			return 0, fmt.Errorf("attribute %s: %w", name, err)
		}
		n += len(name) + s
	}
	return n, nil
}

func (v value) size() (int, error) {
	if len(v) != 1 {
		return 0, fmt.Errorf("a value has %d types", len(v))
	}
	for kind, raw := range v {
		switch kind {
		case "S", "N", "B":
			var text string
			if err := json.Unmarshal(raw, &text); err != nil {
				return 0, fmt.Errorf("read a value of type %s: %w", kind, err)
			}
			return scalarSize(kind, text)
		case "BOOL", "NULL":
			return 1, nil
		case "SS", "NS", "BS":
			var all []string
			if err := json.Unmarshal(raw, &all); err != nil {
				return 0, fmt.Errorf("read a set: %w", err)
			}
			n := 0
			for _, text := range all {
				s, err := scalarSize(kind[:1], text)
				if err != nil {
					return 0, err
				}
				n += s
			}
			return n, nil
		case "L":
			var all []value
			if err := json.Unmarshal(raw, &all); err != nil {
				return 0, fmt.Errorf("read a list: %w", err)
			}
			n := 3 + len(all)
			for _, v := range all {
				s, err := v.size()
				if err != nil {
					return 0, err
				}
				n += s
			}
			return n, nil
		case "M":
			var all item
			if err := json.Unmarshal(raw, &all); err != nil {
				return 0, fmt.Errorf("read a map: %w", err)
			}
			n, err := all.size()
			return 3 + len(all) + n, err
		default:
			return 0, fmt.Errorf("the type %s is not known", kind)
		}
	}
	return 0, nil // not reached: there is exactly one type
}

// scalarSize is the length of a text, of binary data, or about a byte for two
// digits of a number and one more.
func scalarSize(kind, text string) (int, error) {
	switch kind {
	case "B":
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return 0, fmt.Errorf("read binary data: %w", err)
		}
		return len(data), nil
	case "N":
		digits, negative := strings.CutPrefix(text, "-")
		digits, _, _ = strings.Cut(strings.ToLower(digits), "e")
		digits = strings.Trim(strings.Replace(digits, ".", "", 1), "0")
		n := (len(digits)+1)/2 + 1
		if negative {
			n++
		}
		return n, nil
	}
	return len(text), nil
}

// Units of capacity ("Read and write request units", Amazon DynamoDB Developer
// Guide). What is not there costs the least that there is.
func writeUnits(bytes int) float64 { return math.Max(1, math.Ceil(float64(bytes)/1024)) }

func readUnits(bytes int, consistent bool) float64 {
	n := math.Max(1, math.Ceil(float64(bytes)/4096))
	if !consistent {
		n /= 2
	}
	return n
}

// transactional is how many times the units of a plain write one in a transaction
// costs: it is prepared, and committed.
const transactional = 2

// ownUnits are the units of a write for the item itself: by the larger of what
// was there and what is then. A refused write costs as if it were made.
func ownUnits(before, after item) (float64, error) {
	b, err := before.size()
	if err != nil {
		return 0, err
	}
	a, err := after.size()
	return writeUnits(max(a, b)), err
}

// indexUnits are the units of a write for one index ("Provisioned throughput
// considerations for Global Secondary Indexes"): none where the entry stays as it
// is, one write where it comes, goes or changes, and two where its key does, since
// the old entry goes and a new one comes. A transaction doubles only the write of
// the item: indexes follow it later.
func indexUnits(table samtemplate.Table, index samtemplate.Index, before, after item) (float64, error) {
	old, was := entry(table, index, before)
	now, is := entry(table, index, after)
	a, err := now.size()
	if err != nil {
		return 0, err
	}
	b, err := old.size()
	switch {
	case err != nil:
		return 0, err
	case !was && !is:
		return 0, nil
	case !was:
		return writeUnits(a), nil
	case !is:
		return writeUnits(b), nil
	case !reflect.DeepEqual(keyOf(old, table, index), keyOf(now, table, index)):
		return writeUnits(b) + writeUnits(a), nil
	case reflect.DeepEqual(old, now):
		return 0, nil
	}
	return writeUnits(max(a, b)), nil
}

// entry is what an index holds of an item, which it does only of one that has all
// of the index's key.
func entry(table samtemplate.Table, index samtemplate.Index, of item) (item, bool) {
	for _, k := range index.KeySchema {
		if _, ok := of[k.AttributeName]; !ok {
			return nil, false
		}
	}
	if len(of) == 0 {
		return nil, false
	}
	if index.Projection.ProjectionType == "ALL" {
		return of, true
	}
	out := keyOf(of, table, index)
	for _, name := range index.Projection.NonKeyAttributes {
		if v, ok := of[name]; ok {
			out[name] = v
		}
	}
	return out, true
}

// keyOf is the key of an entry: the index's, and the table's.
func keyOf(of item, table samtemplate.Table, index samtemplate.Index) item {
	out := item{}
	for _, k := range append(append([]samtemplate.Key{}, table.Key...), index.KeySchema...) {
		if v, ok := of[k.AttributeName]; ok {
			out[k.AttributeName] = v
		}
	}
	return out
}

// keyIn is the part of an item that is its table's key.
func keyIn(of item, table samtemplate.Table) item { return keyOf(of, table, samtemplate.Index{}) }
