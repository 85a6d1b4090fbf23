package e2e

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/vouch-s3/vouch/local/leastprivilege"
	"github.com/vouch-s3/vouch/local/stack"
)

// Whatever the tests before it had the functions do, in all of their stacks: each
// part of each policy was needed, and nothing was missing. The file's name puts
// it last.
func TestEveryPermissionIsNeededAndNoneIsMissing(t *testing.T) {
	for _, part := range []string{"test.run", "test.skip"} {
		if flag.Lookup(part).Value.String() != "" {
			t.Skip("some of the tests prove nothing about what is not needed: run all of them")
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", stack.UsesFile))
	if err != nil || len(files) < 2 {
		t.Fatalf("%d stacks have written down what they saw, %v", len(files), err)
	}
	var uses []stack.Use
	for _, path := range files {
		some, err := stack.ReadUses(path)
		if err != nil {
			t.Fatal(err)
		}
		uses = append(uses, some...)
	}
	roles, err := leastprivilege.Roles(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	run := leastprivilege.RunOf(uses)
	report := filepath.Join(root, ".vouch", "permissions.md")
	if err := os.MkdirAll(filepath.Dir(report), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(report, []byte(leastprivilege.Report(roles, run, leastprivilege.Reviewed)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, fault := range leastprivilege.Check(roles, run, leastprivilege.Reviewed) {
		t.Error(fault)
	}
}
