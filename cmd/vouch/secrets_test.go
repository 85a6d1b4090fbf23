package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Arguments, the environment aside, are what every user of a machine can read of
// a process; what is written is kept by shells, logs and backups.
func TestTheTokenIsInNothingThatOthersSee(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	d.shut(1)
	p := m.start("", "put", "--json", "--progress", "json", m.file("big.bin", noise(12*mib)))
	d.await(t)
	if arguments, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.Process.Pid), "cmdline")); err == nil && strings.Contains(string(arguments), goodToken) {
		t.Errorf("the arguments are %q", arguments)
	}
	p.Process.Kill() // so that the journal stays
	results := []result{p.end()}
	files := 0
	err := filepath.WalkDir(m.home, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		for _, secret := range []string{goodToken, "secretsignature"} {
			if strings.Contains(string(data), secret) {
				t.Errorf("%s is in %s", secret, path)
			}
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files were looked at, %v", files, err)
	}
	d.open()
	results = append(results, m.run("put", "big.bin", "--json", "--progress", "json"), m.run("ls", "--json"), m.run("get", anID),
		m.run("verify", "big.bin", "--id", d.only(t).record["id"].(string)), m.run("ls", "--api", d.URL+"/elsewhere"))
	for _, r := range results {
		for _, secret := range []string{goodToken, "secretsignature"} {
			if strings.Contains(r.out, secret) || strings.Contains(r.err, secret) {
				t.Errorf("%s is in what is written: %s", secret, r)
			}
		}
	}
	if asked := d.asked(); !slices.Contains(asked, "GET /.well-known/jwks.json ") {
		t.Errorf("the public keys are not asked for, or with a token: %v", asked)
	}
}

func TestATokenAmongTheArgumentsIsRefusedAndNotRepeated(t *testing.T) {
	m := newMachine(t, newDouble(t))
	for _, args := range [][]string{
		{"ls", "--token", "s3cret.tok"},
		{"ls", "--token=s3cret.tok"},
		{"--token", "s3cret.tok", "ls"},
		{"ls", "-token=s3cret.tok"},
		{"put", "--token=s3cret.tok"},
		{"put", "a", "--json", "--token=s3cret.tok"},
	} {
		r := m.run(args...)
		if r.code != exitUsage || !strings.Contains(r.err+r.out, "VOUCH_TOKEN_FILE") || strings.Contains(r.err+r.out, "s3cret") {
			t.Errorf("%q: %s", args, r)
		}
	}
}

func TestATokenFileIsReadAgainForEveryRequest(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	delete(m.env, "VOUCH_TOKEN")
	m.env["VOUCH_TOKEN_FILE"] = filepath.Join(m.dir, "token")
	m.file("token", []byte(goodToken+"\n"))
	d.shut(1)
	p := m.start("", "put", m.file("big.bin", noise(12*mib)))
	d.await(t)
	d.await(t) // now nothing is asked of the API until the gate opens
	d.mu.Lock()
	d.token, d.requests = "the.next.token", nil
	d.mu.Unlock()
	m.file("token", []byte("the.next.token\n"))
	d.open()
	if r := p.end(); r.code != exitOK {
		t.Fatalf("%s", r)
	}
	asked := d.asked()
	if len(asked) == 0 {
		t.Fatal("nothing was asked after the token was changed")
	}
	for _, request := range asked {
		if !strings.HasSuffix(request, "Bearer the.next.token") {
			t.Errorf("%s", request)
		}
	}
}

func TestATokenFileThatOthersCanReadIsRefused(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	delete(m.env, "VOUCH_TOKEN")
	path := filepath.Join(m.dir, m.file("token", []byte(goodToken)))
	m.env["VOUCH_TOKEN_FILE"] = path
	for mode, allowed := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o640: true, 0o644: false, 0o604: false, 0o602: false, 0o620: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		r := m.run("ls")
		switch {
		case allowed && r.code != exitOK:
			t.Errorf("%v: %s", mode, r)
		case !allowed && (r.code != exitUnauthorised || !strings.Contains(r.err, "chmod 600 "+path)):
			t.Errorf("%v: %s", mode, r)
		}
	}
}

func TestWhatIsNoTokenIsNeitherSentNorShown(t *testing.T) {
	for _, text := range []string{"two words", "a\r\nX-Header: b", "tök", strings.Repeat("a", maxToken+1), " \n "} {
		if got, err := checkToken(text, "here"); err == nil || strings.Contains(err.Error(), strings.TrimSpace(text)) && strings.TrimSpace(text) != "" {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if got, err := checkToken("  a.b-c_d~e+f/g==\n", "here"); err != nil || got != "a.b-c_d~e+f/g==" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestSignedURLsAreTakenOutOfErrors(t *testing.T) {
	for text, want := range map[string]string{
		`Put "https://b.s3.amazonaws.com/k?X-Amz-Algorithm=A&X-Amz-Signature=abc": EOF`: `Put "https://b.s3.amazonaws.com/k?…": EOF`,
		"https://b/k?partNumber=1&x-amz-signature=abc x":                                "https://b/k?… x",
		"why? because": "why? because",
	} {
		if got := redact(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
