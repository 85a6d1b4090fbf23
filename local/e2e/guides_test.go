package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// blocks returns the fenced blocks of a language that a section of a page has, or of
// the lines before the first heading for no section.
func blocks(t *testing.T, page, section, language string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	var block *strings.Builder
	here := ""
	for line := range strings.Lines(string(text)) {
		switch {
		case block != nil && strings.HasPrefix(line, "```"):
			found, block = append(found, block.String()), nil
		case block != nil:
			block.WriteString(line)
		case here == section && line == "```"+language+"\n":
			block = new(strings.Builder)
		case strings.HasPrefix(line, "## "):
			here = strings.TrimSpace(line[3:])
		}
	}
	if len(found) == 0 {
		t.Fatalf("docs/%s has no %s under %q", page, language, section)
	}
	return found
}

// types runs a script as a user at a terminal does, and returns what it prints.
func (u user) types(t *testing.T, in string, script ...string) string {
	t.Helper()
	sh := exec.CommandContext(t.Context(), "sh", "-ec", strings.Join(script, "\n"))
	sh.Dir = in
	sh.Env = append(os.Environ(), "API="+u.api, "TOKEN="+u.token)
	var stderr strings.Builder
	sh.Stderr = &stderr
	out, err := sh.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, &stderr)
	}
	return string(out)
}

// The commands of docs/curl.md, word by word.
func TestTheGuideForCurlBringsASmallFileAllTheWay(t *testing.T) {
	alice := as(t, "alice")
	photo, err := sample("photo.jpg")
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	if err := os.WriteFile(filepath.Join(work, "holiday.jpg"), photo, 0o600); err != nil {
		t.Fatal(err)
	}
	script := append(blocks(t, "curl.md", "", "sh"), blocks(t, "curl.md", "A small file", "sh")...)
	out := alice.types(t, work, append(script, `echo "$ID"`)...)
	lines := strings.Fields(out)
	if len(lines) != 4 || strings.Join(lines[:3], " ") != "ready the same" {
		t.Fatalf("%s", out)
	}
	if f := alice.get(t, lines[3]); f.Status != "deleted" || f.Filename != "holiday.jpg" || f.ChecksumSHA256 != checksum(photo) {
		t.Errorf("%+v", f)
	}
}

func TestTheGuideForCurlSendsPartsAndGoesOnWithThem(t *testing.T) {
	alice := as(t, "alice")
	data := random(t, 2*partSize+1000)
	work := t.TempDir()
	if err := os.WriteFile(filepath.Join(work, "backup.bin"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	large := blocks(t, "curl.md", "A large file, in parts", "sh")
	if len(large) != 4 {
		t.Fatalf("there are %d blocks", len(large))
	}
	functions := blocks(t, "curl.md", "", "sh")[0]
	settled, _, ok := strings.Cut(blocks(t, "curl.md", "A small file", "sh")[2], "settled \"$ID\"")
	if !ok {
		t.Fatal("nothing waits for the small file")
	}
	ask, sendPart, sendAll, complete := large[0], large[1], large[2], large[3]
	lines := strings.Fields(alice.types(t, work, functions, settled, ask, sendPart,
		"send_part 2", sendAll, // as if it had been cut off behind one
		`send_part() { echo "part $1 is sent again"; exit 1; }`, sendAll,
		complete, `echo "$ID"`))
	if len(lines) != 2 || lines[0] != "ready" {
		t.Fatalf("%q", lines)
	}
	if f := alice.get(t, lines[1]); f.Method != "multipart" || f.ChecksumSHA256 != checksum(data) {
		t.Errorf("%+v", f)
	}
}
