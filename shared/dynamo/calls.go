package dynamo

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/idempotency"
)

// CallsAPI is what Calls call of DynamoDB. An UpdateItem that is refused returns
// the item in its way, so that no read is needed.
type CallsAPI interface {
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

// Calls keep what is remembered of calls with an Idempotency-Key in a table of
// their own, an item for each key. It implements idempotency.Store.
type Calls struct {
	api   CallsAPI
	table string
}

// NewCalls returns the Calls in the table.
func NewCalls(api CallsAPI, table string) *Calls { return &Calls{api: api, table: table} }

// callItem is a record as the table holds it.
type callItem struct {
	ID          string `dynamodbav:"id"`
	Body        string `dynamodbav:"body"`
	Attempt     string `dynamodbav:"attempt"`
	LockedUntil int64  `dynamodbav:"lockedUntil"` // Unix milliseconds
	Resource    string `dynamodbav:"resource"`
	Answer      []byte `dynamodbav:"answer"`    // JSON by gzip: a hundred presigned URLs are much the same
	ExpiresAt   int64  `dynamodbav:"expiresAt"` // Unix seconds, after which DynamoDB forgets it
}

// Start implements idempotency.Store.
func (c *Calls) Start(ctx context.Context, r idempotency.Record, now time.Time) (idempotency.Record, error) {
	u := newUpdate()
	u.values[":now"] = seconds(now)
	u.conditions = append(u.conditions, "(attribute_not_exists(id) OR #expiresAt <= :now)")
	u.set("body", text(r.Body))
	u.set("resource", text(r.Resource))
	u.set("expiresAt", seconds(r.ExpiresAt))
	u.lock(r.Attempt, r.LockedUntil)
	u.remove("answer") // of a record that has expired
	return c.update(ctx, r.ID, u)
}

// Resume implements idempotency.Store.
func (c *Calls) Resume(ctx context.Context, seen idempotency.Record, attempt string, until time.Time) (idempotency.Record, error) {
	u := newUpdate()
	u.by(seen.Attempt)
	u.lock(attempt, until)
	return c.update(ctx, seen.ID, u)
}

// Finish implements idempotency.Store.
func (c *Calls) Finish(ctx context.Context, r idempotency.Record, a idempotency.Answer) (bool, error) {
	packed, err := pack(a)
	if err != nil {
		return false, err
	}
	u := newUpdate()
	u.by(r.Attempt)
	u.set("answer", &types.AttributeValueMemberB{Value: packed})
	current, err := c.update(ctx, r.ID, u)
	return err == nil && current.Attempt == r.Attempt, err
}

// Release implements idempotency.Store.
func (c *Calls) Release(ctx context.Context, r idempotency.Record, at time.Time) error {
	u := newUpdate()
	u.by(r.Attempt)
	u.set("lockedUntil", number(at.UnixMilli()))
	_, err := c.update(ctx, r.ID, u)
	return err
}

// lock gives the record to an attempt.
func (u *update) lock(attempt string, until time.Time) {
	u.set("attempt", text(attempt))
	u.set("lockedUntil", number(until.UnixMilli()))
}

// by lets the update through only while the record is that of an attempt, which
// has no answer.
func (u *update) by(attempt string) {
	u.names["#attempt"], u.names["#answer"] = "attempt", "answer"
	u.values[":by"] = text(attempt)
	u.conditions = append(u.conditions, "#attempt = :by", "attribute_not_exists(#answer)")
}

// update carries out u, and returns the record that is there then: as u has left
// it, or the one on which its condition failed.
func (c *Calls) update(ctx context.Context, id string, u *update) (idempotency.Record, error) {
	out, err := c.api.UpdateItem(ctx, u.telling(c.table, id))
	if refused, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		if len(refused.Item) == 0 {
			return idempotency.Record{}, fmt.Errorf("update call %s: it is forgotten", id)
		}
		return decodeCall(refused.Item)
	}
	if err != nil {
		return idempotency.Record{}, fmt.Errorf("update call %s: %w", id, err)
	}
	return decodeCall(out.Attributes)
}

func decodeCall(item map[string]types.AttributeValue) (idempotency.Record, error) {
	var it callItem
	if err := attributevalue.UnmarshalMap(item, &it); err != nil {
		return idempotency.Record{}, fmt.Errorf("decode a call: %w", err)
	}
	r := idempotency.Record{
		ID: it.ID, Body: it.Body, Attempt: it.Attempt, LockedUntil: time.UnixMilli(it.LockedUntil).UTC(),
		Resource: it.Resource, ExpiresAt: time.Unix(it.ExpiresAt, 0).UTC(),
	}
	if it.Answer == nil {
		return r, nil
	}
	a, err := unpack(it.Answer)
	if err != nil {
		return idempotency.Record{}, fmt.Errorf("decode the answer to call %s: %w", it.ID, err)
	}
	r.Answer = &a
	return r, nil
}

// packers are used again: one takes 800 kB, and most of the time of a small answer.
var packers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

func pack(a idempotency.Answer) ([]byte, error) {
	var packed bytes.Buffer
	w := packers.Get().(*gzip.Writer)
	defer packers.Put(w)
	w.Reset(&packed)
	if err := json.NewEncoder(w).Encode(a); err != nil {
		return nil, fmt.Errorf("encode an answer: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("pack an answer: %w", err)
	}
	return packed.Bytes(), nil
}

func unpack(packed []byte) (a idempotency.Answer, err error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return a, fmt.Errorf("unpack: %w", err)
	}
	if err := json.NewDecoder(r).Decode(&a); err != nil {
		return a, fmt.Errorf("unpack: %w", err)
	}
	return a, nil
}
