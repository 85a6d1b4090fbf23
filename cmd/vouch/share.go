package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) shareCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "share ID",
		Short: "Print a URL from which a verified file can be had for a while",
		Long: `share prints a URL that gives out a ready file, on stdout, and until when, on
stderr.

Whoever has the URL has the file until then: it asks for no token, and it cannot
be taken back other than by deleting the file. So send it as you would send the
file. To let particular users have a file is not built yet.`,
		Example: `  vouch share 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e
  curl -o report.pdf "$(vouch share -q 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e)"`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeID,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.share(cmd.Context(), args[0]) },
	}
}

// linkLine is a URL in the output of --json.
type linkLine struct {
	ID        string    `json:"id"`
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expiresAt"`
}

func (a *app) share(ctx context.Context, id string) error {
	if err := checkIDs([]string{id}); err != nil {
		return err
	}
	c, _, err := a.client()
	if err != nil {
		return err
	}
	link, err := c.Download(ctx, id)
	if err != nil {
		return cause(ctx, err)
	}
	if a.json {
		return a.object(linkLine{id, link.URL, link.ExpiresAt})
	}
	a.line("%s", plain(link.URL))
	a.note("Whoever has this URL has the file until %s, for %s from now.",
		link.ExpiresAt.Local().Format("2006-01-02 15:04:05 MST"), durationText(time.Until(link.ExpiresAt)))
	return nil
}
