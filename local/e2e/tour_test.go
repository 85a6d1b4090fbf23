package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// tourStep is a block of commands of the tour, with what the README says that they print:
// lines in which … stands for anything.
type tourStep struct{ commands, prints string }

// tour returns the steps between the tour's marks in the README.
func tour(t *testing.T) []tourStep {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, begun := strings.Cut(string(readme), "<!-- tour -->")
	text, _, ended := strings.Cut(rest, "<!-- /tour -->")
	if !begun || !ended {
		t.Fatal("README.md has no tour")
	}
	var steps []tourStep
	for _, block := range regexp.MustCompile("(?s)```(sh|text)\n(.*?)```\n").FindAllStringSubmatch(text, -1) {
		if block[1] == "sh" {
			steps = append(steps, tourStep{commands: block[2]})
			continue
		}
		if len(steps) == 0 {
			t.Fatal("the tour begins with an output")
		}
		steps[len(steps)-1].prints = block[2]
	}
	return steps
}

// The tour's only difference to the README's is the address of the stack, since another
// one may have that of make run.
func TestTheTourOfTheReadmeWorksWordByWord(t *testing.T) {
	steps := tour(t)
	if len(steps) < 6 {
		t.Fatalf("the tour has only %d steps", len(steps))
	}
	p := newProcess(t, "tour")
	checkout := filepath.Join(p.dir, "vouch")
	copyProject(t, checkout)
	p.dir = filepath.Join(checkout, ".vouch")
	p.start(t)

	const mark = "-- end of a step:"
	var script strings.Builder
	for _, s := range steps {
		commands := strings.ReplaceAll(s.commands, "127.0.0.1:8080", p.api)
		fmt.Fprintf(&script, "%s\necho; echo '%s' $(date +%%s%%N)\n", commands, mark)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	bash := exec.CommandContext(ctx, "bash", "--noprofile", "--norc", "-c", script.String())
	bash.Dir = checkout
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, "MAKE") && name != "MFLAGS" && !strings.HasPrefix(name, "VOUCH_") {
			bash.Env = append(bash.Env, variable)
		}
	}
	state := t.TempDir()
	bash.Env = append(bash.Env, "ARGS=-api "+p.api, "XDG_STATE_HOME="+state, "XDG_CONFIG_HOME="+state)
	var output bytes.Buffer
	bash.Stdout, bash.Stderr = &output, &output
	begun := time.Now()
	if err := bash.Run(); err != nil {
		t.Fatalf("%v\n%s", err, output.String())
	}
	printed := output.String()
	for i, s := range steps {
		out, rest, ended := strings.Cut(printed, mark)
		at, after, _ := strings.Cut(rest, "\n")
		printed = after
		nanos, err := strconv.ParseInt(strings.TrimSpace(at), 10, 64)
		if !ended || err != nil {
			t.Fatalf("step %d does not end: %s", i+1, out)
		}
		t.Logf("step %d took %v\n%s", i+1, time.Unix(0, nanos).Sub(begun).Round(100*time.Millisecond), out)
		begun = time.Unix(0, nanos)
		if !regexp.MustCompile(pattern(s.prints)).MatchString(strings.TrimSpace(out)) {
			t.Errorf("%s\nprints\n%s\nand the README says\n%s", s.commands, out, s.prints)
		}
	}
}

// pattern is what the README says that commands print, as a regular expression: a line
// of … alone is any lines, and … within a line anything.
func pattern(prints string) string {
	var lines []string
	for line := range strings.Lines(prints) {
		line = strings.TrimSpace(line)
		if line == "…" {
			lines = append(lines, `(?s:.+)`)
			continue
		}
		lines = append(lines, strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*"))
	}
	return `^` + strings.Join(lines, "\n") + `$`
}

// copyProject copies what a clone has, as it is here.
func copyProject(t *testing.T, to string) {
	t.Helper()
	skipped := map[string]bool{".git": true, ".vouch": true, "node_modules": true, "dist": true, "testdata": true}
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && skipped[entry.Name()] {
			return filepath.SkipDir
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, info.Mode().Perm())
	})
	if err != nil {
		t.Fatalf("copy the project: %v", err)
	}
}
