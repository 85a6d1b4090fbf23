// Package threats holds docs/threat-model.md to the tests that it names.
package threats

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

var (
	declared  = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	mentioned = regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
)

// tests are the names of all tests and fuzz targets of the tree.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == ".vouch") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		for _, match := range declared.FindAllSubmatch(source, -1) {
			names[string(match[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestEveryTestThatTheDocumentsNameExists(t *testing.T) {
	names := tests(t)
	documents, err := filepath.Glob(root + "/docs/*.md")
	if err != nil || len(documents) == 0 {
		t.Fatalf("%d documents, %v", len(documents), err)
	}
	for _, path := range documents {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range mentioned.FindAllSubmatch(text, -1) {
			if !names[string(match[1])] {
				t.Errorf("%s names %s, which is not there", filepath.Base(path), match[1])
			}
		}
	}
}

// Each row says what stands against its threat, and which test holds it, or
// that none does, and why.
func TestEveryThreatHasATestOrSaysWhyNot(t *testing.T) {
	text, err := os.ReadFile(root + "/docs/threat-model.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "\n## Threats\n")
	if !found {
		t.Fatal("there is no section Threats")
	}
	kinds, rows, without := "", 0, 0
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) < 2 || strings.Contains(line, "---") || strings.Contains(line, "| threat |") {
			continue
		}
		if len(cells) != 4 {
			t.Errorf("a row of %d cells: %s", len(cells), line)
			continue
		}
		rows++
		kind, threat, against, held := strings.TrimSpace(cells[0]), strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2]), strings.TrimSpace(cells[3])
		if kind == "" || strings.Trim(kind, "STRIDE") != "" || threat == "" || against == "" {
			t.Errorf("a row that is not whole: %s", line)
		}
		kinds += kind
		reason, none := strings.CutPrefix(held, "none: ")
		switch {
		case none && reason != "" && !mentioned.MatchString(held):
			without++
		case none || !mentioned.MatchString(held) || strings.Trim(mentioned.ReplaceAllString(held, ""), ", ") != "":
			t.Errorf("%s: it is held by %q", threat, held)
		}
	}
	for _, kind := range "STRIDE" {
		if !strings.ContainsRune(kinds, kind) {
			t.Errorf("no threat is a %c", kind)
		}
	}
	if rows == 0 || without*10 > rows {
		t.Errorf("%d of %d threats have no test", without, rows)
	}
}
