package eventbus

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/audit/audittest"
	"github.com/vouch-s3/vouch/shared/file"
)

// refusing is a bus that refuses an entry of each call, and every call behind the
// first few.
type refusing struct {
	calls int
	fails int // from this call on
	short bool
}

func (r *refusing) PutEvents(_ context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	if len(in.Entries) > entriesAtOnce {
		return nil, errors.New("too many entries")
	}
	if r.calls++; r.calls > r.fails {
		return nil, errors.New("throttled")
	}
	out := &eventbridge.PutEventsOutput{Entries: make([]types.PutEventsResultEntry, len(in.Entries)), FailedEntryCount: 1}
	out.Entries[1].ErrorCode = aws.String("InternalFailure")
	if r.short {
		out.Entries = out.Entries[:1]
	}
	return out, nil
}

func trailOf(t *testing.T, n int) (events []audit.Event) {
	t.Helper()
	for range n {
		e, err := audit.Of(audittest.As(t, "alice"), file.File{ID: "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e", Owner: "alice"}, audit.HoldReleased, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

func TestEachEventThatIsRefusedIsNamedThoughOthersOfTheCallAreNot(t *testing.T) {
	for name, tt := range map[string]struct {
		api  *refusing
		want []int // that are refused, of 23
	}{
		"an entry of each": {&refusing{fails: 3}, []int{1, 11, 21}},
		"the last call":    {&refusing{fails: 2}, []int{1, 11, 20, 21, 22}},
		"an answer that is too short": {
			&refusing{fails: 1, short: true}, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22},
		},
	} {
		var got []int
		errs := NewTrail(tt.api, "bus").Tell(t.Context(), trailOf(t, 23))
		for i, err := range errs {
			if err != nil {
				got = append(got, i)
			}
		}
		if len(errs) != 23 || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTheOwnerAndTheActorAreNamedApartFromTheirTenants(t *testing.T) {
	e := trailOf(t, 1)[0]
	e.Owner, e.Actor.Tenant = ":4:acme:alice", "umbrella"
	got, err := json.Marshal(auditDetail(e))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Owner, Tenant string
		Actor         struct{ Subject, Tenant string }
	}
	if err := json.Unmarshal(got, &d); err != nil || d.Owner != "alice" || d.Tenant != "acme" || d.Actor.Subject != "alice" || d.Actor.Tenant != "umbrella" {
		t.Errorf("%s, %v", got, err)
	}
}
