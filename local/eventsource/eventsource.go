// Package eventsource stands in for the event source mappings of AWS Lambda: it
// brings the records of a stream to a function, batch by batch and in their order,
// until each is taken or given up ("Process DynamoDB records with Lambda", AWS
// Lambda Developer Guide). All of a stream is one shard.
package eventsource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Record is a record of a stream.
type Record struct {
	Number string // its sequence number
	At     time.Time
	Event  json.RawMessage // as Lambda hands it to the function
}

// Source is a stream with one reader. How far it was read outlives the process, so
// that a record which is not Done is read again.
type Source interface {
	Read(limit int) ([]Record, error) // the oldest that are not done
	Done(number string) error         // with this record and all before it
	Arrived() <-chan struct{}         // gets one when there is more to read
}

// Answer is what an invocation came to.
type Answer struct {
	Payload []byte
	Failed  bool // the function failed, or was not invoked
}

// Mapping is one mapping. Its properties are those of the template.
type Mapping struct {
	StreamARN    string
	FunctionARN  string
	BatchSize    int
	MaxRetries   int           // -1 for no end of them
	MaxAge       time.Duration // 0 for no end
	Bisect       bool
	ReportsItems bool

	Invoke func(ctx context.Context, payload []byte) Answer
	GiveUp func(ctx context.Context, message string) error // to the destination OnFailure
	Log    *slog.Logger

	// Wait is how long the first wait between two attempts is, which each doubles
	// up to fifty times as much.
	Wait time.Duration
}

// Run brings records until ctx ends.
func (m Mapping) Run(ctx context.Context, s Source) {
	for ctx.Err() == nil {
		batch, err := s.Read(m.BatchSize)
		if err == nil && len(batch) > 0 {
			err = m.bring(ctx, s, batch)
		}
		if err != nil && ctx.Err() == nil {
			m.Log.Error("records of a stream were not brought", "stream", m.StreamARN, "error", err.Error())
			m.wait(ctx, 1)
		}
		if len(batch) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-s.Arrived():
		}
	}
}

// bring has the function take a batch, or gives up what it does not take. It
// returns an error if neither could be done.
func (m Mapping) bring(ctx context.Context, s Source, batch []Record) error {
	for tries := 0; len(batch) > 0; {
		if m.MaxAge > 0 && time.Since(batch[0].At) > m.MaxAge {
			if err := m.giveUp(ctx, s, batch[:1], "RecordAgeExceeded", tries); err != nil {
				return err
			}
			batch = batch[1:]
			continue
		}
		taken := m.attempt(ctx, batch)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if taken > 0 {
			if err := s.Done(batch[taken-1].Number); err != nil {
				return err
			}
			batch, tries = batch[taken:], 0
			continue
		}
		if m.Bisect && len(batch) > 1 {
			half := len(batch) / 2
			if err := m.bring(ctx, s, batch[:half]); err != nil {
				return err
			}
			batch, tries = batch[half:], 0
			continue
		}
		if tries++; m.MaxRetries >= 0 && tries > m.MaxRetries {
			return m.giveUp(ctx, s, batch, "RetryAttemptsExhausted", tries)
		}
		m.wait(ctx, tries)
	}
	return nil
}

// attempt invokes the function, and returns how many records from the first on it
// has taken.
func (m Mapping) attempt(ctx context.Context, batch []Record) (taken int) {
	events := make([]json.RawMessage, len(batch))
	for i, r := range batch {
		events[i] = r.Event
	}
	payload, err := json.Marshal(map[string]any{"Records": events})
	if err != nil {
		m.Log.Error("records of a stream cannot be written", "stream", m.StreamARN, "error", err.Error())
		return 0
	}
	answer := m.Invoke(ctx, payload)
	if answer.Failed {
		return 0
	}
	if !m.ReportsItems {
		return len(batch)
	}
	taken, err = reported(answer.Payload, batch)
	if err != nil {
		m.Log.Error("a function's answer to records of a stream cannot be read", "stream", m.StreamARN, "error", err.Error())
		return 0
	}
	return taken
}

// reported returns how many records an answer takes: all before the first that it
// says has failed. An answer that is empty takes all, and one that names no record
// of the batch takes none ("Success and failure conditions").
func reported(payload []byte, batch []Record) (int, error) {
	var answer *struct {
		BatchItemFailures []struct {
			ItemIdentifier *string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if len(payload) > 0 {
		if err := json.Unmarshal(payload, &answer); err != nil {
			return 0, fmt.Errorf("read the answer: %w", err)
		}
	}
	taken := len(batch)
	if answer == nil {
		return taken, nil
	}
	for _, f := range answer.BatchItemFailures {
		at := -1
		for i, r := range batch {
			if f.ItemIdentifier != nil && r.Number == *f.ItemIdentifier {
				at = i
			}
		}
		if at < 0 {
			return 0, errors.New("it names no record of the batch")
		}
		taken = min(taken, at)
	}
	return taken, nil
}

// giveUp sends where a batch stands to the destination, and goes on behind it.
func (m Mapping) giveUp(ctx context.Context, s Source, batch []Record, why string, invocations int) error {
	first, last := batch[0], batch[len(batch)-1]
	message, err := json.Marshal(map[string]any{
		"requestContext":  map[string]any{"functionArn": m.FunctionARN, "condition": why, "approximateInvokeCount": invocations},
		"responseContext": map[string]any{"statusCode": 200, "executedVersion": "$LATEST"},
		"version":         "1.0",
		"timestamp":       time.Now().UTC(),
		"DDBStreamBatchInfo": map[string]any{
			"shardId": "shardId-00000000000000000000-00000000", "startSequenceNumber": first.Number, "endSequenceNumber": last.Number,
			"approximateArrivalOfFirstRecord": first.At, "approximateArrivalOfLastRecord": last.At,
			"batchSize": len(batch), "streamArn": m.StreamARN,
		},
	})
	if err != nil {
		return fmt.Errorf("write what is given up: %w", err)
	}
	if err := m.GiveUp(ctx, string(message)); err != nil {
		return fmt.Errorf("send what is given up: %w", err)
	}
	m.Log.Warn("records of a stream were given up", "stream", m.StreamARN, "first", first.Number, "last", last.Number, "why", why)
	return s.Done(last.Number)
}

// wait waits before the attempt behind so many.
func (m Mapping) wait(ctx context.Context, tries int) {
	wait := m.Wait
	for range tries - 1 {
		if wait *= 2; wait >= 50*m.Wait {
			wait = 50 * m.Wait
			break
		}
	}
	select {
	case <-ctx.Done():
	case <-time.After(wait):
	}
}
