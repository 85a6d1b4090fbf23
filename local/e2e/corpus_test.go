package e2e

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/vouch-s3/vouch/local/corpus"
)

// Every file of the corpus goes the whole way, through the real scanner too. Not
// one that must be rejected is ever ready, and not one that is clean is refused.
func TestEveryFileOfTheCorpusEndsAsItsTableSays(t *testing.T) {
	samples, err := corpus.Samples()
	if err != nil {
		t.Fatal(err)
	}
	alice := as(t, "corpus")
	var wg sync.WaitGroup
	slots := make(chan struct{}, 8)
	for _, s := range samples {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			t.Run(s.Name, func(t *testing.T) { sendSample(t, alice, s) })
		})
	}
	wg.Wait()
}

func sendSample(t *testing.T, u user, s corpus.Sample) {
	data, err := s.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	f := u.askAs(t, s.Name, s.ContentType, data, true)
	if status, code := put(t, f, data); status != http.StatusOK {
		t.Fatalf("PUT: %d %s", status, code)
	}
	want := "ready"
	if s.Reason != "" {
		want = "rejected"
	}
	if f = u.await(t, f.ID, want); f.Reason != s.Reason {
		t.Errorf("the reason is %q, want %q: %+v", f.Reason, s.Reason, f.Verdict)
	}
	v := f.Verdict
	if v == nil {
		t.Fatal("there is no verdict")
	}
	if s.Reason == "" && (v.Outcome != "clean" || !v.Coverage.Complete || v.Coverage.Bytes != int64(len(data)) || len(v.Findings) != 0 || len(v.Scanners) != 1 || f.Receipt == "") {
		t.Errorf("the verdict is %+v", *v)
	}
	if s.Reason != "" && (v.Outcome != "rejected" || f.Receipt != "" || len(v.Findings) == 0 || v.Findings[0].Code != s.Reason) {
		t.Errorf("the verdict is %+v", *v)
	}
	if s.Reason != "malware-detected" && v.DetectedType != s.Detected {
		t.Errorf("it is found to be %s, want %s", v.DetectedType, s.Detected)
	}
	download := u.call(t, "POST", "/files/"+f.ID+"/download", "")
	if (download.status == http.StatusOK) != (s.Reason == "") || (s.Reason != "" && strings.Contains(download.body, "X-Amz")) {
		t.Errorf("its download answers %d %s", download.status, download.body)
	}
}

// sample makes a file of the corpus by its name.
func sample(name string) ([]byte, error) { return corpus.Sample{Name: name}.Bytes() }
