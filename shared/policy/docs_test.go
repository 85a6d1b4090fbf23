package policy

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

func TestEveryFindingIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/verification.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(doc), "| finding | what it means |")
	table, _, _ = strings.Cut(table, "\n\n")
	for _, code := range file.Findings() {
		if !strings.Contains(table, fmt.Sprintf("\n| `%s` | ", code)) {
			t.Errorf("docs/verification.md lacks a row for %s", code)
		}
	}
	if rows := strings.Count(table, "\n| `"); rows != len(file.Findings()) {
		t.Errorf("docs/verification.md has %d rows, there are %d findings", rows, len(file.Findings()))
	}
}
