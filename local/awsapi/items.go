package awsapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
)

// mutates are the operations of DynamoDB that change items. Tables are made
// from the template at every start, so their definitions are not kept.
var mutates = map[string]bool{
	"PutItem": true, "UpdateItem": true, "DeleteItem": true,
	"BatchWriteItem": true, "TransactWriteItems": true,
}

// mutation is an entry of the journal of items: a request that succeeded, with the
// records that it left in streams; or, without a Target, that streams were read.
type mutation struct {
	Target string            `json:"target,omitempty"`
	Body   json.RawMessage   `json:"body,omitempty"`
	Stream []streamRecord    `json:"stream,omitempty"`
	Read   map[string]uint64 `json:"read,omitempty"` // by the table, up to which record
}

// mutate carries out a change, and answers once it is in the journal.
//
// kumo can write its tables to disk by itself, but up to a second after it has
// acknowledged a write; DynamoDB never loses one.
func (e *Endpoint) mutate(ctx context.Context, c call) (int, http.Header, []byte, error) {
	e.mutating.Lock()
	defer e.mutating.Unlock()
	if e.items == nil {
		return 0, nil, nil, fmt.Errorf("%s before the items were restored", c.operation)
	}
	if err := e.items.intact(); err != nil {
		return 0, nil, nil, err
	}
	if c.operation == "TransactWriteItems" {
		if status, header, answer, is, err := e.repeated(c); is || err != nil {
			return status, header, answer, err
		}
	}
	// Not cut short by a client that goes away: what kumo has done must be kept.
	ctx = context.WithoutCancel(ctx)
	places, err := e.streamed(c)
	if err != nil {
		return 0, nil, nil, err
	}
	before, err := e.images(ctx, places)
	if err != nil {
		return 0, nil, nil, err
	}
	status, header, answer, err := e.forward(ctx, c)
	if err != nil || status != http.StatusOK {
		if err == nil && c.operation == "UpdateItem" {
			answer, err = e.withOldItem(ctx, c, answer)
		}
		if err == nil && c.operation == "TransactWriteItems" {
			answer, err = e.withReasons(ctx, c, answer)
		}
		return status, header, answer, err
	}
	after, err := e.images(ctx, places)
	if err != nil {
		return 0, nil, nil, err
	}
	records := e.changes(places, before, after)
	if err := e.items.append(mutation{Target: c.header.Get("X-Amz-Target"), Body: c.body, Stream: records}); err != nil {
		return 0, nil, nil, err
	}
	for _, r := range records {
		e.streams[r.Table].take(r)
	}
	if c.operation == "TransactWriteItems" {
		e.remember(c)
	}
	return status, header, answer, nil
}

// withOldItem adds to a condition that failed the item that stood in its way,
// where the request asked for it (ReturnValuesOnConditionCheckFailure): kumo
// leaves it out. No change comes between, since the caller holds mutating.
func (e *Endpoint) withOldItem(ctx context.Context, c call, answer []byte) ([]byte, error) {
	var in struct {
		TableName                           string
		Key                                 json.RawMessage
		ReturnValuesOnConditionCheckFailure string
	}
	var refused map[string]any
	if json.Unmarshal(c.body, &in) != nil || json.Unmarshal(answer, &refused) != nil {
		return answer, nil // not a refusal to add anything to
	}
	kind, _ := refused["__type"].(string)
	if in.ReturnValuesOnConditionCheckFailure != "ALL_OLD" || !strings.HasSuffix(kind, "ConditionalCheckFailedException") {
		return answer, nil
	}
	var old struct{ Item json.RawMessage }
	err := e.ask(ctx, "DynamoDB_20120810.GetItem", map[string]any{"TableName": in.TableName, "Key": in.Key, "ConsistentRead": true}, &old)
	if err != nil {
		return nil, fmt.Errorf("read the item that a condition failed on: %w", err)
	}
	if len(old.Item) == 0 {
		return answer, nil
	}
	refused["Item"] = old.Item
	return json.Marshal(refused)
}

// Restore brings back the items of the tables, which must be there and empty.
func (e *Endpoint) Restore(ctx context.Context, tables []string) error {
	path := filepath.Join(e.DataDir, "items.jsonl")
	replayed, err := openJournal(path, func(m mutation) error {
		for _, r := range m.Stream {
			if s := e.streams[r.Table]; s != nil {
				s.take(r)
			}
		}
		for table, number := range m.Read {
			if s := e.streams[table]; s != nil {
				s.forget(number)
			}
		}
		if m.Target == "" {
			return nil
		}
		return e.ask(ctx, m.Target, m.Body, nil)
	})
	if err != nil {
		return fmt.Errorf("restore the items: %w", err)
	}
	replayed.close()
	// The journal starts anew with the items as they are now.
	var entries []mutation
	for _, table := range tables {
		var key json.RawMessage
		for {
			in := map[string]any{"TableName": table}
			if key != nil {
				in["ExclusiveStartKey"] = key
			}
			var page struct {
				Items            []json.RawMessage
				LastEvaluatedKey json.RawMessage
			}
			if err := e.ask(ctx, "DynamoDB_20120810.Scan", in, &page); err != nil {
				return fmt.Errorf("read table %s: %w", table, err)
			}
			for _, item := range page.Items {
				body, err := json.Marshal(map[string]any{"TableName": table, "Item": item})
				if err != nil {
					return err
				}
				entries = append(entries, mutation{Target: "DynamoDB_20120810.PutItem", Body: body})
			}
			if key = page.LastEvaluatedKey; len(key) == 0 || string(key) == "null" {
				break
			}
		}
	}
	for table, s := range e.streams {
		entries = append(entries, mutation{Stream: s.unread, Read: map[string]uint64{table: s.last - uint64(len(s.unread))}})
	}
	if err := rewriteJournal(path, entries); err != nil {
		return fmt.Errorf("compact the journal of items: %w", err)
	}
	if e.items, err = openJournal(path, func(mutation) error { return nil }); err != nil {
		return err
	}
	return nil
}
