package objectstorage

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
)

// What versitygw calls the folder of an upload whose parts it is putting together,
// and two attributes that it keeps: the key, on the folder around it, and of which
// upload an object was made.
const (
	inProgress   = ".inprogress"
	keyAttribute = "objname"
	ofUpload     = "mp-metadata"
)

// resume ends what the process was killed in that was here before: S3 puts the
// parts of an upload together whole or not at all. versitygw would say for ever
// that it is at it, and list the upload no more. An upload without its object is
// as it was before; one whose object is there is done. The working directory is
// the objects' folder.
func resume(metadata meta.MetadataStorer) error {
	stopped, err := filepath.Glob(filepath.Join("*", posix.MetaTmpMultipartDir, "*", "*"+inProgress))
	if err != nil {
		return err
	}
	for _, folder := range stopped {
		bucket, within, _ := strings.Cut(folder, string(filepath.Separator))
		id, _, _ := strings.Cut(filepath.Base(within), ".")
		key, err := metadata.RetrieveAttribute(nil, bucket, filepath.Dir(within), keyAttribute)
		if err != nil {
			return fmt.Errorf("read the key of upload %s: %w", id, err)
		}
		if made, err := metadata.RetrieveAttribute(nil, bucket, string(key), ofUpload); err == nil {
			of, err := backend.UnmarshalMpUploadMetadata(made, false)
			if err != nil {
				return fmt.Errorf("read which upload %s is made of: %w", key, err)
			}
			if of.UploadID == id {
				if err := os.RemoveAll(folder); err != nil {
					return fmt.Errorf("remove the parts of upload %s: %w", id, err)
				}
				continue
			}
		}
		before := filepath.Join(filepath.Dir(within), id)
		if err := metadata.RenameObject(bucket, within, before); err != nil {
			return fmt.Errorf("give upload %s back: %w", id, err)
		}
		if err := os.Rename(folder, filepath.Join(bucket, before)); err != nil {
			return fmt.Errorf("give upload %s back: %w", id, err)
		}
	}
	return nil
}
