package awsapi

import (
	"context"
	"crypto/md5" // #nosec G501 -- an id, as AWS makes them
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/vouch-s3/vouch/local/eventsource"
)

// stream is the stream of a table: a record of each item that was put, changed or
// deleted, in the order in which that took effect ("Change data capture for
// DynamoDB Streams", Amazon DynamoDB Developer Guide). What is here are the records
// that nobody has read yet, of which there is one reader.
//
// A record is in the same entry of the journal as the write that made it, so that
// neither survives without the other; and so is how far the stream was read. Items
// that their time to live takes away leave none.
type stream struct {
	endpoint   *Endpoint
	table, arn string

	mu      sync.Mutex
	last    uint64 // number of the newest record
	unread  []streamRecord
	arrived chan struct{} // holds one
}

// streamRecord is a record as the journal has it.
type streamRecord struct {
	Table  string    `json:"table"`
	Number uint64    `json:"number"` // from 1, without gaps
	At     time.Time `json:"at"`
	Event  string    `json:"event"` // INSERT, MODIFY or REMOVE
	Keys   item      `json:"keys"`
	New    item      `json:"new,omitempty"`
}

// StreamTable has the table with the name stream new images, before Restore. It
// returns the stream for its reader.
func (e *Endpoint) StreamTable(table, arn string) eventsource.Source {
	s := &stream{endpoint: e, table: table, arn: arn, arrived: make(chan struct{}, 1)}
	e.streams[table] = s
	return s
}

// take adds records that the journal has.
func (s *stream) take(records ...streamRecord) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		s.unread, s.last = append(s.unread, r), max(s.last, r.Number)
	}
	select {
	case s.arrived <- struct{}{}:
	default:
	}
}

func (s *stream) newest() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// forget drops the records up to a number, which were read.
func (s *stream) forget(number uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.unread) > 0 && s.unread[0].Number <= number {
		s.unread = s.unread[1:]
	}
	s.last = max(s.last, number)
}

// Arrived implements eventsource.Source.
func (s *stream) Arrived() <-chan struct{} { return s.arrived }

// Read implements eventsource.Source.
func (s *stream) Read(limit int) ([]eventsource.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var records []eventsource.Record
	for _, r := range s.unread[:min(limit, len(s.unread))] {
		event, err := json.Marshal(s.event(r))
		if err != nil {
			return nil, fmt.Errorf("encode a record of the stream of %s: %w", s.table, err)
		}
		records = append(records, eventsource.Record{Number: sequenceNumber(r.Number), At: r.At, Event: event})
	}
	return records, nil
}

// Done implements eventsource.Source.
func (s *stream) Done(number string) error {
	s.mu.Lock()
	var read uint64
	for _, r := range s.unread {
		if sequenceNumber(r.Number) == number {
			read = r.Number
		}
	}
	s.mu.Unlock()
	if read == 0 {
		return fmt.Errorf("the stream of %s has no record %s", s.table, number)
	}
	if err := s.endpoint.items.append(mutation{Read: map[string]uint64{s.table: read}}); err != nil {
		return fmt.Errorf("note how far the stream of %s was read: %w", s.table, err)
	}
	s.forget(read)
	return nil
}

// event is a record as Lambda brings it.
func (s *stream) event(r streamRecord) map[string]any {
	number := sequenceNumber(r.Number)
	change := map[string]any{
		"ApproximateCreationDateTime": r.At.Unix(), "Keys": r.Keys, "SequenceNumber": number, "StreamViewType": "NEW_IMAGE",
		"SizeBytes": sizeOf(r.Keys) + sizeOf(r.New),
	}
	if r.New != nil {
		change["NewImage"] = r.New
	}
	id := md5.Sum([]byte(s.arn + number)) // #nosec G401 -- the same for each delivery, as on AWS
	return map[string]any{
		"eventID": hex.EncodeToString(id[:]), "eventName": r.Event, "eventVersion": "1.1", "eventSource": "aws:dynamodb",
		"awsRegion": s.endpoint.Region, "dynamodb": change, "eventSourceARN": s.arn,
	}
}

// sequenceNumber writes a number with as many digits as those of AWS have.
func sequenceNumber(n uint64) string { return fmt.Sprintf("1%020d", n) }

func sizeOf(i item) (bytes int) {
	for name, value := range i {
		bytes += len(name)
		for _, v := range value {
			bytes += len(fmt.Sprint(v))
		}
	}
	return bytes
}

// place is an item of a table that is streamed.
type place struct {
	table string
	key   item
}

// streamed returns the items of streamed tables that a write may change.
func (e *Endpoint) streamed(c call) ([]place, error) {
	if len(e.streams) == 0 {
		return nil, nil
	}
	var places []place
	add := func(table string, whole item) error {
		if e.streams[table] == nil {
			return nil
		}
		names, _, err := e.keysOf(table, "")
		if err != nil {
			return err
		}
		key := item{}
		for _, name := range names {
			key[name] = whole[name]
		}
		places = append(places, place{table, key})
		return nil
	}
	var in struct {
		TableName     string
		Item, Key     item
		RequestItems  map[string][]struct{ PutRequest, DeleteRequest *struct{ Item, Key item } }
		TransactItems []transactItem
	}
	if err := json.Unmarshal(c.body, &in); err != nil {
		return nil, nil // kumo refuses it
	}
	either := func(i, key item) item {
		if key != nil {
			return key
		}
		return i
	}
	switch c.operation {
	case "BatchWriteItem":
		for table, requests := range in.RequestItems {
			for _, r := range requests {
				for _, w := range []*struct{ Item, Key item }{r.PutRequest, r.DeleteRequest} {
					if w != nil {
						if err := add(table, either(w.Item, w.Key)); err != nil {
							return nil, err
						}
					}
				}
			}
		}
	case "TransactWriteItems":
		for _, i := range in.TransactItems {
			permission, a, err := i.action()
			if err != nil {
				return nil, nil // kumo refuses it
			}
			if permission == "dynamodb:ConditionCheckItem" {
				continue
			}
			if err := add(a.TableName, either(a.Item, a.Key)); err != nil {
				return nil, err
			}
		}
	default:
		if err := add(in.TableName, either(in.Item, in.Key)); err != nil {
			return nil, err
		}
	}
	return places, nil
}

// images reads the items as they are; nil stands for none.
func (e *Endpoint) images(ctx context.Context, places []place) ([]item, error) {
	images := make([]item, len(places))
	for i, p := range places {
		var out struct{ Item item }
		if err := e.ask(ctx, "DynamoDB_20120810.GetItem", map[string]any{"TableName": p.table, "Key": p.key, "ConsistentRead": true}, &out); err != nil {
			return nil, fmt.Errorf("read an item for the stream of %s: %w", p.table, err)
		}
		if len(out.Item) > 0 {
			images[i] = out.Item
		}
	}
	return images, nil
}

// changes returns the records of a write that has made before to after. One that
// changed nothing has none.
func (e *Endpoint) changes(places []place, before, after []item) []streamRecord {
	var records []streamRecord
	next := map[string]uint64{}
	for i, p := range places {
		r := streamRecord{Table: p.table, At: time.Now().UTC(), Keys: p.key, New: after[i]}
		switch {
		case reflect.DeepEqual(before[i], after[i]):
			continue
		case before[i] == nil:
			r.Event = "INSERT"
		case after[i] == nil:
			r.Event = "REMOVE"
		default:
			r.Event = "MODIFY"
		}
		next[p.table]++
		r.Number = e.streams[p.table].newest() + next[p.table]
		records = append(records, r)
	}
	return records
}
