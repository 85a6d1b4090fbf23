package e2e

import (
	"encoding/json"
	"testing"
	"time"

	runs "github.com/vouch-s3/vouch/shared/rescan"
)

// An execution that has been handed its share of pages starts the next one, which
// goes on where it stands, and is done itself.
func TestARunGoesOnInAFurtherExecution(t *testing.T) {
	const id = "rescan-of-long-ago"
	before := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC) // no verdict is older
	at, err := json.Marshal(runs.Position{Run: id, Before: before, Pages: runs.PagesPerExecution})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time as a retry of the step
		result, err := local.Invoke(t.Context(), "ListReadyFilesFunction", at)
		if err != nil || result.FunctionError != "" {
			t.Fatalf("%v %s", err, result.Payload)
		}
		var page runs.Page
		if err := json.Unmarshal(result.Payload, &page); err != nil || !page.Next.Done || len(page.Jobs) != 0 {
			t.Errorf("%s, %v", result.Payload, err)
		}
		awaitRun(t, id+"-part1")
	}
}
