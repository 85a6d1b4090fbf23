package inspect_test

import (
	"bytes"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/inspect"
)

// documentLimits are ones that no test of documents hits unless it is meant to.
var documentLimits = inspect.Limits{MaxDepth: 5, MaxEntries: 1000, MaxUnpacked: 64 << 20, MaxRatio: 200, MaxPixels: 1 << 20}

// document inspects bytes, and returns the report and the codes that were found.
func document(t testing.TB, b []byte) (inspect.Report, []file.Reason) {
	t.Helper()
	r, err := inspect.Stream(bytes.NewReader(b), documentLimits)
	if err != nil {
		t.Fatal(err)
	}
	var codes []file.Reason
	for _, f := range r.Findings {
		codes = append(codes, f.Code)
	}
	return r, codes
}

// honest demands that nothing is found in bytes of a type, and all was looked at.
func honest(t *testing.T, b []byte, mediaType string) {
	t.Helper()
	r, _ := document(t, b)
	if r.Type != mediaType || len(r.Findings) > 0 || !r.Coverage.Complete {
		t.Errorf("got %s, complete %t, findings %v; want %s without findings", r.Type, r.Coverage.Complete, r.Findings, mediaType)
	}
}

// neverSilent cuts a document off at every byte, and demands that none of what
// is left passes for a whole one of the type. The last spare bytes are no part
// that would be missed.
func neverSilent(t *testing.T, b []byte, mediaType string, spare int) {
	t.Helper()
	for n := range len(b) - spare {
		r, codes := document(t, b[:n])
		if r.Type == mediaType && r.Coverage.Complete && len(codes) == 0 {
			t.Fatalf("cut off at %d of %d bytes: complete, and nothing found", n, len(b))
		}
	}
}

// bounded demands what holds for every input.
func bounded(t *testing.T, b []byte) {
	t.Helper()
	r, _ := document(t, b)
	const slack = 64 << 10
	if r.Coverage.Unpacked > documentLimits.MaxUnpacked+slack {
		t.Errorf("unpacked %d bytes", r.Coverage.Unpacked)
	}
	if r.Coverage.Bytes != int64(len(b)) {
		t.Errorf("read %d of %d bytes", r.Coverage.Bytes, len(b))
	}
	if len(r.Findings) > file.MaxFindings {
		t.Errorf("%d findings", len(r.Findings))
	}
	for _, f := range r.Findings {
		if !f.Code.Valid() {
			t.Errorf("no such finding: %q", f.Code)
		}
	}
}
