package eventsource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
)

// source is a stream of records that are numbers.
type source struct {
	unread  []Record
	arrived chan struct{}
}

func stream(n int, at time.Time) *source {
	s := &source{arrived: make(chan struct{}, 1)}
	for i := range n {
		s.unread = append(s.unread, Record{Number: fmt.Sprint(i), At: at, Event: fmt.Appendf(nil, "%d", i)})
	}
	return s
}

func (s *source) Arrived() <-chan struct{} { return s.arrived }

func (s *source) Read(limit int) ([]Record, error) {
	return slices.Clone(s.unread[:min(limit, len(s.unread))]), nil
}

func (s *source) Done(number string) error {
	at := slices.IndexFunc(s.unread, func(r Record) bool { return r.Number == number })
	if at < 0 {
		return errors.New("there is no such record")
	}
	s.unread = s.unread[at+1:]
	return nil
}

// A function that takes each number or not, and says which it has not.
type function struct {
	refuses map[int]int // how often each number is refused; -1 for ever
	reports bool        // which; or else it fails as a whole
	took    []int
	brought [][]int
}

func (f *function) invoke(_ context.Context, payload []byte) Answer {
	var in struct{ Records []int }
	if err := json.Unmarshal(payload, &in); err != nil {
		return Answer{Failed: true}
	}
	f.brought = append(f.brought, in.Records)
	var took []int
	for _, n := range in.Records {
		if f.refuses[n] != 0 {
			f.refuses[n]--
			if f.reports {
				f.took = append(f.took, took...)
				return Answer{Payload: fmt.Appendf(nil, `{"batchItemFailures":[{"itemIdentifier":"%d"}]}`, n)}
			}
			return Answer{Failed: true}
		}
		took = append(took, n)
	}
	f.took = append(f.took, took...)
	return Answer{Payload: []byte(`{"batchItemFailures":[]}`)}
}

func TestEachRecordIsTakenInItsOrderOrGivenUp(t *testing.T) {
	const ever = 1 << 30
	for name, tt := range map[string]struct {
		refuses         map[int]int
		reports, bisect bool
		age             time.Duration
		took            string
		givenUp         string // from-to of each batch
	}{
		"all at once":                     {nil, true, true, 0, "[0 1 2 3 4 5 6 7]", ""},
		"the function fails at times":     {map[int]int{0: 1, 5: 2}, false, true, 0, "[0 1 2 3 4 5 6 7]", ""},
		"one fails at times":              {map[int]int{3: 3}, true, true, 0, "[0 1 2 3 4 5 6 7]", ""},
		"one fails for ever":              {map[int]int{3: ever}, true, true, 0, "[0 1 2 4 5 6 7]", "3-3 RetryAttemptsExhausted"},
		"one fails the function for ever": {map[int]int{3: ever}, false, true, 0, "[0 1 2 4 5 6 7]", "3-3 RetryAttemptsExhausted"},
		"without bisection":               {map[int]int{3: ever}, true, false, 0, "[0 1 2 4 5 6 7]", "3-3 RetryAttemptsExhausted"},
		"without bisection or a report":   {map[int]int{3: ever}, false, false, 0, "[4 5 6 7]", "0-3 RetryAttemptsExhausted"},
		"too old":                         {nil, true, true, time.Hour, "[]", "0-0 1-1 2-2 3-3 4-4 5-5 6-6 7-7 RecordAgeExceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			s := stream(8, time.Now().Add(-2*time.Hour))
			f := &function{refuses: tt.refuses, reports: tt.reports, took: []int{}}
			ctx, cancel := context.WithCancel(t.Context())
			var givenUp []string
			m := Mapping{
				BatchSize: 4, MaxRetries: 3, MaxAge: tt.age, Bisect: tt.bisect, ReportsItems: true, Wait: time.Microsecond, Log: slog.New(slog.DiscardHandler),
				Invoke: f.invoke,
				GiveUp: func(_ context.Context, message string) error {
					var sent struct {
						RequestContext     struct{ Condition string }
						DDBStreamBatchInfo struct{ StartSequenceNumber, EndSequenceNumber string }
					}
					if err := json.Unmarshal([]byte(message), &sent); err != nil {
						return err
					}
					if n := len(givenUp); n > 0 {
						givenUp = givenUp[:n-1]
					}
					givenUp = append(givenUp, sent.DDBStreamBatchInfo.StartSequenceNumber+"-"+sent.DDBStreamBatchInfo.EndSequenceNumber, sent.RequestContext.Condition)
					return nil
				},
			}
			done := make(chan struct{})
			go func() { m.Run(ctx, &ending{source: s, end: cancel}); close(done) }()
			<-done
			if got := fmt.Sprint(f.took); got != tt.took || len(s.unread) != 0 {
				t.Errorf("it took %s, and %d are left", got, len(s.unread))
			}
			if got := strings.Join(givenUp, " "); got != tt.givenUp {
				t.Errorf("given up is %q", got)
			}
		})
	}
}

// ending ends the mapping when everything is read.
type ending struct {
	*source
	end context.CancelFunc
}

func (e *ending) Read(limit int) ([]Record, error) {
	if len(e.unread) == 0 {
		e.end()
	}
	return e.source.Read(limit)
}

func TestAnAnswerThatNamesNoRecordTakesNone(t *testing.T) {
	batch := stream(3, time.Now()).unread
	for answer, want := range map[string]int{
		"": 3, "null": 3, "{}": 3, `{"batchItemFailures":null}`: 3, `{"batchItemFailures":[]}`: 3,
		`{"batchItemFailures":[{"itemIdentifier":"2"},{"itemIdentifier":"1"}]}`: 1,
		`{"batchItemFailures":[{"itemIdentifier":"0"}]}`:                        0,
	} {
		if got, err := reported([]byte(answer), batch); err != nil || got != want {
			t.Errorf("%s: %d, %v", answer, got, err)
		}
	}
	for _, answer := range []string{
		`{"batchItemFailures":[{"itemIdentifier":"9"}]}`, `{"batchItemFailures":[{"itemIdentifier":""}]}`,
		`{"batchItemFailures":[{"itemIdentifier":null}]}`, `{"batchItemFailures":[{}]}`, `"ok"`, `[`,
	} {
		if got, err := reported([]byte(answer), batch); err == nil {
			t.Errorf("%s: it takes %d", answer, got)
		}
	}
}

// FuzzReported holds reported to take no record that an answer names, or that
// comes behind one.
func FuzzReported(f *testing.F) {
	f.Add([]byte(`{"batchItemFailures":[{"itemIdentifier":"1"}]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		batch := stream(3, time.Now()).unread
		taken, err := reported(answer, batch)
		if err != nil {
			if taken != 0 {
				t.Errorf("%s: %d are taken of what cannot be read", answer, taken)
			}
			return
		}
		if taken < 0 || taken > len(batch) {
			t.Errorf("%s: %d are taken", answer, taken)
		}
	})
}
