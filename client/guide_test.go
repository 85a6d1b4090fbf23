package client_test

import (
	"os"
	"strings"
	"testing"
)

func TestTheGuideHasTheExamplesWordByWord(t *testing.T) {
	guide, err := os.ReadFile("../docs/go.md")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(guide), "```go\n")[1:]
	if len(blocks) < 5 {
		t.Errorf("the guide has %d pieces of code", len(blocks))
	}
	for _, block := range blocks {
		code, _, closed := strings.Cut(block, "```")
		if !closed || !strings.Contains(string(examples), code) {
			t.Errorf("no example has this:\n%s", code)
		}
	}
}
