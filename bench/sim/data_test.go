package sim

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/bench/results"
	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
)

func TestTheTablesFollowFromWhatWasSimulated(t *testing.T) {
	table, err := results.Load(filepath.Join(root, "bench", "results", "data"), TheName)
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile(filepath.Join(root, "docs", "scale.md"))
	if err != nil {
		t.Fatal(err)
	}
	written, err := Render(string(document), table)
	if err != nil {
		t.Fatal(err)
	}
	if written != string(document) {
		t.Error("docs/scale.md is not what the results say: go run ./sim/cmd -root .. -render, in bench")
	}
}

func TestEveryQuotaHasItsPageAndSaysHowItWasChecked(t *testing.T) {
	quotas, err := Quotas()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, q := range quotas {
		names = append(names, q.Name)
		if q.Service == "" || q.Quota == "" || q.Unit == "" || q.Page == "" || q.Checked == "" || q.Raised != 0 && q.How == "" {
			t.Errorf("%+v", q)
		}
	}
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) != len(names) || len(names) < 20 {
		t.Errorf("%v", names)
	}
	times, err := ReadTimes()
	if err != nil {
		t.Fatal(err)
	}
	for name, l := range times.Latencies {
		if l.Source == "" || l.P50 <= 0 || l.P99 < l.P50 {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

// recorder takes a transaction for written, and keeps its items.
type recorder struct {
	dynamo.API
	items []types.TransactWriteItem
}

func (r *recorder) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	r.items = in.TransactItems
	return &dynamodb.TransactWriteItemsOutput{}, nil
}

// What a new record is keyed by, in the table and in each of its indexes, is what the
// simulation takes it to be.
func TestARecordsKeysAreThoseOfTheCode(t *testing.T) {
	p := parts(t)
	id, err := file.NewID()
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	f := file.File{ID: id, Owner: "alice", Status: file.Pending, Key: file.Key("alice", id), Size: 1, CreatedAt: at, UploadExpiresAt: at, SweepAt: at, Counted: "owner", Revision: 1}
	var r recorder
	ctx := audit.With(t.Context(), audit.Actor{Subject: "alice", RequestID: "r"})
	if err := dynamo.New(&r, "FilesTable").Counting("UsageTable").Recording("HistoryTable").Within(policy.Default().Quotas).Create(ctx, f); err != nil {
		t.Fatal(err)
	}
	record := r.items[0].Put.Item
	text := func(name string) string {
		v, _ := record[name].(*types.AttributeValueMemberS)
		if v == nil {
			return ""
		}
		return v.Value
	}
	seen := 0
	for place, attribute := range p.Design.Keys {
		if !strings.HasPrefix(place, "FilesTable") || record[attribute] == nil {
			continue // a sparse index that a new record is not in
		}
		seen++
		want := map[keyKind]string{ofFile: id, ofOwner: "alice", ofShard: dynamo.ShardOf(id)}[kinds[attribute]]
		if text(attribute) != want {
			t.Errorf("%s: a record's %s is %q, and %q is simulated", place, attribute, text(attribute), want)
		}
	}
	if seen < 4 {
		t.Errorf("a record is in %d of %v", seen, p.Design.Keys)
	}
	if len(dynamo.Shards()) != 256 {
		t.Errorf("there are %d shards", len(dynamo.Shards()))
	}
}
