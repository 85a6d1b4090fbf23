package main

import (
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

func TestEveryReasonIsSaidInASentence(t *testing.T) {
	for _, r := range file.Reasons() {
		if s := sentences[r]; s == "" || !strings.HasSuffix(s, ".") || s != plain(s) {
			t.Errorf("%s: %q", r, s)
		}
	}
	for r := range sentences {
		if !r.Valid() {
			t.Errorf("there is no reason %s", r)
		}
	}
}

func TestAReasonThatIsNotKnownIsShownAsItIs(t *testing.T) {
	if got := sentence("moon-phase\x1b[2J"); got != `The server says: moon-phase\x1b[2J.` {
		t.Errorf("%q", got)
	}
}
