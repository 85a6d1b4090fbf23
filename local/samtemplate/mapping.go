package samtemplate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/local/policies"
)

// Mapping is an event source mapping: it brings the records of a table's stream to
// a function.
type Mapping struct {
	LogicalID string
	StreamARN string
	Function  string // by its name

	BatchSize  int
	MaxRetries int           // further attempts at a batch; -1 for no end of them
	MaxAge     time.Duration // of a record that is still brought; 0 for no end
	Bisect     bool          // a batch that fails is brought in halves
	OnFailure  string        // the ARN of a queue

	// ReportsItems is whether the function says which record of a batch has failed.
	ReportsItems bool
}

// streamARN is the ARN of the stream of a table. That of AWS ends with when the
// stream was made.
func streamARN(table string) string { return table + "/stream/local" }

// mapping reads an event source mapping. What AWS does where a property is left
// out ("CreateEventSourceMapping", AWS Lambda API Reference) is rarely what is
// meant, so that all must be said.
func (b *builder) mapping(res resource, given map[string]any) error {
	var p struct {
		EventSourceArn, FunctionName, StartingPosition  string
		BatchSize                                       int
		BisectBatchOnFunctionError                      bool
		MaximumRetryAttempts, MaximumRecordAgeInSeconds *int
		FunctionResponseTypes                           []string
		DestinationConfig                               struct{ OnFailure struct{ Destination string } }
		ParallelizationFactor                           int
	}
	if err := as(given, &p); err != nil {
		return err
	}
	if p.StartingPosition != "TRIM_HORIZON" {
		return fmt.Errorf("the mapping begins at %q; only TRIM_HORIZON is carried out here", p.StartingPosition)
	}
	if p.BatchSize < 1 || p.BatchSize > 1000 || p.MaximumRetryAttempts == nil || p.MaximumRecordAgeInSeconds == nil || p.DestinationConfig.OnFailure.Destination == "" {
		return errors.New("the mapping needs BatchSize (up to 1000), MaximumRetryAttempts, MaximumRecordAgeInSeconds and a destination OnFailure")
	}
	m := Mapping{
		LogicalID: res.ID, StreamARN: p.EventSourceArn, BatchSize: p.BatchSize, MaxRetries: *p.MaximumRetryAttempts,
		MaxAge: time.Duration(max(0, *p.MaximumRecordAgeInSeconds)) * time.Second,
		Bisect: p.BisectBatchOnFunctionError, OnFailure: p.DestinationConfig.OnFailure.Destination,
	}
	for _, kind := range p.FunctionResponseTypes {
		if kind != "ReportBatchItemFailures" {
			return fmt.Errorf("the response type %q is not carried out here", kind)
		}
		m.ReportsItems = true
	}
	m.Function = p.FunctionName[strings.LastIndex(p.FunctionName, ":")+1:]
	b.stack.Mappings = append(b.stack.Mappings, m)
	return nil
}

// checkMappings holds each mapping to what it needs: a stream, a function whose
// role may read it and tell of what was given up, and the queue for that
// ("Process DynamoDB records with Lambda", AWS Lambda Developer Guide).
func (s *Stack) checkMappings() error {
	for _, m := range s.Mappings {
		i := slices.IndexFunc(s.Functions, func(f Function) bool { return f.Name == m.Function })
		streamed := slices.ContainsFunc(s.Tables, func(t Table) bool { return t.StreamARN == m.StreamARN && m.StreamARN != "" })
		queued := slices.ContainsFunc(s.Queues, func(q Queue) bool { return q.ARN == m.OnFailure })
		if i < 0 || !streamed || !queued {
			return fmt.Errorf("%s: it is of no stream, no function or no queue of this template", m.LogicalID)
		}
		role := s.Functions[i].Role
		needs := []policies.Request{{Role: role, Action: "sqs:SendMessage", Resource: m.OnFailure}}
		for _, action := range []string{"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"} {
			needs = append(needs, policies.Request{Role: role, Action: "dynamodb:" + action, Resource: m.StreamARN})
		}
		for _, r := range needs {
			if err := policies.Evaluate(r); err != nil {
				return fmt.Errorf("%s: Lambda brings nothing to %s: %w", m.LogicalID, m.Function, err)
			}
		}
	}
	return nil
}
