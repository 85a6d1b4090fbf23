package main

import (
	"os/exec"
	"strings"
	"testing"
)

func TestNothingOfTheCommandIsInAFunction(t *testing.T) {
	list := exec.Command("go", "list", "-deps", "./functions/...")
	list.Dir = "../.."
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "github.com/vouch-s3/vouch/shared/file\n") {
		t.Fatalf("the functions are made of %q", out)
	}
	for _, path := range []string{"github.com/spf13/", "golang.org/x/term", "github.com/vouch-s3/vouch/client", "github.com/vouch-s3/vouch/cmd/"} {
		if strings.Contains(string(out), path) {
			t.Errorf("a function has %s in it", path)
		}
	}
}
