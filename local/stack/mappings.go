package stack

import (
	"context"
	"time"

	"github.com/vouch-s3/vouch/local/eventsource"
)

// firstStreamWait is how long the first wait between two attempts at a batch is.
// AWS waits for seconds and more.
const firstStreamWait = 100 * time.Millisecond

// startMappings brings the records of streams to the functions that they are mapped
// to until ctx ends, beginning with those that were not taken before a restart.
func (s *Stack) startMappings(ctx context.Context) {
	for _, m := range s.Template.Mappings {
		mapping := eventsource.Mapping{
			StreamARN: m.StreamARN, FunctionARN: m.Function, BatchSize: m.BatchSize, MaxRetries: m.MaxRetries, MaxAge: m.MaxAge,
			Bisect: m.Bisect, ReportsItems: m.ReportsItems, Wait: firstStreamWait, Log: s.log,
			Invoke: func(ctx context.Context, payload []byte) eventsource.Answer {
				r, err := s.lambdas.Invoke(ctx, m.Function, payload)
				if err != nil || r.FunctionError != "" {
					s.log.Error("a function did not take records of a stream", "function", m.Function, "error", err, "answer", string(r.Payload))
				}
				return eventsource.Answer{Payload: r.Payload, Failed: err != nil || r.FunctionError != ""}
			},
			GiveUp: func(ctx context.Context, message string) error {
				return s.aws.Send(ctx, s.queues[m.OnFailure], message)
			},
		}
		s.work.Go(func() { mapping.Run(ctx, s.streams[m.StreamARN]) })
	}
}
