package samtemplate

import (
	"testing"

	"github.com/vouch-s3/vouch/shared/erasure"
)

// What these note of a file names its owner, and is no change of its record. Whatever
// else puts events does so in the transaction of a change, which a file that is
// deleted takes none of.
func TestWhoNotesWhatIsGivenOutEndsBeforeHistoriesAreErased(t *testing.T) {
	stack := loaded(t)
	for _, id := range []string{"CreateUploadFunction", "PresignPartsFunction", "CreateDownloadFunction"} {
		if f := function(t, stack, id); f.Timeout >= erasure.CallsEnd {
			t.Errorf("%s may run for %v, and an erasure waits for %v", id, f.Timeout, erasure.CallsEnd)
		}
	}
}
