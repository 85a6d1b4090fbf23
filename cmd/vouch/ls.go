package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-s3/vouch/client"
	"github.com/vouch-s3/vouch/shared/file"
)

func (a *app) lsCommand() *cobra.Command {
	var status string
	var limit int
	cmd := &cobra.Command{
		Use:     "ls",
		Aliases: []string{"list"},
		Short:   "List your files, newest first",
		Long: `ls lists your own files, newest first. Deleted ones are listed only for
--status deleted.`,
		Example: `  vouch ls
  vouch ls --status rejected --limit 0
  vouch ls --json --limit 0 | jq -r 'select(.size > 1e9) | .id'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.ls(cmd.Context(), status, limit) },
	}
	cmd.Flags().StringVar(&status, "status", "", "only files in this status: "+strings.Join(statuses(), ", "))
	cmd.Flags().IntVarP(&limit, "limit", "n", 25, "at most so many; 0 is all")
	complete(cmd, "status", statuses()...)
	return cmd
}

func statuses() []string {
	var all []string
	for _, s := range file.Statuses() {
		all = append(all, string(s))
	}
	return all
}

// pageSize is the most files that the API gives in one answer.
const pageSize = 100

func (a *app) ls(ctx context.Context, status string, limit int) error {
	switch {
	case status != "" && !file.Status(status).Valid():
		return usage("--status is one of " + strings.Join(statuses(), ", "))
	case limit < 0:
		return usage("--limit is not negative")
	}
	c, _, err := a.client()
	if err != nil {
		return err
	}
	options := client.ListOptions{Status: client.Status(status), PageSize: pageSize}
	if limit > 0 {
		options.PageSize = min(limit, pageSize)
	}
	var table strings.Builder
	rows := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	if !a.quiet {
		fmt.Fprintln(rows, "ID\tSTATUS\tSIZE\tAGE\tNAME")
	}
	n := 0
	for f, err := range c.List(ctx, options) {
		if err != nil {
			return cause(ctx, err)
		}
		switch n++; {
		case a.json:
			if err := a.object(fileLine{File: f, Explanation: explainFile(f)}); err != nil {
				return err
			}
		case a.quiet:
			a.line("%s", f.ID)
		default:
			size := "-" // of a form whose bytes have not arrived
			if f.Size > 0 {
				size = bytesText(f.Size)
			}
			fmt.Fprintf(rows, "%s\t%s\t%s\t%s\t%s\n", f.ID, plain(string(f.Status)), size, durationText(time.Since(f.CreatedAt)), plain(f.Filename))
		}
		if n == limit {
			break
		}
	}
	if a.json || a.quiet {
		return nil
	}
	if n == 0 {
		a.note("There are no files.")
		return nil
	}
	if err := rows.Flush(); err != nil {
		return err
	}
	a.write(a.out, table.String())
	return nil
}
