package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/audit/audittest"
	domain "github.com/vouch-s3/vouch/shared/file"
)

// in is as for somebody in groups.
func in(t *testing.T, name string, groups ...string) user {
	t.Helper()
	token, err := local.TokenOf(name, "", groups, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return user{name, token, local.APIURL()}
}

// share puts a grant of the level.
func (u user) share(t *testing.T, id, grantee, level string) {
	t.Helper()
	if r := u.call(t, "PUT", "/files/"+id+"/grants/"+grantee, `{"level":"`+level+`"}`); r.status != http.StatusCreated {
		t.Fatalf("share with %s: %d %s", grantee, r.status, r.body)
	}
}

// calls is every call on a file, as is sent for its id; the one that deletes last.
var calls = []struct {
	name               access.Call
	method, path, body string
}{
	{access.See, "GET", "/files/%s", ""},
	{access.Download, "POST", "/files/%s/download", ""},
	{access.Send, "POST", "/files/%s/parts", `{"partNumbers":[1]}`},
	{access.Send, "GET", "/files/%s/parts", ""},
	{access.Send, "POST", "/files/%s/complete", ""},
	{access.SetRetention, "PUT", "/files/%s/retention", `{"expiresAt":"2099-11-24T15:00:00Z"}`},
	{access.History, "GET", "/files/%s/history", ""},
	{access.ListGrants, "GET", "/files/%s/grants", ""},
	{access.PutGrant, "PUT", "/files/%s/grants/zoe", `{"level":"read"}`},
	{access.DeleteGrant, "DELETE", "/files/%s/grants/zoe", ""},
	{access.Delete, "DELETE", "/files/%s", ""},
}

func TestEveryCallIsForThoseItIsFor(t *testing.T) {
	alice := as(t, "alice")
	for _, tt := range []struct {
		who  user
		may  string // of the calls, by hand
		sees bool
	}{
		{as(t, "eve"), "", false},
		{as(t, "Bob"), "", false},
		{in(t, "eve", "staf", "staffs", "bob", "subject:bob"), "", false},
		{as(t, "staff"), "", false},
		{as(t, "dave"), "", false}, // whose grant has expired
		{as(t, "bob"), "see download", true},
		{in(t, "gina", "x", "staff"), "see download", true},
		{as(t, "group:heads"), "see download", true},
		{in(t, "gina", "heads"), "see download set-retention list-grants put-grant delete-grant delete", true},
		{as(t, "carol"), "see download set-retention list-grants put-grant delete-grant delete", true},
		{alice, "see download set-retention list-grants put-grant delete-grant delete send history", true},
	} {
		f := alice.ready(t, "a.bin", []byte("hello"))
		alice.share(t, f.ID, "bob", "read")
		alice.share(t, f.ID, "carol", "manage")
		alice.share(t, f.ID, "staff?type=group", "read")
		alice.share(t, f.ID, "heads?type=group", "manage")
		alice.share(t, f.ID, "group:heads", "read")
		kept := record(t, f.ID)
		past := domain.Grant{Grantee: domain.Grantee{Type: domain.Subject, Name: "dave"}, Level: domain.Manage, ExpiresAt: time.Now().Add(-time.Second), GrantedBy: "alice", GrantedAt: kept.CreatedAt}
		if _, err := records().Share(audittest.As(t, "e2e"), kept, domain.Sharing{Grants: append(kept.Grants, past), Revision: kept.Revision, At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		for _, c := range calls {
			r := tt.who.call(t, c.method, fmt.Sprintf(c.path, f.ID), c.body)
			want := http.StatusNotFound
			switch {
			case strings.Contains(" "+tt.may+" ", " "+string(c.name)+" "):
				// What the file's own state then answers is not the question here.
				if r.status == http.StatusNotFound || r.status == http.StatusForbidden {
					t.Errorf("%s: %s %s: %d %s", tt.who.name, c.method, c.path, r.status, r.body)
				}
				continue
			case tt.sees:
				want = http.StatusForbidden
			}
			if r.status != want || strings.Contains(r.body, kept.Key) {
				t.Errorf("%s: %s %s: %d %s, want %d", tt.who.name, c.method, c.path, r.status, r.body, want)
			}
		}
		// In what somebody may not see or do nothing is left behind.
		after := record(t, f.ID)
		if deleted := strings.HasSuffix(tt.may, "delete") || tt.who.name == "alice"; (after.Status == domain.Deleted) != deleted || !deleted && len(after.Grants) != 6 {
			t.Errorf("after the calls of %s the file is %s, with %d grants", tt.who.name, after.Status, len(after.Grants))
		}
	}
}

// answer is all of an answer that may differ from one file to another.
func (r reply) answer() string {
	h := maps.Clone(map[string][]string(r.header))
	for _, each := range []string{"Date", "Apigw-Requestid"} {
		delete(h, each)
	}
	names := slices.Sorted(maps.Keys(h))
	var b strings.Builder
	fmt.Fprintln(&b, r.status)
	for _, n := range names {
		fmt.Fprintln(&b, n, h[n])
	}
	return b.String() + r.body
}

func TestAFileOfAnotherAnswersAsOneThatNeverWas(t *testing.T) {
	alice, eve := as(t, "alice"), as(t, "eve")
	pending := alice.ask(t, "a.bin", []byte("x"), false)
	inParts := alice.call(t, "POST", "/files", `{"filename":"a.bin","contentType":"application/octet-stream","size":6000000,"method":"multipart"}`)
	var parts file
	inParts.into(t, &parts)
	ready := alice.ready(t, "a.bin", []byte("hello"))
	alice.share(t, ready.ID, "bob", "manage")
	deleted := alice.ask(t, "a.bin", []byte("x"), false)
	alice.share(t, deleted.ID, "eve", "manage")
	if r := alice.call(t, "DELETE", "/files/"+deleted.ID, ""); r.status != http.StatusNoContent {
		t.Fatalf("%d %s", r.status, r.body)
	}
	missing, err := domain.NewID()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range calls {
		want := eve.call(t, c.method, fmt.Sprintf(c.path, missing), c.body).answer()
		if !strings.HasPrefix(want, "404\n") || !strings.Contains(want, "urn:vouch:problem:not-found") {
			t.Errorf("%s %s of no file: %s", c.method, c.path, want)
		}
		for name, id := range map[string]string{
			"another's, pending": pending.ID, "another's, in parts": parts.ID, "another's, ready": ready.ID, "another's, deleted, and shared before": deleted.ID,
			"no id": "x", "an id in capitals": strings.ToUpper(ready.ID), "an id and more": ready.ID + "x", "a wildcard": "*",
		} {
			if got := eve.call(t, c.method, fmt.Sprintf(c.path, id), c.body).answer(); got != want {
				t.Errorf("%s %s of %s: %s\nand of no file: %s", c.method, c.path, name, got, want)
			}
		}
	}
}

func TestARevokedGrantEndsPresigningAtOnce(t *testing.T) {
	alice, bob := as(t, "alice"), as(t, "bob")
	data := []byte("hello")
	f := alice.ready(t, "a.bin", data)
	for name, grantee := range map[string]string{"a subject": "bob", "a group": "staff?type=group"} {
		if name == "a group" {
			bob = in(t, "bob", "staff")
		}
		path := "/files/" + f.ID + "/grants/" + grantee
		alice.share(t, f.ID, grantee, "read")
		given := bob.link(t, f.ID)
		if r := alice.call(t, "DELETE", path, ""); r.status != http.StatusNoContent {
			t.Fatalf("%d %s", r.status, r.body)
		}
		if r := bob.call(t, "POST", "/files/"+f.ID+"/download", ""); r.status != http.StatusNotFound {
			t.Errorf("%s, a moment after the revocation: %d %s", name, r.status, r.body)
		}
		// What was signed before serves until its end: docs/access.md.
		if status, _, body := fetch(t, given); status != http.StatusOK || !bytes.Equal(body, data) {
			t.Errorf("%s: the URL from before: %d", name, status)
		}
		if r := alice.call(t, "DELETE", path, ""); r.status != http.StatusNoContent {
			t.Errorf("%s, revoked again: %d %s", name, r.status, r.body)
		}
		if r := alice.call(t, "GET", "/files/"+f.ID+"/grants", ""); r.body != "{\"grants\":[]}\n" {
			t.Errorf("%s: %s", name, r.body)
		}
	}
	// The end of the file is the end of every URL.
	alice.share(t, f.ID, "bob", "read")
	given := bob.link(t, f.ID)
	if r := alice.call(t, "DELETE", "/files/"+f.ID, ""); r.status != http.StatusNoContent {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if status, _, _ := fetch(t, given); status == http.StatusOK {
		t.Errorf("the URL to a file that was deleted: %d", status)
	}
	if r := bob.call(t, "GET", "/files/"+f.ID, ""); r.status != http.StatusNotFound {
		t.Errorf("a deleted file that was shared: %d %s", r.status, r.body)
	}
}

func TestAGrantIsPutListedAndEnds(t *testing.T) {
	alice, bob, carol := as(t, "alice"), as(t, "bob"), as(t, "carol")
	f := alice.ready(t, "a.bin", []byte("hello"))
	grants := "/files/" + f.ID + "/grants"
	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	before := alice.call(t, "GET", "/files/"+f.ID, "").header.Get("ETag")

	put := func(u user, grantee, body string, want int) {
		t.Helper()
		if r := u.call(t, "PUT", grants+"/"+grantee, body); r.status != want {
			t.Errorf("%s puts %s for %s: %d %s, want %d", u.name, body, grantee, r.status, r.body, want)
		}
	}
	put(alice, "carol", `{"level":"manage","expiresAt":"`+until+`"}`, 201)
	put(alice, "carol", `{"level":"manage","expiresAt":"`+until+`"}`, 200)
	put(carol, "dave", `{"level":"read"}`, 422) // it would outlast carol's own
	put(carol, "dave", `{"level":"read","expiresAt":"`+until+`"}`, 201)
	put(carol, "carol", `{"level":"manage"}`, 422)
	put(alice, "auth0%7C5f7c", `{"level":"read"}`, 201)
	put(alice, base64.RawURLEncoding.EncodeToString([]byte("https://id.example/eve?x"))+"?encoding=base64url", `{"level":"read"}`, 201)
	put(alice, "a%20b", `{"level":"read"}`, 422)
	put(alice, "alice", `{"level":"read"}`, 422)
	put(alice, "dave", `{"level":"own"}`, 422)

	r := carol.call(t, "GET", grants, "")
	var listed struct {
		Grants []struct{ Subject, Type, Level, ExpiresAt, GrantedBy string }
	}
	r.into(t, &listed)
	var names []string
	for _, g := range listed.Grants {
		names = append(names, g.Subject+" by "+g.GrantedBy)
	}
	if want := []string{"auth0|5f7c by alice", "carol by alice", "dave by carol", "https://id.example/eve?x by alice"}; !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
	if r := as(t, "auth0|5f7c").call(t, "GET", "/files/"+f.ID, ""); !strings.Contains(r.body, `"access":"read"`) || strings.Contains(r.body, "grant") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := as(t, "https://id.example/eve?x").call(t, "POST", "/files/"+f.ID+"/download", ""); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if after := alice.call(t, "GET", "/files/"+f.ID, ""); after.header.Get("ETag") == before || !strings.Contains(after.body, `"access":"owner"`) {
		t.Errorf("ETag %s, %s", after.header.Get("ETag"), after.body)
	}
	if r := bob.call(t, "GET", "/files", ""); strings.Contains(r.body, f.ID) {
		t.Errorf("what others share is listed: %s", r.body)
	}
}

// Tenants are another template parameter, and so another stack.
func TestTenantsKnowNothingOfEachOther(t *testing.T) {
	p := newProcess(t, "tenants", "-tenants")
	p.start(t)
	alice := p.as(t, "alice", "-tenant", "acme")
	data := []byte("hello")
	f := alice.ready(t, "a.bin", data)
	alice.share(t, f.ID, "bob", "manage")
	alice.share(t, f.ID, "staff?type=group", "manage")

	for _, who := range []user{
		p.as(t, "alice", "-tenant", "other"), p.as(t, "alice", "-tenant", "ACME"), p.as(t, "acme:alice", "-tenant", ":"),
		p.as(t, "bob", "-tenant", "other"), p.as(t, "bob", "-tenant", "other", "-groups", "staff"), p.as(t, "eve", "-tenant", "acme"),
	} {
		for _, c := range calls {
			if r := who.call(t, c.method, fmt.Sprintf(c.path, f.ID), c.body); r.status != http.StatusNotFound {
				t.Errorf("%s: %s %s: %d %s", who.name, c.method, c.path, r.status, r.body)
			}
		}
		if r := who.call(t, "GET", "/files", ""); r.status != 200 || r.body != "{\"files\":[]}\n" {
			t.Errorf("%s lists %d %s", who.name, r.status, r.body)
		}
	}
	for _, who := range []user{p.as(t, "bob", "-tenant", "acme"), p.as(t, "eve", "-tenant", "acme", "-groups", "staff")} {
		if status, _, body := fetch(t, who.link(t, f.ID)); status != 200 || !bytes.Equal(body, data) {
			t.Errorf("%s: %d", who.name, status)
		}
	}
	// No claim, no access: also where the gateway has nothing against the token.
	for _, tenant := range []string{"", "[acme]", "null", ":1:a\n"} {
		who := p.as(t, "alice", "-tenant", tenant)
		for _, c := range append(calls, struct {
			name               access.Call
			method, path, body string
		}{"", "POST", "/files?%.0s", `{"filename":"a","contentType":"application/octet-stream","size":1}`}) {
			if r := who.call(t, c.method, strings.TrimSuffix(fmt.Sprintf(c.path, f.ID), "?"), c.body); r.status != http.StatusUnauthorized || !strings.Contains(r.body, "unauthorized") {
				t.Errorf("tenant %q: %s %s: %d %s", tenant, c.method, c.path, r.status, r.body)
			}
		}
	}
	// The event names the two apart.
	log, err := os.ReadFile(filepath.Join(p.dir, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var found bool
	for line := range strings.Lines(string(log)) {
		var e struct {
			Detail struct{ FileID, Owner, Tenant string }
		}
		if strings.Contains(line, `"File Ready"`) && json.Unmarshal([]byte(line), &e) == nil && e.Detail.FileID == f.ID {
			if found = true; e.Detail.Owner != "alice" || e.Detail.Tenant != "acme" {
				t.Errorf("%+v", e.Detail)
			}
		}
	}
	if !found {
		t.Error("there is no event of the file")
	}
}

// Share is the Store's against the table itself; the rest of it is tested with the
// transitions.
func TestGrantsAreWrittenOnlyToTheRevisionTheyWereDecidedBy(t *testing.T) {
	for _, s := range domain.Statuses() {
		id, err := domain.NewID()
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now().UTC().Truncate(time.Millisecond)
		f := domain.File{
			ID: id, Owner: "store-test", Filename: "a", Method: domain.Put, ContentType: "text/plain", Size: 1, Status: s, Key: domain.Key("store-test", id),
			CreatedAt: now, UpdatedAt: now, UploadExpiresAt: now, Revision: 7,
		}
		if err := records().Create(audittest.As(t, "e2e"), f); err != nil {
			t.Fatal(err)
		}
		grants := []domain.Grant{
			{Grantee: domain.Grantee{Type: domain.Group, Name: "a.b#c:d"}, Level: domain.Read, GrantedBy: "x", GrantedAt: now},
			{Grantee: domain.Grantee{Type: domain.Subject, Name: strings.Repeat("ä", 128)}, Level: domain.Manage, ExpiresAt: now.Add(time.Hour), GrantedBy: "x", GrantedAt: now},
		}
		if _, err := records().Share(audittest.As(t, "e2e"), f, domain.Sharing{Grants: grants, Revision: 6, At: now}); !moved(err) {
			t.Errorf("%s, another revision: %v", s, err)
		}
		shared, err := records().Share(audittest.As(t, "e2e"), f, domain.Sharing{Grants: grants, Revision: 7, At: now})
		if !slices.Contains(domain.Shareable(), s) {
			if !moved(err) {
				t.Errorf("%s: %v", s, err)
			}
			continue
		}
		if err != nil || shared.Revision != 8 || !reflect.DeepEqual(shared.Grants, grants) || shared.Status != s {
			t.Errorf("%s: %+v, %v", s, shared, err)
		}
		deleted, err := records().Change(audittest.As(t, "e2e"), id, domain.Change{To: domain.Deleted, At: now})
		if err != nil || deleted.Grants != nil {
			t.Errorf("%s, deleted: %+v, %v", s, deleted.Grants, err)
		}
	}
	id, err := domain.NewID()
	if err != nil {
		t.Fatal(err)
	}
	none := domain.File{ID: id, Owner: "store-test", Status: domain.Ready, Revision: 1}
	grants := []domain.Grant{{Grantee: domain.Grantee{Type: domain.Subject, Name: "bob"}, Level: domain.Read, GrantedBy: "x"}}
	if _, err := records().Share(audittest.As(t, "e2e"), none, domain.Sharing{Grants: grants, Revision: 1, At: time.Now()}); domain.CodeOf(err) != domain.CodeNotFound {
		t.Errorf("of no file: %v", err)
	}
}

func moved(err error) bool { _, is := domain.Conflict(err); return is }
