package main

import (
	"os/exec"
	"strings"
	"testing"
)

func TestEveryShellCanComplete(t *testing.T) {
	m := newMachine(t, nil)
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		script := m.must("completion", shell).out
		if len(script) < 1000 || !strings.Contains(script, "vouch") {
			t.Errorf("%s: %q", shell, script)
		}
		if shell == "bash" {
			check := exec.Command("bash", "-n")
			check.Stdin = strings.NewReader(script)
			if out, err := check.CombinedOutput(); err != nil {
				t.Errorf("bash does not read it: %v %s", err, out)
			}
		}
	}
}

func TestFilesAreOfferedByTheirIdWithTheirName(t *testing.T) {
	m := newMachine(t, newDouble(t))
	one, two := m.put("one.bin", []byte("1")), m.put("two.bin", []byte("2"))
	out := m.must("__complete", "get", "").out
	if !strings.Contains(out, one+"\tready one.bin\n") || !strings.Contains(out, two+"\tready two.bin\n") {
		t.Errorf("%s", out)
	}
	if out := m.must("__complete", "get", one, "").out; strings.Contains(out, two) {
		t.Errorf("%s", out)
	}
	if out := m.must("__complete", "rm", one, "").out; strings.Contains(out, one) || !strings.Contains(out, two) {
		t.Errorf("%s", out)
	}
	if out := m.must("__complete", "ls", "--status", "").out; !strings.Contains(out, "rejected") {
		t.Errorf("%s", out)
	}
}
