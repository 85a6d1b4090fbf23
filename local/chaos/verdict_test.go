package chaos

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/quota"
)

// A judge that sees nothing would prove nothing.
func TestTheJudgeSeesEveryBrokenPromise(t *testing.T) {
	sent := func(reason string) *history { return &history{script: &script{reason: reason}, id: "f", sent: true} }
	with := func(h *history, f file.File, announced ...file.Status) *judge {
		f.ID, f.Key, f.VersionID = "f", "files/f", "v"
		events := map[file.Status]string{}
		for _, s := range announced {
			events[s] = "v"
		}
		return &judge{histories: []*history{h}, found: found{files: map[string]file.File{"f": f}, events: map[string]map[file.Status]string{"f": events}}}
	}
	deleted := sent("")
	deleted.deleted = true
	refused := sent("")
	refused.faults = []string{"S3 took other bytes than were promised"}
	for _, tt := range []struct {
		promise string
		judge   *judge
	}{
		{NoneLost, &judge{histories: []*history{sent("")}}},
		{NoneLost, with(sent(""), file.File{Status: file.Expired})},
		{NoneStuck, with(sent(""), file.File{Status: file.Verifying})},
		{NoneStuck, &judge{found: found{files: map[string]file.File{"f": {ID: "f", Status: file.Ready}}}}},
		{NoneBadReady, with(sent("malware-detected"), file.File{Status: file.Ready}, file.Ready)},
		{NoneBadReady, with(&history{script: &script{}, id: "f"}, file.File{Status: file.Ready}, file.Ready)},
		{NoneGoodBad, with(sent(""), file.File{Status: file.Rejected, Reason: file.SizeMismatch}, file.Rejected)},
		{NoneGoodBad, with(sent("malware-detected"), file.File{Status: file.Rejected, Reason: file.Malformed}, file.Rejected)},
		{FewUnverified, with(sent(""), file.File{Status: file.Rejected, Reason: file.VerificationFailed}, file.Rejected)},
		{StaysDeleted, with(deleted, file.File{Status: file.Rejected, Reason: file.VerificationFailed}, file.Rejected)},
		{NoOrphans, &judge{found: found{versions: []version{{"files/f", "v"}}}}},
		{NoMultiparts, &judge{found: found{multi: 1}}},
		{EveryEvent, with(sent("malformed"), file.File{Status: file.Rejected, Reason: file.Malformed})},
		{EveryEvent, with(sent("malformed"), file.File{Status: file.Rejected, Reason: file.Malformed}, file.Rejected, file.Ready)},
		{EveryReceipt, with(sent(""), file.File{Status: file.Ready}, file.Ready)},
		{NoDrift, &judge{found: found{usage: map[quota.Account]quota.Usage{{Kind: quota.Owner, Subject: "alice"}: {Files: 1}}}}},
		{EveryAnswer, &judge{histories: []*history{refused}, found: found{files: map[string]file.File{"f": {ID: "f", Status: file.Ready}}}}},
	} {
		tt.judge.all()
		if len(tt.judge.violations) == 0 || tt.judge.violations[0].Promise != tt.promise {
			t.Errorf("not seen: %s: %+v", tt.promise, tt.judge.violations)
		}
	}
}

func TestTheJudgeFollowsEveryURL(t *testing.T) {
	s3 := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "other bytes") }))
	defer s3.Close()
	h := &history{script: &script{data: []byte("bytes")}, id: "f", links: []link{{url: s3.URL}}, upload: instructions{URL: s3.URL}}
	j := &judge{histories: []*history{h}, found: found{files: map[string]file.File{"f": {ID: "f", Status: file.Rejected}}}}
	if err := j.read(t.Context(), nil, client{http: s3.Client()}); err != nil {
		t.Fatal(err)
	}
	if byPromise(j.violations)[EveryURL] != 2 {
		t.Errorf("%+v", j.violations)
	}
}
