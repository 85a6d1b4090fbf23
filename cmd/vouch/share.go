package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-s3/vouch/client"
)

// shareOptions are the flags of share. Without with, list and revoke it is a URL
// that is asked for.
type shareOptions struct {
	with, revoke  string
	list          bool
	group, manage bool
	lasts         time.Duration // --for
	until         string        // RFC 3339
}

func (a *app) shareCommand() *cobra.Command {
	var o shareOptions
	cmd := &cobra.Command{
		Use:   "share ID",
		Short: "Let others have a verified file: particular users, or whoever has a URL",
		Long: `share ID prints a URL that gives out a ready file, on stdout, and until when, on
stderr. Whoever has the URL has the file until then: it asks for no token, and it
cannot be taken back other than by deleting the file. So send it as you would send
the file.

share ID --with NAME lets one user read the file with their own token, or with
--group whoever is in a group of that name: vouch status ID and vouch get ID. NAME
is what their token calls them, which whoever runs the Vouch knows. --manage lets
them also delete the file and share it with others. It replaces what they could do
before, and lasts until it is taken back, or as --for or --until say. A file can be
shared before it is ready.

share ID --list shows who else may do what, and share ID --revoke NAME takes it
back: no URL is given to them from then on, but one that they were given a moment
ago serves for some minutes more.`,
		Example: `  curl -o report.pdf "$(vouch share -q 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e)"
  vouch share 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e --with bob --for 24h
  vouch share 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e --with staff --group --manage
  vouch share 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e --list
  vouch share 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e --revoke bob`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeID,
		RunE: func(cmd *cobra.Command, args []string) error {
			given := cmd.Flags().Changed
			switch {
			case given("with") && given("revoke"), given("with") && o.list, given("revoke") && o.list:
				return usage("--with, --list and --revoke are three commands: give one of them")
			case given("with") && o.with == "", given("revoke") && o.revoke == "":
				return usage("nobody is named")
			case o.group && o.with == "" && o.revoke == "":
				return usage("--group is for --with and --revoke")
			case o.with == "" && (o.manage || given("for") || given("until")):
				return usage("--manage, --for and --until are for --with")
			case given("for") && given("until"):
				return usage("--for and --until both say how long: give one of them")
			case given("until") && o.until == "":
				return usage("--until is a time, as 2026-12-01T18:00:00+01:00")
			case given("for") && o.lasts <= 0:
				return usage("--for is a span of time, as 24h")
			}
			return a.share(cmd.Context(), args[0], o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.with, "with", "", "let the user of this name have the file")
	flags.StringVar(&o.revoke, "revoke", "", "take back what the user of this name may do")
	flags.BoolVar(&o.list, "list", false, "show who else may do what")
	flags.BoolVar(&o.group, "group", false, "the name is that of a group")
	flags.BoolVar(&o.manage, "manage", false, "let them also delete the file, and share it")
	flags.DurationVar(&o.lasts, "for", 0, "for how long, as 24h; left out is for good")
	flags.StringVar(&o.until, "until", "", "until when, as 2026-12-01T18:00:00+01:00 (RFC 3339)")
	if err := cmd.RegisterFlagCompletionFunc("revoke", a.completeGrantees); err != nil {
		panic(err) // only for a flag that there is not, which every run would show
	}
	return cmd
}

func (a *app) share(ctx context.Context, id string, o shareOptions) error {
	if err := checkIDs([]string{id}); err != nil {
		return err
	}
	expires, err := o.expires(time.Now())
	if err != nil {
		return err
	}
	c, _, err := a.client()
	if err != nil {
		return err
	}
	switch {
	case o.with != "":
		err = a.grant(ctx, c, id, client.Grant{Grantee: o.grantee(o.with), Level: o.level(), ExpiresAt: expires})
	case o.revoke != "":
		err = a.revoke(ctx, c, id, o.grantee(o.revoke))
	case o.list:
		err = a.grants(ctx, c, id)
	default:
		err = a.link(ctx, c, id)
	}
	return cause(ctx, err)
}

func (o shareOptions) grantee(name string) client.Grantee {
	if o.group {
		return client.Group(name)
	}
	return client.Subject(name)
}

func (o shareOptions) level() client.Level {
	if o.manage {
		return client.LevelManage
	}
	return client.LevelRead
}

// expires is when the grant ends; the zero time for never.
func (o shareOptions) expires(now time.Time) (time.Time, error) {
	switch {
	case o.lasts > 0:
		return now.Add(o.lasts).UTC(), nil
	case o.until == "":
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, o.until)
	switch {
	case err != nil:
		return time.Time{}, usage(fmt.Sprintf("--until is a time, as 2026-12-01T18:00:00+01:00, and not %q", plain(o.until)))
	case !at.After(now):
		return time.Time{}, usage("--until is over already")
	}
	return at.UTC(), nil
}

// linkLine is a URL in the output of --json.
type linkLine struct {
	ID        string    `json:"id"`
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expiresAt"`
}

func (a *app) link(ctx context.Context, c *client.Client, id string) error {
	link, err := c.Download(ctx, id)
	if err != nil {
		return err
	}
	if a.json {
		return a.object(linkLine{id, link.URL, link.ExpiresAt})
	}
	a.line("%s", plain(link.URL))
	a.note("Whoever has this URL has the file until %s, for %s from now.", clockText(link.ExpiresAt), durationText(time.Until(link.ExpiresAt)))
	return nil
}

// grantLine is a grant in the output of --json, as docs/openapi.yaml has it, and
// the file that it is for.
type grantLine struct {
	ID string `json:"id"`
	client.Grant
}

func (a *app) grant(ctx context.Context, c *client.Client, id string, g client.Grant) error {
	g, err := c.PutGrant(ctx, id, g)
	switch {
	case err != nil:
		return err
	case a.json:
		return a.object(grantLine{id, g})
	case !a.quiet:
		a.line("%s  %s  %s  %s", id, plain(string(g.Level)), untilText(g.ExpiresAt), granteeText(g.Grantee))
	}
	return nil
}

// revokedLine says in the output of --json that somebody has no grant any more.
type revokedLine struct {
	ID string `json:"id"`
	client.Grantee
	Revoked bool `json:"revoked"`
}

func (a *app) revoke(ctx context.Context, c *client.Client, id string, from client.Grantee) error {
	switch err := c.DeleteGrant(ctx, id, from); {
	case err != nil:
		return err
	case a.json:
		return a.object(revokedLine{id, from, true})
	case !a.quiet:
		a.line("%s  revoked  %s", id, granteeText(from))
	}
	return nil
}

// grants lists who else may do what with a file.
func (a *app) grants(ctx context.Context, c *client.Client, id string) error {
	grants, err := c.Grants(ctx, id)
	if err != nil {
		return err
	}
	var table strings.Builder
	rows := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(rows, "ACCESS\tUNTIL\tGIVEN BY\tNAME")
	for _, g := range grants {
		switch {
		case a.json:
			if err := a.object(grantLine{id, g}); err != nil {
				return err
			}
		case a.quiet:
			a.line("%s", plain(g.Name))
		default:
			fmt.Fprintf(rows, "%s\t%s\t%s\t%s\n", plain(string(g.Level)), untilText(g.ExpiresAt), plain(g.GrantedBy), granteeText(g.Grantee))
		}
	}
	if a.json || a.quiet {
		return nil
	}
	if len(grants) == 0 {
		a.note("It is shared with nobody.")
		return nil
	}
	if err := rows.Flush(); err != nil {
		return err
	}
	a.write(a.out, table.String())
	return nil
}

// granteeText names a user or a group. A user may be called like a group.
func granteeText(g client.Grantee) string {
	if g.Type == client.TypeGroup {
		return plain(g.Name) + " (a group)"
	}
	return plain(g.Name)
}

// untilText says when a grant ends.
func untilText(t time.Time) string {
	if t.IsZero() {
		return "no end"
	}
	return clockText(t)
}

// completeGrantees offers to --revoke whom the file is shared with.
func (a *app) completeGrantees(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	none := cobra.ShellCompDirectiveNoFileComp
	c, _, err := a.client()
	if err != nil || checkIDs(args) != nil || len(args) != 1 {
		return nil, none
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	grants, err := c.Grants(ctx, args[0])
	if err != nil && !errors.Is(err, client.ErrNotFound) {
		return nil, cobra.ShellCompDirectiveError
	}
	group, err := cmd.Flags().GetBool("group")
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []cobra.Completion
	for _, g := range grants {
		// A name that has to be written out is not what the shell would have to give.
		if (g.Type == client.TypeGroup) == group && plain(g.Name) == g.Name {
			names = append(names, cobra.CompletionWithDesc(g.Name, string(g.Level)))
		}
	}
	return names, none
}
