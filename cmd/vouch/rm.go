package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (a *app) rmCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "rm ID...",
		Aliases: []string{"delete"},
		Short:   "Delete files and their bytes",
		Long: `rm deletes files and their bytes, for good and without asking. URLs that were
given out end with them, and an upload in parts that was not completed is given
up. To delete twice is no error. A file that an administrator has put on hold is not
deleted.`,
		Example:           `  vouch ls -q --status rejected --limit 0 | xargs vouch rm`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeIDs,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.rm(cmd.Context(), args) },
	}
}

// deletedLine says in the output of --json that a file is deleted.
type deletedLine struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

func (a *app) rm(ctx context.Context, ids []string) error {
	if err := checkIDs(ids); err != nil {
		return err
	}
	c, _, err := a.client()
	if err != nil {
		return err
	}
	gravest := exitOK
	for _, id := range ids {
		err := cause(ctx, c.Delete(ctx, id))
		gravest = graver(gravest, exitOf(err))
		switch {
		case ctx.Err() != nil:
			return err
		case err != nil:
			a.fail("", id, err)
		case a.json:
			if err := a.object(deletedLine{id, "deleted"}); err != nil {
				return err
			}
		case !a.quiet:
			a.line("%s  deleted", id)
		}
	}
	if gravest != exitOK {
		return &severalError{gravest}
	}
	return nil
}
