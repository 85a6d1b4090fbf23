package dynamo

import (
	"slices"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

// A record in a shard that nobody looks into would never be swept.
func TestEveryShardOfARecordIsLookedInto(t *testing.T) {
	seen := map[string]bool{}
	for range 1 << 14 {
		id, err := file.NewID()
		if err != nil {
			t.Fatal(err)
		}
		if s := ShardOf(id); !slices.Contains(shards(), s) || !slices.Contains(Shards(), s) {
			t.Fatalf("%s is in the shard %q", id, s)
		}
		seen[ShardOf(id)] = true
	}
	if len(seen) != len(Shards()) {
		t.Errorf("ids are in %d of %d shards", len(seen), len(Shards()))
	}
}

func TestRecordsOfWhenAShardWasOneDigitAreStillLookedInto(t *testing.T) {
	for _, s := range "0123456789abcdef" {
		if !slices.Contains(shards(), string(s)) {
			t.Errorf("the shard %c is not looked into", s)
		}
	}
	if len(slices.Compact(slices.Sorted(slices.Values(shards())))) != len(shards()) {
		t.Error("a shard is looked into twice")
	}
}
