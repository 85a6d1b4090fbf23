package leastprivilege

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vouch-s3/vouch/local/policies"
	"github.com/vouch-s3/vouch/local/stack"
)

// The marks in docs/iam.md that the table stands between.
const (
	begin = "<!-- make iam writes what follows -->\n"
	end   = "<!-- to here -->\n"
)

// Renew returns a document with a table in the place of the one that is there.
func Renew(document, table string) (string, error) {
	before, rest, opened := strings.Cut(document, begin)
	_, after, closed := strings.Cut(rest, end)
	if !opened || !closed {
		return "", errors.New("there are no marks for a table to stand between")
	}
	return before + begin + table + end + after, nil
}

// Table is the table of docs/iam.md: what each statement of each role allows, and
// what of it stands in the reviewed list. It says nothing of a run: that all the
// rest is needed is what a run must prove.
func Table(roles []Role, reviewed []Exception) string {
	var b strings.Builder
	b.WriteString("\n| role of | statement | may | on | only where | used |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, role := range roles {
		for _, sid := range role.sids() {
			var actions, resources, asked []string
			for _, s := range role.Statements {
				if s.Sid == sid {
					actions, resources = union(actions, s.Action), union(resources, s.Resource)
					asked = union(asked, []string{conditions(s.Condition)})
				}
			}
			fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s | %s | %s |\n", role.LogicalID, sid, codes(actions), codes(each(resources, short)),
				strings.Join(asked, "; with other parameters "), used(role, sid, reviewed))
		}
	}
	b.WriteString("\n")
	return b.String()
}

// sids are the names of the role's statements, in the template's order.
func (r Role) sids() (all []string) {
	for _, s := range r.Statements {
		all = union(all, []string{s.Sid})
	}
	return all
}

// used says that all of a statement is needed, or why not.
func used(role Role, sid string, reviewed []Exception) string {
	var reasons []string
	yes := false
	for _, g := range role.Grants {
		if g.Sid != sid {
			continue
		}
		i := slices.IndexFunc(reviewed, func(e Exception) bool { return e.covers(role.LogicalID, g) })
		if i < 0 {
			yes = true
			continue
		}
		reason := reviewed[i].Reason
		if part := strings.TrimSpace(reviewed[i].Action + " " + reviewed[i].Resource + reviewed[i].Value); part != "" {
			reason = "`" + part + "`: " + reason
		}
		if !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
	}
	switch {
	case len(reasons) == 0:
		return "yes"
	case yes:
		return "yes, but " + strings.Join(reasons, "; ")
	}
	return "not here: " + strings.Join(reasons, "; ")
}

// conditions writes what a statement asks of a request.
func conditions(c policies.Conditions) string {
	var all []string
	for _, operator := range slices.Sorted(maps.Keys(c)) {
		for _, key := range slices.Sorted(maps.Keys(c[operator])) {
			values := c[operator][key]
			switch {
			case operator == "Null" && values[0] == "false":
				all = append(all, fmt.Sprintf("`%s` is there", key))
			case operator == "StringEquals" || operator == "Bool":
				all = append(all, fmt.Sprintf("`%s` is %s", key, strings.Join(each(values, code), " or ")))
			default:
				all = append(all, fmt.Sprintf("`%s` `%s` %s", key, operator, strings.Join(each(values, code), " or ")))
			}
		}
	}
	return strings.Join(all, " and ")
}

// short is an ARN without what is the same in all of a stack's.
func short(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return arn
	}
	rest := strings.Replace(parts[5], stack.Name+"-", "", 1)
	for _, kind := range []string{"table/", "function:", "stateMachine:", "event-bus/"} {
		rest = strings.TrimPrefix(rest, kind)
	}
	return rest
}

func code(s string) string { return "`" + s + "`" }

func codes(all []string) string { return strings.Join(each(all, code), ", ") }

func each(all []string, change func(string) string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = change(s)
	}
	return out
}

// Report is the table of a run: every function, every action on every resource,
// and whether it was needed; every condition, and whether it has refused
// something; and every call that was denied.
func Report(roles []Role, run Run, reviewed []Exception) string {
	var b strings.Builder
	b.WriteString("| role of | allowed | on | by | in this run |\n| --- | --- | --- | --- | --- |\n")
	for _, role := range roles {
		for _, g := range role.Grants {
			said := "**not needed**"
			if i := slices.IndexFunc(reviewed, func(e Exception) bool { return e.covers(role.LogicalID, g) }); i >= 0 {
				said = "reviewed: " + reviewed[i].Reason
			}
			if run.used[role.LogicalID][g] {
				said = "needed"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", role.LogicalID, g.Action, strings.TrimSpace(short(g.Resource)+" "+g.Value), g.Sid, said)
		}
		for _, g := range role.Guards {
			said := "**refused nothing**"
			if run.guarded[role.LogicalID][g] {
				said = "refused"
			}
			fmt.Fprintf(&b, "| %s | only by %s | | %s | %s |\n", role.LogicalID, g.Key, g.Sid, said)
		}
		for _, action := range slices.Sorted(maps.Keys(run.denied[role.LogicalID])) {
			fmt.Fprintf(&b, "| %s | | | %s | **denied** |\n", role.LogicalID, action)
		}
	}
	return b.String()
}
