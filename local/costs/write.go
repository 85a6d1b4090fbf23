package costs

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Both has a program measure with clamd and with GuardDuty, in a process each, and
// returns what they count together. The program is given the scanners and the file
// that it is to write its counts to.
func Both(ctx context.Context, program, root string, progress io.Writer) (all Counts, err error) {
	dir, err := os.MkdirTemp("", "vouch-costs-")
	if err != nil {
		return all, fmt.Errorf("make a folder for the counts: %w", err)
	}
	defer os.RemoveAll(dir)
	for _, scanners := range []string{"clamav", "guardduty"} {
		to := filepath.Join(dir, scanners+".json")
		cmd := exec.CommandContext(ctx, program, "-root", root, "-measure", scanners, "-to", to)
		cmd.Stderr = progress
		if err := cmd.Run(); err != nil {
			return all, fmt.Errorf("measure with %s: %w", scanners, err)
		}
		c, err := Read(to)
		if err != nil {
			return all, err
		}
		all.Stages = append(all.Stages, c.Stages...)
		if scanners == "clamav" {
			all.Machine, all.Schedules, all.Metrics, all.ClamAV = c.Machine, c.Schedules, c.Metrics, c.ClamAV
		} else {
			all.GuardDuty = c.GuardDuty
		}
	}
	return all, nil
}

// Read reads counts that were written.
func Read(path string) (c Counts, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("read the counts: %w", err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("read the counts in %s: %w", path, err)
	}
	return c, nil
}
