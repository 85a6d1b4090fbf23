package api

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
)

func readDoc(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestEveryProblemIsDocumentedAsItIsAnswered(t *testing.T) {
	doc := readDoc(t, "../../docs/problems.md")
	kinds := ProblemKinds()
	for _, k := range kinds {
		if row := fmt.Sprintf("| `%s%s` | %d |", ProblemTypePrefix, k.Code, k.Status); !strings.Contains(doc, row) {
			t.Errorf("docs/problems.md lacks the row %s", row)
		}
	}
	if rows := strings.Count(doc, "\n| `"); rows != len(kinds) {
		t.Errorf("docs/problems.md has %d rows, there are %d problems", rows, len(kinds))
	}
}

func TestTheLifecycleIsDocumentedAsItIs(t *testing.T) {
	doc := readDoc(t, "../../docs/lifecycle.md")
	transitions := 0
	for _, from := range file.Statuses() {
		for _, to := range file.Statuses() {
			row := fmt.Sprintf("| `%s` | `%s` |", from, to)
			if from.CanBecome(to) {
				transitions++
			}
			if strings.Contains(doc, row) != from.CanBecome(to) {
				t.Errorf("%s → %s: legal is %v, and docs/lifecycle.md says otherwise", from, to, from.CanBecome(to))
			}
		}
	}
	if transitions != strings.Count(doc, "\n| `") {
		t.Errorf("docs/lifecycle.md has other rows than the %d transitions", transitions)
	}
}

func TestThePolicyStandsInTheOpenAPIDocument(t *testing.T) {
	doc, p := readDoc(t, "../../docs/openapi.yaml"), policy.Default()
	for _, want := range []string{
		fmt.Sprintf("maximum: %d\n", p.MaxSize),
		fmt.Sprintf("minimum: 1, maximum: %d, default: %d", p.MaxPage, p.DefaultPage),
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("docs/openapi.yaml lacks %s", want)
		}
	}
}

func TestStatusesReasonsAndChecksStandInTheOpenAPIDocument(t *testing.T) {
	doc := readDoc(t, "../../docs/openapi.yaml")
	var statuses, reasons, checks []string
	for _, s := range file.Statuses() {
		statuses = append(statuses, string(s))
	}
	for _, r := range file.Reasons() {
		reasons = append(reasons, string(r))
	}
	for _, c := range file.Checks() {
		checks = append(checks, string(c))
	}
	for _, enum := range [][]string{statuses, reasons, checks} {
		if want := "enum: [" + strings.Join(enum, ", ") + "]"; !strings.Contains(doc, want) {
			t.Errorf("docs/openapi.yaml lacks %s", want)
		}
	}
}
