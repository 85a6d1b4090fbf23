package costs

import (
	"context"
	"io"
	"os"
	"path/filepath"
)

// Write counts, unless the counts that are there will do, and writes them and the
// tables of docs/costs.md. root is the project's folder, with its functions built.
func Write(ctx context.Context, root string, countsAreThere bool, progress io.Writer) error {
	at := filepath.Join(root, "local/costs/counts.json")
	if !countsAreThere {
		dir, err := os.MkdirTemp("", "vouch-costs-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		c, err := Run(ctx, Options{Template: filepath.Join(root, "template.yaml"), Functions: filepath.Join(root, ".vouch/bin/functions"), Dir: dir, Progress: progress})
		if err != nil {
			return err
		}
		if err := c.write(at); err != nil {
			return err
		}
	}
	return nil
}
