package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/audit/audittest"
	"github.com/vouch-s3/vouch/shared/dynamo"
	domain "github.com/vouch-s3/vouch/shared/file"
)

// swept has the sweeper run.
func swept(t *testing.T) {
	t.Helper()
	if result, err := local.Invoke(t.Context(), "SweepUploadsFunction", []byte("{}")); err != nil || result.FunctionError != "" {
		t.Fatalf("%v %s", err, result.Payload)
	}
}

// over has the time of a file be over, which nobody can ask for.
func over(t *testing.T, id string) {
	t.Helper()
	for {
		f := record(t, id)
		_, err := records().Retain(audittest.As(t, "test"), f, domain.Retention{ExpiresAt: time.Now().Add(-time.Second), Revision: f.Revision, At: time.Now()})
		if _, moved := domain.Conflict(err); moved {
			continue // the end of its verification is being written
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
}

// hold puts a file on hold, and release takes it off.
func hold(t *testing.T, id string) {
	t.Helper()
	if r := administrator(t).call(t, "PUT", "/admin/holds/"+id, `{"reason":"a lawsuit"}`); r.status != http.StatusCreated {
		t.Fatalf("hold: %d %s", r.status, r.body)
	}
}

func release(t *testing.T, id string) {
	t.Helper()
	if r := administrator(t).call(t, "DELETE", "/admin/holds/"+id, `{"reason":"it is settled"}`); r.status != http.StatusNoContent {
		t.Fatalf("release: %d %s", r.status, r.body)
	}
}

// verdictTag is the verdict's tag on the version that is pinned.
func verdictTag(t *testing.T, id string) string {
	t.Helper()
	f := record(t, id)
	out, err := local.Objects().GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: aws.String(bucket), Key: &f.Key, VersionId: &f.VersionID})
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range out.TagSet {
		if aws.ToString(tag.Key) == "vouch-verdict" {
			return aws.ToString(tag.Value)
		}
	}
	return ""
}

// trailOf reads what the trail has of a file but what was presigned of it, as
// "actor action", with what else the events of keeping have.
func trailOf(t *testing.T, id string) (lines []string) {
	t.Helper()
	out, err := dynamodb.NewFromConfig(local.Admin()).Query(t.Context(), &dynamodb.QueryInput{
		TableName: aws.String(historyTable), KeyConditionExpression: aws.String("fileId = :id"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":id": &types.AttributeValueMemberS{Value: id}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range out.Items {
		e, err := dynamo.DecodeEvent(item)
		if err != nil {
			t.Fatal(err)
		}
		switch e.Action {
		case audit.StatusChanged:
			lines = append(lines, fmt.Sprintf("%s %s", e.Actor.Subject, e.Status))
		case audit.RetentionSet:
			lines = append(lines, fmt.Sprintf("%s %s %v", e.Actor.Subject, e.Action, !e.ExpiresAt.IsZero()))
		case audit.HoldPlaced, audit.HoldReleased:
			lines = append(lines, fmt.Sprintf("%s %s %s", e.Actor.Subject, e.Action, e.Reason))
		}
	}
	return lines
}

func (r reply) problem(t *testing.T) (problem, string) {
	t.Helper()
	var p struct{ Type string }
	r.into(t, &p)
	var whole problem
	r.into(t, &whole)
	return whole, strings.TrimPrefix(p.Type, "urn:vouch:problem:")
}

func TestAFileIsDeletedAtTheEndOfItsTimeAndGivenOutNoMore(t *testing.T) {
	who := as(t, "retention-ends")
	f := who.ready(t, "a.bin", random(t, 300))
	until := time.Now().Add(90 * time.Second).UTC().Truncate(time.Millisecond)
	r := who.call(t, "PUT", "/files/"+f.ID+"/retention", fmt.Sprintf(`{"expiresAt":%q}`, until.Format(time.RFC3339Nano)))
	var kept struct{ ExpiresAt time.Time }
	if r.into(t, &kept); r.status != http.StatusOK || !kept.ExpiresAt.Equal(until) {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if r = who.call(t, "GET", "/files/"+f.ID, ""); !strings.Contains(r.body, until.Format("2006-01-02T15:04:05.000Z")) {
		t.Errorf("%s", r.body)
	}
	link := who.link(t, f.ID) // 5 minutes by the policy
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := time.Parse("20060102T150405Z", u.Query().Get("X-Amz-Date"))
	if err != nil {
		t.Fatal(err)
	}
	life, err := time.ParseDuration(u.Query().Get("X-Amz-Expires") + "s")
	if err != nil || signed.Add(life).After(until) || life < time.Minute {
		t.Errorf("the URL lives until %v, %v, and the file until %v", signed.Add(life), err, until)
	}
	if status, _, _ := fetch(t, link); status != http.StatusOK {
		t.Errorf("the URL: %d", status)
	}

	over(t, f.ID)
	for call, body := range map[string]string{"POST /download": "", "PUT /retention": `{"expiresAt":"2099-01-01T00:00:00Z"}`} {
		method, path, _ := strings.Cut(call, " ")
		r := who.call(t, method, "/files/"+f.ID+path, body)
		if _, code := r.problem(t); r.status != http.StatusConflict || code != "closed" {
			t.Errorf("%s of a file whose time is over: %d %s", call, r.status, r.body)
		}
	}
	swept(t)
	if got := who.get(t, f.ID); got.Status != "deleted" || versions(t, f.ID) != 0 {
		t.Errorf("it is %s, and has %d versions", got.Status, versions(t, f.ID))
	}
	if status, _, _ := fetch(t, link); status == http.StatusOK {
		t.Errorf("the URL from before: %d", status)
	}
	who.uses(t, "its time is over", 0, 0, 0, 1)
	trail := trailOf(t, f.ID)
	if want := []string{"retention-ends retention-set true", "test retention-set true", ":vouch/sweep-uploads deleted"}; !slices.Equal(trail[max(0, len(trail)-3):], want) {
		t.Errorf("the trail is %q", trail)
	}
}

func TestWhatIsSentInPartsAndNeverEndsGoesWithItsTime(t *testing.T) {
	who := as(t, "retention-parts")
	r := who.call(t, "POST", "/files", fmt.Sprintf(`{"filename":"a.bin","contentType":%q,"size":6000000,"method":"multipart","expiresAt":"2099-01-01T00:00:00Z"}`, octets))
	var f file
	if r.into(t, &f); r.status != http.StatusCreated || !record(t, f.ID).ExpiresAt.Equal(time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Fatalf("%d %s", r.status, r.body)
	}
	over(t, f.ID)
	if r = who.call(t, "POST", "/files/"+f.ID+"/parts", `{"partNumbers":[1]}`); r.status != http.StatusConflict {
		t.Errorf("URLs of parts: %d %s", r.status, r.body)
	}
	swept(t)
	if got := who.get(t, f.ID); got.Status != "deleted" {
		t.Errorf("it is %s", got.Status)
	}
	who.uses(t, "its time is over", 0, 0, 0, 1)
}

func TestATimeThatNoFileIsKeptUntilIsRefused(t *testing.T) {
	who := as(t, "alice")
	f := who.ready(t, "a.bin", []byte("hello"))
	for _, at := range []string{"2020-01-01T00:00:00Z", "0001-01-02T00:00:00Z"} {
		for call, body := range map[string]string{
			"PUT /files/" + f.ID + "/retention": fmt.Sprintf(`{"expiresAt":%q}`, at),
			"POST /files":                       fmt.Sprintf(`{"filename":"a.bin","contentType":%q,"size":5,"expiresAt":%q}`, octets, at),
		} {
			method, path, _ := strings.Cut(call, " ")
			r := who.call(t, method, path, body)
			if p, code := r.problem(t); r.status != http.StatusUnprocessableEntity || code != "invalid-expiry" || p.Field != "expiresAt" || p.Accepted == "" {
				t.Errorf("%s until %s: %d %s", call, at, r.status, r.body)
			}
		}
	}
	if r := who.call(t, "PUT", "/files/"+f.ID+"/retention", `{"expiresAt":null}`); r.status != http.StatusOK || strings.TrimSpace(r.body) != "{}" {
		t.Errorf("for ever: %d %s", r.status, r.body)
	}
}

func TestNobodyDeletesAFileOnHold(t *testing.T) {
	who := as(t, "retention-hold")
	f := who.ready(t, "a.bin", random(t, 300))
	if r := who.call(t, "PUT", "/admin/holds/"+f.ID, `{"reason":"mine"}`); r.status != http.StatusForbidden {
		t.Errorf("an ordinary token: %d %s", r.status, r.body)
	}
	hold(t, f.ID)
	if r := who.call(t, "GET", "/files/"+f.ID, ""); !strings.Contains(r.body, `"onHold":true`) || strings.Contains(r.body, "lawsuit") {
		t.Errorf("%s", r.body)
	}
	refused := func() {
		t.Helper()
		r := who.call(t, "DELETE", "/files/"+f.ID, "")
		if p, code := r.problem(t); r.status != http.StatusConflict || code != "on-hold" || p.Accepted == "" {
			t.Errorf("its owner deletes it: %d %s", r.status, r.body)
		}
	}
	refused()
	if status, _, _ := fetch(t, who.link(t, f.ID)); status != http.StatusOK {
		t.Errorf("a download: %d", status)
	}
	over(t, f.ID)
	swept(t)
	refused()
	if got := who.get(t, f.ID); got.Status != "ready" || versions(t, f.ID) != 1 {
		t.Errorf("past its time it is %s, with %d versions", got.Status, versions(t, f.ID))
	}
	if r := who.call(t, "POST", "/files/"+f.ID+"/download", ""); r.status != http.StatusConflict {
		t.Errorf("a download past its time: %d %s", r.status, r.body)
	}
	release(t, f.ID)
	swept(t)
	if got := who.get(t, f.ID); got.Status != "deleted" || versions(t, f.ID) != 0 {
		t.Errorf("released it is %s, with %d versions", got.Status, versions(t, f.ID))
	}
	trail := trailOf(t, f.ID)
	if want := []string{"operator hold-placed a lawsuit", "test retention-set true", "operator hold-released it is settled", ":vouch/sweep-uploads deleted"}; !slices.Equal(trail[max(0, len(trail)-4):], want) {
		t.Errorf("the trail is %q", trail)
	}
	if r := administrator(t).call(t, "PUT", "/admin/holds/"+f.ID, `{"reason":"a lawsuit"}`); r.status != http.StatusConflict {
		t.Errorf("a hold on a deleted file: %d %s", r.status, r.body)
	}
	pending := who.ask(t, "b.bin", random(t, 10), true)
	if r := administrator(t).call(t, "PUT", "/admin/holds/"+pending.ID, `{"reason":"a lawsuit"}`); r.status != http.StatusConflict {
		t.Errorf("a hold on nothing: %d %s", r.status, r.body)
	}
}

// The bucket's own rule forgets what is tagged rejected, months later, and nothing
// on hold: neither what was rejected before nor what is revoked while it is. The
// download role is refused either.
func TestTheBucketForgetsNoRejectedVersionThatIsOnHold(t *testing.T) {
	who := as(t, "alice")
	bad := func() file {
		f := who.ask(t, "e.com", eicar, false)
		if status, code := put(t, f, eicar); status != http.StatusOK {
			t.Fatalf("PUT: %d %s", status, code)
		}
		who.await(t, f.ID, "rejected")
		settled(t, f.ID)
		return f
	}
	held, forgotten, released := bad(), bad(), bad()
	hold(t, held.ID)
	hold(t, released.ID)
	release(t, released.ID)

	marker := []byte("vouch-hold-" + fmt.Sprintf("%x", random(t, 16)))
	revoked := who.ready(t, "bad.bin", append(random(t, 1000), marker...))
	hold(t, revoked.ID)
	link := who.link(t, revoked.ID)
	teach(t, marker)
	run := rescan(t, "")
	awaitRun(t, run.ID)
	if got := who.get(t, revoked.ID); got.Status != "rejected" {
		t.Fatalf("the file is %s", got.Status)
	}
	settled(t, revoked.ID)
	if status, _, _ := fetch(t, link); status != http.StatusForbidden {
		t.Errorf("a URL of before the revocation: %d", status)
	}

	tags := func() (all []string) {
		for _, f := range []file{held, revoked, released, forgotten} {
			all = append(all, verdictTag(t, f.ID))
		}
		return all
	}
	if got := tags(); !slices.Equal(got, []string{"held", "held", "rejected", "rejected"}) {
		t.Errorf("the tags are %v", got)
	}
	for _, id := range []string{held.ID, revoked.ID} {
		f := record(t, id)
		if _, err := objectsAs(t, "CreateDownloadFunction").GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &f.Key, VersionId: &f.VersionID}); err == nil {
			t.Errorf("the download role reads %s", id)
		}
	}
	for days := range 2 { // what is current is hidden first, and then goes for good
		if err := local.ApplyLifecycle(t.Context(), time.Now().AddDate(0, 0, 100+days)); err != nil {
			t.Fatal(err)
		}
	}
	for id, want := range map[string]int{held.ID: 1, revoked.ID: 1, released.ID: 0, forgotten.ID: 0} {
		if got := versions(t, id); got != want {
			t.Errorf("%s has %d versions, want %d", id, got, want)
		}
	}
	// A hold on what is forgotten would say that something is kept.
	if r := administrator(t).call(t, "PUT", "/admin/holds/"+forgotten.ID, `{"reason":"a lawsuit"}`); r.status != http.StatusConflict || record(t, forgotten.ID).Hold != nil {
		t.Errorf("%d %s", r.status, r.body)
	}
	if events := eventsOf(t, held.ID); len(events) != 1 {
		t.Errorf("the events of a file that was put on hold are %+v", events)
	}
}

// The store itself holds times and holds to their terms, whoever writes.
func TestTheStoreKeepsAndHoldsOnlyWhatItMay(t *testing.T) {
	at := time.Now().Truncate(time.Millisecond).UTC()
	for _, s := range domain.Statuses() {
		f := storeFile(t, s, at)
		_, stale := records().Retain(audittest.As(t, "test"), f, domain.Retention{ExpiresAt: at, Revision: 7, At: at})
		if _, conflict := domain.Conflict(stale); !conflict {
			t.Errorf("%s: by another revision: %v", s, stale)
		}
		kept, err := records().Retain(audittest.As(t, "test"), f, domain.Retention{ExpiresAt: at, Revision: 1, At: at})
		_, conflict := domain.Conflict(err)
		if allowed := slices.Contains(domain.Shareable(), s); allowed != (err == nil) || allowed == conflict || allowed && (!kept.ExpiresAt.Equal(at) || kept.Revision != 2) {
			t.Errorf("%s: kept as %+v, %v", s, kept, err)
		}
		f = record(t, f.ID)
		held, err := records().Hold(audittest.As(t, "test"), f, domain.Holding{Hold: &domain.Hold{Reason: "x", By: "operator", At: at}, Revision: f.Revision, At: at})
		_, conflict = domain.Conflict(err)
		allowed := slices.Contains(domain.Holdable(), s)
		if allowed != (err == nil) || allowed == conflict || allowed && (held.Hold == nil || *held.Hold != domain.Hold{Reason: "x", By: "operator", At: at}) {
			t.Errorf("%s: held as %+v, %v", s, held, err)
		}
		listed, err := records().Overdue(t.Context(), at, 10000)
		if err != nil {
			t.Fatal(err)
		}
		if want := s == domain.Pending; slices.Contains(listed, f.ID) != want {
			t.Errorf("%s: listed as overdue: %v, want %v", s, !want, want)
		}
		if !allowed {
			continue
		}
		// Not even what does not look is let through.
		if _, err := records().Change(audittest.As(t, "test"), f.ID, domain.Change{To: domain.Deleted, At: at}); err == nil {
			t.Errorf("%s: it was deleted on hold", s)
		} else if current, conflict := domain.Conflict(err); !conflict || current.Hold == nil {
			t.Errorf("%s: %v", s, err)
		}
		if held, err = records().Hold(audittest.As(t, "test"), held, domain.Holding{Revision: held.Revision, At: at}); err != nil || held.Hold != nil {
			t.Errorf("%s: released as %+v, %v", s, held, err)
		}
		if listed, err = records().Overdue(t.Context(), at, 10000); err != nil || !slices.Contains(listed, f.ID) {
			t.Errorf("%s: released, and not listed as overdue: %v", s, err)
		}
	}
	discarded := storeFile(t, domain.Ready, at)
	f, err := records().Change(audittest.As(t, "test"), discarded.ID, domain.Change{To: domain.Rejected, At: at, Reason: domain.MalwareDetected, Discard: true})
	if err != nil || !f.Discarded {
		t.Fatalf("%+v, %v", f, err)
	}
	_, err = records().Hold(audittest.As(t, "test"), f, domain.Holding{Hold: &domain.Hold{Reason: "x", At: at}, Revision: f.Revision, At: at})
	if _, conflict := domain.Conflict(err); !conflict {
		t.Errorf("a hold on bytes that are being deleted: %v", err)
	}
}

// What was answered after a deletion was decided upon, a longer time, is not passed
// over by it.
func TestTheStoreDeletesByTheRevisionThatWasRead(t *testing.T) {
	at := time.Now().Truncate(time.Millisecond).UTC()
	f := storeFile(t, domain.Ready, at)
	if _, err := records().Retain(audittest.As(t, "test"), f, domain.Retention{ExpiresAt: at.Add(time.Hour), Revision: f.Revision, At: at}); err != nil {
		t.Fatal(err)
	}
	if _, err := records().Change(audittest.As(t, "test"), f.ID, domain.Change{To: domain.Deleted, At: at, IfRevision: f.Revision}); err == nil {
		t.Error("it was deleted by a revision that it has no more")
	}
	if got := record(t, f.ID); got.Status != domain.Ready {
		t.Errorf("%+v", got)
	}
}
