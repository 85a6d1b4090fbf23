package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/vouch-s3/vouch/client"
)

func (a *app) holdCommand() *cobra.Command {
	return a.holding("hold", "Put files on hold, so that nobody deletes them",
		`hold puts files on hold, whosever they are: nobody deletes them, their time does
not end them, and their bytes are kept, even if they are rejected, until they are
released. It is for administrators, and takes a token with the scope files:admin.`,
		`  vouch hold 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e --reason "Doe v. Example, 26-cv-1234"`,
		func(ctx context.Context, c *client.Client, id, reason string) error {
			h, err := c.Hold(ctx, id, reason)
			switch {
			case err != nil:
				return err
			case a.json:
				return a.object(holdLine{ID: id, Hold: h})
			case !a.quiet:
				a.line("%s  on hold  %s", id, plain(h.Reason))
			}
			return nil
		})
}

func (a *app) releaseCommand() *cobra.Command {
	return a.holding("release", "Release files from their hold",
		`release takes files off their hold, whosever they are. What the hold has kept goes
its way again: a file whose time is over is deleted within minutes. It is for
administrators, and takes a token with the scope files:admin.`,
		`  vouch release 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e --reason "settled on 1 December"`,
		func(ctx context.Context, c *client.Client, id, reason string) error {
			err := c.Release(ctx, id, reason)
			switch {
			case err != nil:
				return err
			case a.json:
				return a.object(releasedLine{id, true})
			case !a.quiet:
				a.line("%s  released", id)
			}
			return nil
		})
}

// holdLine is a hold in the output of --json, and the file that it is on.
type holdLine struct {
	ID string `json:"id"`
	client.Hold
}

// releasedLine says in the output of --json that a file is on no hold.
type releasedLine struct {
	ID       string `json:"id"`
	Released bool   `json:"released"`
}

// holding is a command that does one thing to files for a reason.
func (a *app) holding(name, short, long, example string, do func(ctx context.Context, c *client.Client, id, reason string) error) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: name + " ID...", Short: short, Long: long, Example: example,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions, // the files of others are in no list
		RunE: func(cmd *cobra.Command, ids []string) error {
			if reason == "" {
				return usage("say why, with --reason: it is kept with the file")
			}
			if err := checkIDs(ids); err != nil {
				return err
			}
			c, _, err := a.client()
			if err != nil {
				return err
			}
			ctx, gravest := cmd.Context(), exitOK
			for _, id := range ids {
				err := cause(ctx, do(ctx, c, id, reason))
				gravest = graver(gravest, exitOf(err))
				switch {
				case ctx.Err() != nil:
					return err
				case err != nil:
					a.fail("", id, err)
				}
			}
			if gravest != exitOK {
				return &severalError{gravest}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; it is kept with the file, and shown to administrators only")
	return cmd
}
