package main

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-s3/vouch/client"
)

func (a *app) retainCommand() *cobra.Command {
	var until moment
	var forever bool
	cmd := &cobra.Command{
		Use:   "retain ID",
		Short: "Say how long a file is kept",
		Long: `retain says how long a file is kept. From then on nothing of it is given out any
more, no URL outlives it, and it is deleted within minutes. A file whose time is over
takes no other.

--until is a time, or a span from now. --forever keeps the file as long as nobody
deletes it, where the policy lets one be.`,
		Example: `  vouch retain 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e --until 30d
  vouch retain 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e --until 2026-12-01T18:00:00+01:00
  vouch retain 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e --forever`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeID,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("until") == forever {
				return usage("say --until when, or --forever")
			}
			return a.retain(cmd.Context(), args[0], until.Time)
		},
	}
	cmd.Flags().Var(&until, "until", "until when, as 30d, 12h or 2026-12-01T18:00:00+01:00 (RFC 3339)")
	cmd.Flags().BoolVar(&forever, "forever", false, "as long as nobody deletes it")
	return cmd
}

// keptLine says in the output of --json how long a file is kept.
type keptLine struct {
	ID        string    `json:"id"`
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
}

func (a *app) retain(ctx context.Context, id string, until time.Time) error {
	if err := checkIDs([]string{id}); err != nil {
		return err
	}
	c, _, err := a.client()
	if err != nil {
		return err
	}
	switch kept, err := c.Retain(ctx, id, until); {
	case err != nil:
		return cause(ctx, err)
	case a.json:
		return a.object(keptLine{id, kept})
	case !a.quiet:
		a.line("%s  kept  %s", id, untilText(kept))
	}
	return nil
}

// keptText says until when a file is kept, and that it is on hold; nothing of one
// that is kept as long as nobody deletes it.
func keptText(f client.File) string {
	text := ""
	if !f.ExpiresAt.IsZero() {
		text = "until " + clockText(f.ExpiresAt)
	}
	switch {
	case f.OnHold && text == "":
		return "on hold: nobody deletes it"
	case f.OnHold:
		return text + ", and is on hold: nobody deletes it"
	}
	return text
}

// moment is a flag's value: a time to come, as a time of RFC 3339 or a span from now.
type moment struct{ time.Time }

func (m *moment) String() string {
	if m.IsZero() {
		return ""
	}
	return m.Format(time.RFC3339)
}

func (*moment) Type() string { return "time" }

func (m *moment) Set(text string) (err error) {
	m.Time, err = parseMoment(text, time.Now())
	return err
}

func parseMoment(text string, now time.Time) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		span, ok := parseSpan(text)
		if !ok {
			return time.Time{}, fmt.Errorf("%q is not a time, as 2026-12-01T18:00:00+01:00, nor a span of time, as 30d or 12h", plain(text))
		}
		at = now.Add(span)
	}
	if !at.After(now) {
		return time.Time{}, fmt.Errorf("%s is over already", plain(text))
	}
	return at.UTC(), nil
}

// parseSpan reads a span as Go writes it, or a number of days, as 30d.
func parseSpan(text string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 31)
		return time.Duration(n) * 24 * time.Hour, err == nil && n <= math.MaxInt64/uint64(24*time.Hour)
	}
	span, err := time.ParseDuration(text)
	return span, err == nil && span >= 0
}
