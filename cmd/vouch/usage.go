package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-s3/vouch/client"
)

func (a *app) usageCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "usage",
		Short: "Show what your files use of the quotas, and what remains",
		Long: `usage shows what your files use of the quotas, and what remains; and where your
tenant has quotas, what the files of all its members use together. Uploads whose
bytes have not arrived count with all that may still come; files that are
rejected, expired or deleted count for nothing.`,
		Example: `  vouch usage
  vouch usage --json | jq .bytes.remaining`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.usage(cmd.Context()) },
	}
}

func (a *app) usage(ctx context.Context) error {
	c, _, err := a.client()
	if err != nil {
		return err
	}
	u, err := c.Usage(ctx)
	if err != nil {
		return cause(ctx, err)
	}
	if a.json {
		return a.object(u)
	}
	var table strings.Builder
	rows := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	if !a.quiet {
		fmt.Fprintln(rows, "QUOTA\tUSED\tLIMIT\tREMAINING")
	}
	writeUsage(rows, "", u.AccountUsage)
	if u.Tenant != nil {
		writeUsage(rows, "tenant: ", *u.Tenant)
	}
	if err := rows.Flush(); err != nil {
		return err
	}
	a.write(a.out, table.String())
	return nil
}

// writeUsage writes a row for each quota of an account.
func writeUsage(w io.Writer, whose string, u client.AccountUsage) {
	for _, row := range []struct {
		name string
		text func(int64) string
		client.Used
	}{
		{"bytes", bytesText, u.Bytes},
		{"files", countText, u.Files},
		{"pending uploads", countText, u.Pending},
		{"uploads today", countText, u.UploadsToday},
	} {
		limit, remaining := "none", "-"
		if row.Limit != nil {
			limit = row.text(*row.Limit)
		}
		if row.Remaining != nil {
			remaining = row.text(*row.Remaining)
		}
		if row.Limit != nil && !row.ResetsAt.IsZero() {
			remaining += ", all again in " + durationText(time.Until(row.ResetsAt))
		}
		fmt.Fprintf(w, "%s%s\t%s\t%s\t%s\n", whose, row.name, row.text(row.Used.Used), limit, remaining)
	}
}

func countText(n int64) string { return strconv.FormatInt(n, 10) }

// explainQuota says which quota refused an upload, what remains of it, and what
// frees more.
func explainQuota(p *client.Problem) string {
	if p.Limit == nil || p.Remaining == nil {
		return oneLine(cmp.Or(p.Detail, p.Title))
	}
	whose, others := "Your quota", ""
	if p.Account == "tenant" {
		whose, others = "The quota of your tenant", ", or have others do so"
	}
	of := countText(*p.Remaining) + " of " + countText(*p.Limit)
	switch p.Quota {
	case "bytes":
		return fmt.Sprintf("%s has %s of %s left, and this is more. Delete files, or uploads that are pending%s; vouch usage shows what is used.",
			whose, bytesText(*p.Remaining), bytesText(*p.Limit), others)
	case "files":
		return whose + " has " + of + " files left. Delete some" + others + "; vouch usage shows what is used."
	case "pending":
		return whose + " has " + of + " pending uploads left. Finish some, or delete them" + others + ": vouch ls --status pending."
	case "uploadsToday":
		text := whose + " has " + of + " uploads left today."
		if !p.ResetsAt.IsZero() {
			text += " There are more from " + clockText(p.ResetsAt) + ", in " + durationText(time.Until(p.ResetsAt)) + "."
		}
		return text
	}
	return oneLine(cmp.Or(p.Detail, p.Title))
}
