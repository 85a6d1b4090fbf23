package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/vouch-s3/vouch/client"
	"github.com/vouch-s3/vouch/shared/erasure"
	"github.com/vouch-s3/vouch/shared/file"
)

func (a *app) eraseCommand() *cobra.Command {
	var owner client.Owner
	var id string
	var keepClosed, wait bool
	cmd := &cobra.Command{
		Use:   "erase SUBJECT | --status ID",
		Short: "Erase all that is kept of an owner",
		Long: `erase deletes every file of an owner for good, and all that is kept of them but
what docs/erasure.md lists, and has it proved that nothing is left. It asks nothing
before it begins, cannot be undone, and takes from half a minute to hours. It is for
administrators, and takes a token with the scope files:admin.

SUBJECT is what the owner's tokens call them. Until the end their account takes no
uploads; with --keep-closed it takes none afterwards either. --status shows how far an
erasure is, and checks the signed statement of one that is finished.`,
		Example: `  vouch erase alice --wait
  vouch erase alice --tenant acme --keep-closed
  vouch erase --status 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case (len(args) == 1) == (id != ""):
				return usage("say whom to erase, or --status of which erasure")
			case id != "" && (owner.Tenant != "" || keepClosed):
				return usage("--tenant and --keep-closed are said when an erasure is asked for")
			case id == "":
				owner.Subject = args[0]
			}
			return a.erase(cmd.Context(), owner, id, keepClosed, wait)
		},
	}
	cmd.Flags().StringVar(&id, "status", "", "show how far the erasure with this id is")
	cmd.Flags().StringVar(&owner.Tenant, "tenant", "", "the owner's tenant, where there are tenants")
	cmd.Flags().BoolVar(&keepClosed, "keep-closed", false, "leave the account closed to uploads")
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until it has ended")
	return cmd
}

func (a *app) erase(ctx context.Context, owner client.Owner, id string, keepClosed, wait bool) error {
	if id != "" {
		if err := checkIDs([]string{id}); err != nil {
			return err
		}
	}
	c, _, err := a.client()
	if err != nil {
		return err
	}
	var e client.Erasure
	if id == "" {
		e, err = c.Erase(ctx, owner, keepClosed)
	} else {
		e, err = c.Erasure(ctx, id)
	}
	if err == nil && wait && e.Status == client.Erasing {
		if !a.json {
			a.note("Erasure %s goes on. Ctrl-C does not stop it: vouch erase --status %s", e.ID, e.ID)
		}
		e, err = c.WaitErasure(ctx, e.ID)
	}
	if err != nil {
		return cause(ctx, err)
	}
	if e.Status == client.ErasureFinished {
		if err := a.checkStatement(ctx, e, owner); err != nil {
			return err
		}
	}
	if err := a.tellErasure(e); err != nil {
		return err
	}
	switch e.Status {
	case client.ErasureHeld:
		return fmt.Errorf("%d files are on hold, and are left: release them, and erase again", e.Held)
	case client.ErasureFailed:
		return errors.New("the erasure was given up: erase again; docs/alarms.md says where to look")
	}
	return nil
}

// checkStatement holds the statement of an erasure that is finished to the public
// keys, the erasure, and the owner, where the command was told who that is.
func (a *app) checkStatement(ctx context.Context, e client.Erasure, owner client.Owner) error {
	keys, err := a.keys(ctx, "")
	if err != nil {
		return err
	}
	claims, err := erasure.Verify(e.Statement, keys)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errReceipt, err)
	case claims.Subject != e.ID:
		return fmt.Errorf("%w: it is of erasure %s", errReceipt, claims.Subject)
	case owner.Subject != "" && !claims.Vouch.Of(file.JoinOwner(owner.Tenant, owner.Subject)):
		return fmt.Errorf("%w: it is of another owner", errReceipt)
	}
	return nil
}

func (a *app) tellErasure(e client.Erasure) error {
	switch {
	case a.json:
		return a.object(e)
	case a.quiet:
		a.line("%s", e.ID)
		return nil
	}
	text := fmt.Sprintf("%d files and %d events are removed", e.Removed.Files, e.Removed.Events)
	switch {
	case e.Status == client.ErasureFinished:
		text += "; nothing is left, and the signed statement of it holds"
	case !e.WaitsUntil.IsZero():
		text += "; waits for the last URL to end, " + clockText(e.WaitsUntil)
	}
	a.line("%s  %s  %s", e.ID, plain(e.Status), a.faint(text+"."))
	return nil
}
