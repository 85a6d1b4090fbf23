package objectstorage

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
)

// The folders are as versitygw leaves them when it is killed.
func TestAnUploadWhosePartsWerePutTogetherAsTheProcessWasKilledIsThereAgain(t *testing.T) {
	t.Chdir(t.TempDir())
	metadata, err := meta.NewSideCar(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ key, id, madeOf string }{{"open", "u1", ""}, {"another's", "u2", "u0"}, {"done", "u3", "u3"}} {
		around := filepath.Join(posix.MetaTmpMultipartDir, "sum of "+tt.key)
		folder := filepath.Join("bucket", around, tt.id+".etag-2"+inProgress)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "1"), []byte("part"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := metadata.StoreAttribute(nil, "bucket", around, keyAttribute, []byte(tt.key)); err != nil {
			t.Fatal(err)
		}
		if tt.madeOf != "" {
			made, err := backend.MarshalMpUploadMetadata(backend.MpUploadMetadata{UploadID: tt.madeOf}, false)
			if err != nil {
				t.Fatal(err)
			}
			if err := metadata.StoreAttribute(nil, "bucket", tt.key, ofUpload, made); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := resume(metadata); err != nil {
		t.Fatal(err)
	}
	for path, there := range map[string]bool{"sum of open/u1/1": true, "sum of another's/u2/1": true, "sum of done/u3": false, "sum of done/u3.etag-2" + inProgress: false} {
		if _, err := os.Stat(filepath.Join("bucket", posix.MetaTmpMultipartDir, path)); (err == nil) != there {
			t.Errorf("%s: %v", path, err)
		}
	}
}
