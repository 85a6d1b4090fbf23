package awsapi

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"strings"
)

// schema is what CreateTable says of a table's keys.
type schema struct {
	TableName              string
	KeySchema              []keyPart
	GlobalSecondaryIndexes []struct {
		IndexName  string
		KeySchema  []keyPart
		Projection struct {
			ProjectionType   string
			NonKeyAttributes []string
		}
	}
}

type keyPart struct{ AttributeName, KeyType string }

// item is an item, or a key, in DynamoDB's JSON: a type and a text by attribute.
type item map[string]map[string]any

// queryPage answers a Query for a page. kumo looks for the item that the page
// begins behind, and begins anew when it has left the index meanwhile; DynamoDB
// goes on where it would be. And what kumo returns to go on behind lacks the key
// of the index. So kumo is asked for all, and the page is cut here; and of each item
// what the index has no copy of, all of which kumo returns.
func (e *Endpoint) queryPage(ctx context.Context, c call) (int, http.Header, []byte, error) {
	var in map[string]any
	var q struct {
		TableName, IndexName string
		ScanIndexForward     *bool
		Limit                int
		ExclusiveStartKey    item
	}
	if json.Unmarshal(c.body, &in) != nil || json.Unmarshal(c.body, &q) != nil {
		return failure(http.StatusBadRequest, "SerializationException", "the body is not JSON")
	}
	if in["FilterExpression"] != nil || in["Select"] != nil || in["ProjectionExpression"] != nil {
		return failure(http.StatusBadRequest, "ValidationException", "the local stack pages no filtered or projected query")
	}
	table, parts, err := e.keysOf(q.TableName, q.IndexName)
	if err != nil {
		return failure(http.StatusBadRequest, "ResourceNotFoundException", err.Error())
	}
	delete(in, "ExclusiveStartKey")
	delete(in, "Limit")
	var all struct{ Items []item }
	if err := e.ask(ctx, "DynamoDB_20120810.Query", in, &all); err != nil {
		return 0, nil, nil, err
	}
	direction := 1
	if q.ScanIndexForward != nil && !*q.ScanIndexForward {
		direction = -1
	}
	order := func(a, b item) int {
		for _, name := range append(slices.Clone(parts), table...) {
			if n := compare(a[name], b[name]); n != 0 {
				return n * direction
			}
		}
		return 0
	}
	slices.SortFunc(all.Items, order)
	page := all.Items
	if q.ExclusiveStartKey != nil {
		page = slices.DeleteFunc(page, func(i item) bool { return order(i, q.ExclusiveStartKey) <= 0 })
	}
	out := map[string]any{}
	if q.Limit > 0 && len(page) > q.Limit {
		page = page[:q.Limit]
		last := item{}
		for _, name := range append(slices.Clone(parts), table...) {
			last[name] = page[len(page)-1][name]
		}
		out["LastEvaluatedKey"] = last
	}
	if shown, all := e.projected(q.TableName, q.IndexName); !all {
		for _, i := range page {
			maps.DeleteFunc(i, func(name string, _ map[string]any) bool {
				return !slices.Contains(shown, name) && !slices.Contains(parts, name) && !slices.Contains(table, name)
			})
		}
	}
	out["Items"], out["Count"], out["ScannedCount"] = page, len(page), len(page)
	return success(out)
}

// projected returns the attributes that an index has beside the keys, or that it has
// all of them.
func (e *Endpoint) projected(table, index string) (attributes []string, all bool) {
	for _, i := range e.schemas[table].GlobalSecondaryIndexes {
		if i.IndexName == index {
			return i.Projection.NonKeyAttributes, i.Projection.ProjectionType == "ALL"
		}
	}
	return nil, true
}

// keysOf returns the names of the key attributes of a table and of its index,
// the partition key first.
func (e *Endpoint) keysOf(table, index string) (own, ofIndex []string, err error) {
	names := func(parts []keyPart) (names []string) {
		for _, p := range parts {
			names = append(names, p.AttributeName)
		}
		return names
	}
	s, ok := e.schemas[table]
	if !ok {
		return nil, nil, fmt.Errorf("there is no table %s", table)
	}
	if index == "" {
		return names(s.KeySchema), names(s.KeySchema), nil
	}
	for _, i := range s.GlobalSecondaryIndexes {
		if i.IndexName == index {
			return names(s.KeySchema), names(i.KeySchema), nil
		}
	}
	return nil, nil, fmt.Errorf("table %s has no index %s", table, index)
}

// compare orders two values of one attribute: numbers by value, texts by bytes.
func compare(a, b map[string]any) int {
	if x, ok := a["N"].(string); ok {
		y, _ := b["N"].(string)
		left, leftOK := new(big.Rat).SetString(x)
		right, rightOK := new(big.Rat).SetString(y)
		if leftOK && rightOK {
			return left.Cmp(right)
		}
	}
	x, _ := a["S"].(string)
	y, _ := b["S"].(string)
	return strings.Compare(x, y)
}
