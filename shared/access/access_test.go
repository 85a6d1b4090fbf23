package access

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/audit/audittest"
	"github.com/vouch-s3/vouch/shared/file"
)

var now = time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)

func grant(t file.GranteeType, name string, l file.Level, expires time.Time) file.Grant {
	return file.Grant{Grantee: file.Grantee{Type: t, Name: name}, Level: l, ExpiresAt: expires, GrantedBy: "alice", GrantedAt: now.Add(-time.Hour)}
}

// shared is a file of alice's with grants of every kind.
func shared(tenant string, s file.Status) file.File {
	const id = "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"
	return file.File{
		ID: id, Owner: Principal{Subject: "alice", Tenant: tenant}.Owner(), Status: s,
		Grants: []file.Grant{
			grant(file.Subject, "reader", file.Read, time.Time{}),
			grant(file.Subject, "manager", file.Manage, time.Time{}),
			grant(file.Subject, "guest", file.Read, now.Add(time.Millisecond)),
			grant(file.Subject, "deputy", file.Manage, now.Add(time.Millisecond)),
			grant(file.Subject, "late reader", file.Read, now),
			grant(file.Subject, "late manager", file.Manage, now.Add(-time.Hour)),
			grant(file.Subject, "demoted", file.Manage, now.Add(-time.Hour)),
			grant(file.Group, "readers", file.Read, time.Time{}),
			grant(file.Group, "managers", file.Manage, time.Time{}),
			grant(file.Group, "late", file.Manage, now.Add(-time.Hour)),
			grant(file.Subject, "group:managers", file.Read, time.Time{}),
			grant(file.Subject, "odd", "own", time.Time{}),
			grant(file.Subject, "usurper", "owner", time.Time{}),
			grant("", "untyped", file.Manage, time.Time{}),
		},
	}
}

// What each may do, written by hand and not from the rules: while the file is or
// may yet be, and once it has expired or was deleted.
const (
	nothing = ""
	reads   = "see download"
	manages = "see download delete set-retention list-grants put-grant delete-grant"
	all     = "see download delete set-retention list-grants put-grant delete-grant send history"
)

func TestNobodyMayDoWhatTheyShouldNot(t *testing.T) {
	cases, allowed := 0, 0
	for _, tenant := range []string{"", "acme", "4:acme", ":"} {
		for _, who := range []struct {
			name         string
			p            Principal
			while, ended string
		}{
			{"the owner", Principal{Subject: "alice"}, all, all},
			{"the owner in groups", Principal{Subject: "alice", Groups: []string{"readers", "late"}}, all, all},
			{"a stranger", Principal{Subject: "mallory"}, nothing, nothing},
			{"a stranger in other groups", Principal{Subject: "mallory", Groups: []string{"reader", "manager", "alice", "own", "untyped"}}, nothing, nothing},
			{"nobody", Principal{}, nothing, nothing},
			{"nobody in groups", Principal{Groups: []string{"managers"}}, nothing, nothing},
			{"the owner in capitals", Principal{Subject: "Alice"}, nothing, nothing},
			{"the owner with a space", Principal{Subject: "alice "}, nothing, nothing},
			{"one called as the record's owner", Principal{Subject: ":4:acme:alice"}, nothing, nothing},
			{"a reader", Principal{Subject: "reader"}, reads, nothing},
			{"a manager", Principal{Subject: "manager"}, manages, nothing},
			{"a reader for another moment", Principal{Subject: "guest"}, reads, nothing},
			{"a manager for another moment", Principal{Subject: "deputy"}, manages, nothing},
			{"a reader until now", Principal{Subject: "late reader"}, nothing, nothing},
			{"a manager until before", Principal{Subject: "late manager"}, nothing, nothing},
			{"a manager until before, who reads as one of a group", Principal{Subject: "demoted", Groups: []string{"readers"}}, reads, nothing},
			{"one of a group that reads", Principal{Subject: "gina", Groups: []string{"x", "readers"}}, reads, nothing},
			{"one of a group that manages", Principal{Subject: "gina", Groups: []string{"managers"}}, manages, nothing},
			{"one of both groups", Principal{Subject: "gina", Groups: []string{"readers", "managers"}}, manages, nothing},
			{"a reader in a group that manages", Principal{Subject: "reader", Groups: []string{"managers"}}, manages, nothing},
			{"one of a group whose grant is over", Principal{Subject: "gina", Groups: []string{"late"}}, nothing, nothing},
			{"one called as a group", Principal{Subject: "managers"}, nothing, nothing},
			{"one called as a group with its type", Principal{Subject: "group:managers"}, reads, nothing},
			{"one of a group called as a reader", Principal{Subject: "gina", Groups: []string{"subject:reader", "group:managers"}}, nothing, nothing},
			{"one with a grant of no level", Principal{Subject: "odd"}, nothing, nothing},
			{"one with a grant to own", Principal{Subject: "usurper"}, nothing, nothing},
			{"one with a grant of no type", Principal{Subject: "untyped"}, nothing, nothing},
		} {
			for _, from := range []string{"", "acme", "ACME", "acme:", "4:acme", ":", "other"} {
				p := who.p
				p.Tenant = from
				for _, s := range file.Statuses() {
					for _, c := range append(Calls(), "", "own") {
						cases++
						expect := who.while
						if s == file.Expired || s == file.Deleted {
							expect = who.ended
						}
						if from != tenant {
							expect = nothing
						}
						may := c != "" && strings.Contains(" "+expect+" ", " "+string(c)+" ")
						_, err := Decide(p, shared(tenant, s), c, now)
						var want file.Code
						switch {
						case may:
							allowed++
						case expect == nothing:
							want = file.CodeNotFound
						default:
							want = file.CodeForbidden
						}
						if file.CodeOf(err) != want || may != (err == nil) {
							t.Errorf("%s of %q, %q of a file of %q that is %s: %v, want %q", who.name, from, c, tenant, s, err, want)
						}
						if want == file.CodeNotFound && !errors.Is(err, file.ErrNotFound) {
							t.Errorf("%s, %s: %v is not the answer of a file that is not there", who.name, c, err)
						}
					}
				}
			}
		}
	}
	if cases < 200 || allowed < 200 {
		t.Errorf("only %d cases, %d of them allowed", cases, allowed)
	}
	t.Logf("%d cases, %d of them allowed", cases, allowed)
}

func TestTheStrongestGrantCountsAndOfEqualOnesTheLongest(t *testing.T) {
	at := func(d time.Duration) time.Time { return now.Add(d) }
	for name, tt := range map[string]struct {
		grants []file.Grant
		want   Standing
	}{
		"manage for an hour, read for ever": {[]file.Grant{grant(file.Group, "a", file.Manage, at(time.Hour)), grant(file.Subject, "bob", file.Read, time.Time{})}, Standing{Manage, at(time.Hour)}},
		"the longer of two":                 {[]file.Grant{grant(file.Group, "a", file.Manage, at(time.Hour)), grant(file.Subject, "bob", file.Manage, at(time.Minute))}, Standing{Manage, at(time.Hour)}},
		"one of them for ever":              {[]file.Grant{grant(file.Group, "a", file.Read, at(time.Hour)), grant(file.Group, "b", file.Read, time.Time{})}, Standing{Read, time.Time{}}},
		"none":                              {nil, Standing{None, time.Time{}}},
	} {
		for range 2 {
			f := file.File{Owner: "alice", Status: file.Ready, Grants: tt.grants}
			if got := Of(Principal{Subject: "bob", Groups: []string{"a", "b"}}, f, now); got != tt.want {
				t.Errorf("%s: %+v", name, got)
			}
			for i, j := 0, len(tt.grants)-1; i < j; i, j = i+1, j-1 {
				tt.grants[i], tt.grants[j] = tt.grants[j], tt.grants[i]
			}
		}
	}
}

// counted counts the reads of a store that has one record.
type counted struct {
	file.File
	reads int
	noted []audit.Event

	broken error // of Note
}

func (c *counted) Get(_ context.Context, id string) (file.File, error) {
	c.reads++
	if id != c.ID {
		return file.File{}, file.ErrNotFound
	}
	return c.File, nil
}

func (c *counted) Note(_ context.Context, e audit.Event) error {
	c.noted = append(c.noted, e)
	return c.broken
}

func TestAFileOfAnotherIsReadAndNotedAsOneThatIsNotThere(t *testing.T) {
	store := &counted{File: shared("", file.Ready)}
	for name, id := range map[string]string{"another's": store.ID, "none": "0195f3a2-7c1e-7b4a-9d5e-000000000000"} {
		for _, c := range Calls() {
			store.reads, store.noted = 0, nil
			if _, err := Load(audittest.As(t, "mallory"), store, Principal{Subject: "mallory"}, id, c, now); !errors.Is(err, file.ErrNotFound) || store.reads != 1 {
				t.Errorf("%s, %s: %v after %d reads", name, c, err, store.reads)
			}
			want := audit.Event{
				At: now, Actor: audit.Actor{Subject: "mallory", RequestID: "request"},
				Action: audit.AccessDenied, Outcome: audit.Denied, FileID: id, Call: string(c), Reason: string(file.CodeNotFound),
			}
			if len(store.noted) != 1 {
				t.Fatalf("%s, %s: %d events", name, c, len(store.noted))
			}
			if want.ID = store.noted[0].ID; store.noted[0] != want {
				t.Errorf("%s, %s: %+v", name, c, store.noted[0])
			}
		}
	}
}

func TestOnlyWhatIsRefusedIsNotedAndWhatCannotBeIsRefusedAllTheSame(t *testing.T) {
	f := shared("", file.Ready)
	for name, tt := range map[string]struct {
		subject, id string
		call        Call
		code        file.Code
		noted       int
	}{
		"the owner":                 {"alice", f.ID, Delete, "", 0},
		"a grantee, within":         {"reader", f.ID, See, "", 0},
		"a grantee, beyond":         {"reader", f.ID, Delete, file.CodeForbidden, 1},
		"a stranger":                {"mallory", f.ID, See, file.CodeNotFound, 1},
		"what is no id":             {"mallory", "../" + f.ID, See, file.CodeNotFound, 0},
		"an id in another spelling": {"mallory", strings.ToUpper(f.ID), See, file.CodeNotFound, 0},
	} {
		for _, broken := range []error{nil, errors.New("throttled")} {
			store := &counted{File: f, broken: broken}
			_, err := Load(audittest.As(t, tt.subject), store, Principal{Subject: tt.subject}, tt.id, tt.call, now)
			if file.CodeOf(err) != tt.code || (err == nil) != (tt.code == "") || len(store.noted) != tt.noted {
				t.Errorf("%s: %v, noted %+v", name, err, store.noted)
			}
			if tt.noted == 1 && (store.noted[0].Reason != string(tt.code) || store.noted[0].Owner != "") {
				t.Errorf("%s: %+v", name, store.noted[0])
			}
		}
	}
}

func TestTheTableIsDocumentedAsItIs(t *testing.T) {
	doc, err := os.ReadFile("../../docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range Calls() {
		row := fmt.Sprintf("| `%s` |", c)
		for _, r := range Relations() {
			if Allows(r, c) {
				row += " yes |"
			} else {
				row += " – |"
			}
		}
		if !strings.Contains(string(doc), row+"\n") {
			t.Errorf("docs/access.md lacks the row %s", row)
		}
	}
	if rows := strings.Count(string(doc), " yes |\n"); rows != len(Calls()) {
		t.Errorf("docs/access.md has %d rows, there are %d calls", rows, len(Calls()))
	}
}
