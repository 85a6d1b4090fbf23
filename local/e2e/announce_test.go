package e2e

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A rejection stopped behind its record, before the tag and the event: the
// sweeper puts the bytes out of reach, and tells of it.
func TestTheSweeperEndsARejectionThatStoppedHalfWay(t *testing.T) {
	alice := as(t, "alice")
	f := alice.ask(t, "e.com", eicar, true)
	put(t, f, eicar)
	alice.await(t, f.ID, "rejected")
	r := settled(t, f.ID)
	told := len(eventsOf(t, f.ID))
	verdict := func() string {
		t.Helper()
		out, err := local.Objects().GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: aws.String(bucket), Key: &r.Key, VersionId: &r.VersionID})
		if err != nil {
			t.Fatal(err)
		}
		for _, tag := range out.TagSet {
			return *tag.Key + "=" + *tag.Value
		}
		return ""
	}
	// As mark-ready may have left it.
	if err := tag(t, local.Objects(), r); err != nil {
		t.Fatal(err)
	}
	if err := records().Postpone(t.Context(), r, time.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	if result, err := local.Invoke(t.Context(), "SweepUploadsFunction", []byte("{}")); err != nil || result.FunctionError != "" {
		t.Fatalf("%v %s", err, result.Payload)
	}
	if got := verdict(); got != "vouch-verdict=rejected" {
		t.Errorf("the version has the tag %q", got)
	}
	eventually(t, "nobody is told again", func() bool { return len(eventsOf(t, f.ID)) == told+1 })
	if after := record(t, f.ID); after.Status != r.Status || !after.SweepAt.IsZero() {
		t.Errorf("the record is %+v", after)
	}
}
