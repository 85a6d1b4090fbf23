package chaos

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/quota"
)

func TestTheJudgeTakesATrailThatIsWhole(t *testing.T) {
	j := &judge{found: found{
		files:  map[string]file.File{"f": {ID: "f", Status: file.Expired}},
		trails: map[string][]audit.Event{"f": {{ID: "1", Action: audit.StatusChanged, Outcome: audit.Done, Status: file.Pending}, {ID: "2", Action: audit.UploadPresigned, Outcome: audit.Done}, {ID: "3", Action: audit.StatusChanged, Outcome: audit.Done, Status: file.Expired}}, "g": {{ID: "4", Action: audit.AccessDenied, Outcome: audit.Denied}}},
		told:   map[string]bool{"1": true, "2": true, "3": true, "4": true},
	}}
	if j.all(); len(j.violations) != 0 {
		t.Errorf("%+v", j.violations)
	}
}

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
	trail := func(statuses ...file.Status) *judge {
		w := found{files: map[string]file.File{"f": {ID: "f", Status: file.Deleted}}, trails: map[string][]audit.Event{}, told: map[string]bool{}}
		for _, s := range statuses {
			w.trails["f"] = append(w.trails["f"], audit.Event{ID: string(s), Action: audit.StatusChanged, Outcome: audit.Done, Status: s})
			w.told[string(s)] = true
		}
		return &judge{found: w}
	}
	untold := trail(file.Pending, file.Deleted)
	delete(untold.found.told, string(file.Deleted))
	unknown := trail(file.Pending, file.Deleted)
	unknown.found.trails["g"] = unknown.found.trails["f"]
	deleted := sent("")
	deleted.deleted = true
	refused := sent("")
	refused.faults = []fault{{EveryAnswer, "S3 took other bytes than were promised"}}
	unsigned := sent("")
	unsigned.faults = []fault{{NoneUnsigned, "S3 took part 1 with a byte more"}}
	held := sent("")
	held.keptAs.holding, held.keptAs.held = true, true
	ended := sent("")
	ended.keptAs.ending, ended.keptAs.until = true, time.Now().Add(-time.Hour)
	lied := sent("checksum-mismatch")
	lied.parts = &inParts{lie: endsWithIt}
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
		{NoneFalse, with(lied, file.File{Status: file.Ready}, file.Ready)},
		{NoneUnsigned, with(unsigned, file.File{Status: file.Expired})},
		{NoMultiparts, &judge{found: found{begun: []begun{{"files/f", "u"}}}}},
		{EveryEvent, with(sent("malformed"), file.File{Status: file.Rejected, Reason: file.Malformed})},
		{EveryEvent, with(sent("malformed"), file.File{Status: file.Rejected, Reason: file.Malformed}, file.Rejected, file.Ready)},
		{EveryReceipt, with(sent(""), file.File{Status: file.Ready}, file.Ready)},
		{NoneHeldGone, with(held, file.File{Status: file.Deleted, Hold: &file.Hold{}})},
		{NoneHeldGone, with(held, file.File{Status: file.Ready}, file.Ready)},
		{NoneOverdue, with(ended, file.File{Status: file.Ready, ExpiresAt: ended.keptAs.until}, file.Ready)},
		{NoDrift, &judge{found: found{usage: map[quota.Account]quota.Usage{{Kind: quota.Owner, Subject: "alice"}: {Files: 1}}}}},
		{EveryTrail, trail()},
		{EveryTrail, trail(file.Pending, file.Uploaded)},
		{EveryTrail, trail(file.Deleted)},
		{EveryTrail, trail(file.Pending, file.Pending, file.Deleted)},
		{EveryTrail, trail(file.Pending, file.Uploaded, file.Verifying, file.Deleted, file.Deleted)},
		{EveryTrail, trail(file.Pending, file.Ready, file.Deleted)},
		{EveryTrail, untold},
		{EveryTrail, unknown},
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
	to := instructions{Method: http.MethodPut, URL: s3.URL}
	h := &history{script: &script{content: contentOf([]byte("bytes"))}, id: "f", links: []link{{url: s3.URL}}, upload: to, kept: keptURL{1, to}}
	j := &judge{histories: []*history{h}, found: found{files: map[string]file.File{"f": {ID: "f", Status: file.Rejected}}}}
	if err := j.read(t.Context(), nil, func(string) client { return client{http: s3.Client()} }); err != nil {
		t.Fatal(err)
	}
	if broken := byPromise(j.violations); broken[EveryURL] != 2 || broken[NoneUnsigned] != 1 {
		t.Errorf("%+v", j.violations)
	}
}

func TestTheJudgeDownloadsWhatIsReady(t *testing.T) {
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			fmt.Fprintf(w, `{"url":%q}`, server.URL)
			return
		}
		io.WriteString(w, "bytes")
	}))
	defer server.Close()
	for data, broken := range map[string]int{"bytes": 0, "other bytes": 1} {
		var j judge
		h := &history{script: &script{content: contentOf([]byte(data))}, id: "f"}
		if err := j.download(t.Context(), client{api: server.URL, http: server.Client()}, random(1, "download"), h); err != nil {
			t.Fatal(err)
		}
		if got := byPromise(j.violations)[NoneOther]; got != broken {
			t.Errorf("%q was sent: %+v", data, j.violations)
		}
	}
}
