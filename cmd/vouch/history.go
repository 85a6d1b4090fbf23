package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/vouch-s3/vouch/client"
)

// historyFlags are the flags of vouch history.
type historyFlags struct {
	denied bool
	limit  int
}

func (a *app) historyCommand() *cobra.Command {
	var f historyFlags
	cmd := &cobra.Command{
		Use:   "history ID",
		Short: "Show what was done to a file, and by whom",
		Long: `history shows what was done to a file of yours, and by whom, newest first: when
it changed, when somebody was given a URL to its bytes, and whom it was shared
with. With --denied it shows what others tried and were refused.`,
		Example: `  vouch history 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e
  vouch history 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e --denied
  vouch history 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e --limit 0 --json | jq 'select(.action == "download-presigned")'`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeID,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.history(cmd.Context(), args[0], f)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.denied, "denied", false, "what was refused, in place of what was done")
	flags.IntVarP(&f.limit, "limit", "n", 25, "at most so many; 0 is all")
	return cmd
}

// eventLine is an event in the output of --json, as docs/openapi.yaml has it, and the
// file that it is of.
type eventLine struct {
	FileID string `json:"fileId"`
	client.Event
}

func (a *app) history(ctx context.Context, id string, f historyFlags) error {
	if err := checkIDs([]string{id}); err != nil {
		return err
	}
	if f.limit < 0 {
		return usage("--limit is not negative")
	}
	c, _, err := a.client()
	if err != nil {
		return err
	}
	var table strings.Builder
	rows := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(rows, "WHEN\tWHAT\tWHO")
	options := client.HistoryOptions{Denied: f.denied, PageSize: pageSize}
	if f.limit > 0 {
		options.PageSize = min(f.limit, pageSize)
	}
	n := 0
	for e, err := range c.History(ctx, id, options) {
		if err != nil {
			return cause(ctx, err)
		}
		switch n++; {
		case a.json:
			if err := a.object(eventLine{id, e}); err != nil {
				return err
			}
		case a.quiet:
			a.line("%s", e.ID)
		default:
			fmt.Fprintf(rows, "%s\t%s\t%s\n", clockText(e.At), actionText(e), plain(cmp.Or(e.Actor, "somebody of another tenant")))
		}
		if n == f.limit {
			break
		}
	}
	if a.json || a.quiet {
		return nil
	}
	if n == 0 {
		a.note("There is nothing in it.")
		return nil
	}
	if err := rows.Flush(); err != nil {
		return err
	}
	a.write(a.out, table.String())
	return nil
}

// actionText says what an event tells of.
func actionText(e client.Event) string {
	grantee := granteeText(client.Grantee{Name: e.Subject, Type: e.Type})
	until := ""
	if !e.ExpiresAt.IsZero() {
		until = " until " + clockText(e.ExpiresAt)
	}
	switch e.Action {
	case client.ActionUploadPresigned:
		return "given a URL to send it" + until
	case client.ActionPartsPresigned:
		return fmt.Sprintf("given %d URLs to send parts%s", e.URLs, until)
	case client.ActionDownloadPresigned:
		return "given a URL to download it" + until
	case client.ActionStatusChanged:
		if e.Reason != "" {
			return plain(string(e.Status)) + ": " + plain(e.Reason)
		}
		return plain(string(e.Status))
	case client.ActionGrantPut:
		return "shared with " + grantee + " to " + plain(string(e.Level)) + until
	case client.ActionGrantRemoved:
		return "no longer shared with " + grantee
	case client.ActionRetentionSet:
		return "kept" + cmp.Or(until, " without an end")
	case client.ActionHoldPlaced:
		return "put on hold: " + plain(e.Reason)
	case client.ActionHoldReleased:
		return "off hold"
	case client.ActionAccessDenied:
		return "denied: " + plain(e.Call)
	}
	return plain(string(e.Action)) // of a newer Vouch
}
