package signatures

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"time"
)

// Freshclam is ClamAV's own updater, freshclam(1). It checks the signature on
// each database and that it loads before it takes the place of the one before.
type Freshclam struct {
	Path   string // of the program
	Config string // of its configuration, freshclam.conf(5)
}

// Update runs freshclam once over the databases in dir. The error has the end of
// what it printed.
func (f Freshclam) Update(ctx context.Context, dir string) error {
	// #nosec G204 -- no shell; all of it is written out in refresh-signatures
	cmd := exec.CommandContext(ctx, f.Path, "--config-file="+f.Config, "--datadir="+dir, "--foreground", "--stdout")
	cmd.WaitDelay = 5 * time.Second // for a child of its own that holds on to the output
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("run freshclam: %w: %s", err, bytes.TrimSpace(out[max(0, len(out)-2000):]))
	}
	return nil
}
