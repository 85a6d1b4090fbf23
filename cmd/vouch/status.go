package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-s3/vouch/client"
)

func (a *app) statusCommand() *cobra.Command {
	var watch bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "status ID",
		Short: "Say what became of a file",
		Long: `status says what became of a file, and what verification found in it. It answers
with exit code 0 whatever that is.

With --watch it waits for the end, shows every change, and answers with the exit
code of put: 0 if the file is ready, 3 if it is rejected.`,
		Example: `  vouch status 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e
  vouch status 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e --watch --timeout 10m
  vouch status 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e --json | jq -r .receipt > report.receipt`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeID,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch err := checkIDs(args); {
			case err != nil:
				return err
			case timeout < 0 || timeout > 0 && !watch:
				return usage("--timeout is for --watch, and not negative")
			}
			c, _, err := a.client()
			if err != nil {
				return err
			}
			if watch {
				return a.follow(cmd.Context(), c, args[0], timeout)
			}
			f, err := c.Get(cmd.Context(), args[0])
			if err != nil {
				return cause(cmd.Context(), err)
			}
			return a.describe(f)
		},
	}
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "wait for the end, and show every change")
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "how long to watch, as 10m; 0 is for ever")
	return cmd
}

// follow shows every change of a file until it has an end state.
func (a *app) follow(parent context.Context, c *client.Client, id string, timeout time.Duration) error {
	ctx, begin, stop := patience(parent, timeout)
	defer stop()
	begin()
	var shown error
	f, err := c.Wait(ctx, id, func(f client.File) {
		switch {
		case shown != nil || f.Status.Final():
		case a.json:
			shown = a.object(fileLine{File: f, Explanation: explainFile(f)})
		default:
			a.note("%s  %s", a.status(f), explainFile(f))
		}
	})
	switch {
	case err != nil:
		return cause(ctx, err)
	case shown != nil:
		return shown
	}
	if err := a.describe(f); err != nil {
		return err
	}
	if f.Status != client.StatusReady {
		return &severalError{exitOf(&client.RejectedError{File: f})} // it has been told
	}
	return nil
}

// describe tells all that is known of a file.
func (a *app) describe(f client.File) error {
	switch {
	case a.json:
		return a.object(fileLine{File: f, Explanation: explainFile(f)})
	case a.quiet:
		a.line("%s", plain(string(f.Status)))
		return nil
	}
	var b strings.Builder
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-9s %s\n", name, value)
		}
	}
	row("id", f.ID)
	row("status", a.status(f)+"  "+explainFile(f))
	for _, line := range findings(f) {
		row("", "- "+line)
	}
	row("access", accessText(f.Access))
	row("name", plain(f.Filename))
	row("type", plain(f.ContentType))
	if f.Size > 0 {
		row("size", fmt.Sprintf("%s (%d bytes)", bytesText(f.Size), f.Size))
	}
	row("sha-256", plain(f.ChecksumSHA256))
	row("created", ago(f.CreatedAt))
	row("changed", ago(f.UpdatedAt))
	row("kept", keptText(f))
	if v, ok := verdictOf(f); ok {
		row("verdict", verdictText(v))
	}
	if f.Receipt != "" {
		row("receipt", "there is one: vouch verify FILE --id "+f.ID)
	}
	a.write(a.out, b.String())
	return nil
}

// accessText says what may be done with a file of somebody else; of one's own,
// nothing.
func accessText(access client.Access) string {
	switch access {
	case "", client.AccessOwner:
		return ""
	case client.AccessRead:
		return "read: it is shared with you, and you may get it"
	case client.AccessManage:
		return "manage: it is shared with you, and you may also delete and share it"
	}
	return plain(string(access))
}

// verdictText says how much was looked at, and by whom.
func verdictText(v verdict) string {
	text := plain(v.Outcome)
	if v.Coverage.Complete {
		text += ", all of it looked at"
	} else {
		text += ", not all of it looked at"
	}
	if v.Coverage.Entries > 0 {
		text += fmt.Sprintf(", %d entries that unpack to %s", v.Coverage.Entries, bytesText(v.Coverage.Unpacked))
	}
	var names []string
	for _, s := range v.Scanners {
		names = append(names, plain(s.Name))
	}
	if len(names) > 0 {
		text += ", by " + strings.Join(names, " and ")
	}
	if v.DetectedType != "" {
		text += ", found to be " + plain(v.DetectedType)
	}
	return text
}

func ago(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("%s (%s ago)", clockText(t), durationText(time.Since(t)))
}
