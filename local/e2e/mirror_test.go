package e2e

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/s3mirror"
	"github.com/vouch-s3/vouch/shared/signatures"
)

func TestTheMirrorGivesBackTheLastThatWasPut(t *testing.T) {
	m := s3mirror.Mirror{Client: local.Objects(), Bucket: bucket}
	if _, err := m.Get(t.Context(), "daily.cvd"); !errors.Is(err, signatures.ErrNotFound) {
		t.Fatalf("an empty mirror: %v", err)
	}
	for _, want := range []string{"an edition", "the next"} {
		if err := m.Put(t.Context(), "daily.cvd", strings.NewReader(want)); err != nil {
			t.Fatal(err)
		}
		content, err := m.Get(t.Context(), "daily.cvd")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(content)
		content.Close()
		if err != nil || string(got) != want {
			t.Errorf("got %q, want %q: %v", got, want, err)
		}
	}
	m.Bucket = "vouch-no-such-bucket"
	if _, err := m.Get(t.Context(), "daily.cvd"); err == nil || errors.Is(err, signatures.ErrNotFound) {
		t.Errorf("no bucket: %v", err)
	}
}
