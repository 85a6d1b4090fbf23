package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	domain "github.com/vouch-s3/vouch/shared/file"
)

// buildCLI builds the command vouch once.
var buildCLI = sync.OnceValues(func() (string, error) {
	path := filepath.Join(dir, "vouch")
	return path, build(root, path, "./cmd/vouch")
})

// shell is somebody at a shell, in a home of their own.
type shell struct {
	user
	binary, home string
}

func (u user) shell(t *testing.T) shell {
	t.Helper()
	binary, err := buildCLI()
	if err != nil {
		t.Fatal(err)
	}
	return shell{u, binary, t.TempDir()}
}

// write writes a file to the home.
func (s shell) write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.home, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// command is the command vouch, which is killed if it hangs.
func (s shell) command(t *testing.T, args ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	cmd = exec.CommandContext(ctx, s.binary, args...)
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.home, stdout, stderr
	cmd.Env = []string{"HOME=" + s.home, "XDG_STATE_HOME=" + s.home + "/state", "VOUCH_API=" + s.api, "VOUCH_TOKEN=" + s.token}
	return cmd, stdout, stderr
}

// vouch runs the command vouch, and fails unless it ends as it should.
func (s shell) vouch(t *testing.T, exit int, args ...string) (stdout, stderr string) {
	t.Helper()
	cmd, out, err := s.command(t, args...)
	failed := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](failed); failed != nil && !ended {
		t.Fatal(failed)
	}
	if got := cmd.ProcessState.ExitCode(); got != exit {
		t.Fatalf("vouch %s ends with %d, not %d\n%s%s", strings.Join(args, " "), got, exit, out, err)
	}
	return out.String(), err.String()
}

func TestTheCommandBringsAFileUpInPartsAndDownAgain(t *testing.T) {
	s := as(t, "carla").shell(t)
	data := random(t, 40<<20)
	s.write(t, "forty.bin", data)
	var put struct {
		file
		Path, Method, Explanation string
	}
	out, _ := s.vouch(t, 0, "put", "--json", "--part-size", "5MiB", "forty.bin")
	if err := json.Unmarshal([]byte(out), &put); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if put.Status != "ready" || put.Method != "multipart" || put.Path != "forty.bin" || put.ChecksumSHA256 != checksum(data) || put.Explanation == "" {
		t.Errorf("%s", out)
	}
	if out, _ := s.vouch(t, 0, "ls"); !strings.Contains(out, put.ID+"  ready   40.0 MiB") {
		t.Errorf("ls: %s", out)
	}
	if out, _ := s.vouch(t, 0, "status", put.ID); !strings.Contains(out, "clean, all of it looked at, by clamav") {
		t.Errorf("status: %s", out)
	}
	s.vouch(t, 0, "get", put.ID, "-o", "back.bin")
	if back, err := os.ReadFile(filepath.Join(s.home, "back.bin")); err != nil || !bytes.Equal(back, data) {
		t.Errorf("another file comes back: %v", err)
	}
	if out, _ := s.vouch(t, 0, "get", "-q", put.ID, "-o", "-"); out != string(data) {
		t.Error("another file comes on stdout")
	}

	s.write(t, "forty.receipt", []byte(put.Receipt))
	keys := s.call(t, "GET", "/.well-known/jwks.json", "")
	s.write(t, "keys.json", []byte(keys.body))
	s.vouch(t, 0, "verify", "forty.bin", "forty.receipt", "--keys", "keys.json")
	s.vouch(t, 0, "verify", "forty.bin", "--id", put.ID)
	data[1000] ^= 1
	s.write(t, "other.bin", data)
	s.vouch(t, 3, "verify", "other.bin", "forty.receipt", "--keys", "keys.json")

	link, _ := s.vouch(t, 0, "share", "-q", put.ID)
	data[1000] ^= 1
	if status, _, body := fetch(t, strings.TrimSpace(link)); status != http.StatusOK || !bytes.Equal(body, data) {
		t.Errorf("the URL of share answers %d", status)
	}
	s.vouch(t, 0, "rm", put.ID)
	s.vouch(t, 6, "get", put.ID)
	as(t, "mallory").shell(t).vouch(t, 4, "get", put.ID)
}

func TestTheCommandSaysWhyAFileIsRejected(t *testing.T) {
	s := as(t, "carla").shell(t)
	s.write(t, "letter.txt", eicar)
	out, _ := s.vouch(t, 3, "put", "letter.txt")
	if !strings.Contains(out, "rejected  letter.txt  A malware scanner recognised it.") {
		t.Errorf("%s", out)
	}
	s.write(t, "page.html", []byte("<html>"))
	if _, err := s.vouch(t, 8, "put", "page.html"); !strings.Contains(err, "text/html") {
		t.Errorf("%s", err)
	}
	s.token = "not.a.token"
	s.vouch(t, 5, "ls")
}

func TestTheCommandSharesAFileAndTakesItBack(t *testing.T) {
	alice, bob := as(t, "cli-alice").shell(t), as(t, "cli-bob?/Zoë").shell(t) // a name that a path cannot bring
	data := []byte("for bob")
	alice.write(t, "letter.bin", data)
	out, _ := alice.vouch(t, 0, "put", "-q", "letter.bin")
	id := strings.TrimSpace(out)
	bob.vouch(t, 4, "get", id)
	alice.vouch(t, 0, "share", id, "--with", bob.name, "--for", "1h")
	if out, _ := alice.vouch(t, 0, "share", "-q", id, "--list"); out != bob.name+"\n" {
		t.Errorf("it is shared with %s", out)
	}
	if out, _ := bob.vouch(t, 0, "status", id); !strings.Contains(out, "access    read") {
		t.Errorf("%s", out)
	}
	bob.vouch(t, 0, "get", id, "-o", "back.bin")
	if back, err := os.ReadFile(filepath.Join(bob.home, "back.bin")); err != nil || !bytes.Equal(back, data) {
		t.Errorf("another file comes back: %q, %v", back, err)
	}
	bob.vouch(t, 5, "rm", id) // it was shared for less
	bob.vouch(t, 5, "share", id, "--with", "eve")
	alice.vouch(t, 8, "share", id, "--with", alice.name)
	alice.vouch(t, 0, "share", id, "--revoke", bob.name)
	bob.vouch(t, 4, "get", id, "-o", "again.bin")

	var used struct {
		Bytes, Files, Pending struct{ Used, Limit, Remaining int64 }
	}
	out, _ = alice.vouch(t, 0, "usage", "--json")
	if err := json.Unmarshal([]byte(out), &used); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if b := used.Bytes; b.Used != int64(len(data)) || b.Limit == 0 || b.Remaining != b.Limit-b.Used || used.Files.Used != 1 || used.Pending.Used != 0 {
		t.Errorf("%s", out)
	}
	if out, _ := alice.vouch(t, 0, "usage"); !strings.Contains(out, "bytes            7 B ") {
		t.Errorf("%s", out)
	}
}

// storedParts are the parts of an upload as the store has them on its disk, each
// with the time at which it was written.
func storedParts(t *testing.T, owner, id string) map[int]time.Time {
	t.Helper()
	sum := sha256.Sum256([]byte(domain.Key(owner, id)))
	paths, err := filepath.Glob(filepath.Join(dir, "stack/data/objects", bucket, ".sgwtmp/multipart", hex.EncodeToString(sum[:]), "*/*"))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[int]time.Time{}
	for _, path := range paths {
		n, err := strconv.Atoi(filepath.Base(path))
		if err != nil {
			continue
		}
		if info, err := os.Stat(path); err == nil { // it may be gone again
			parts[n] = info.ModTime()
		}
	}
	return parts
}

// begun is the id of the only upload that the command remembers; empty for none.
func (s shell) begun(t *testing.T) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(s.home, "state/vouch/*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		return ""
	}
	data, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	var entry struct{ FileID string }
	if err := json.Unmarshal(data, &entry); err != nil {
		t.Fatal(err)
	}
	return entry.FileID
}

// killAt starts the command and kills it with no chance to tidy up once the store
// holds so many parts. It returns what the store holds then.
func (s shell) killAt(t *testing.T, parts int, args ...string) (id string, held map[int]time.Time) {
	t.Helper()
	cmd, _, stderr := s.command(t, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for id == "" || len(storedParts(t, s.name, id)) < parts {
		if id == "" {
			id = s.begun(t)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d parts are not there in time: %s", parts, stderr)
		}
		time.Sleep(time.Millisecond)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	// What the store was sent whole before the kill it may still be writing.
	for held = storedParts(t, s.name, id); ; {
		time.Sleep(100 * time.Millisecond)
		now := storedParts(t, s.name, id)
		if maps.Equal(now, held) {
			return id, held
		}
		held = now
	}
}

func TestAKilledCommandGoesOnAndSendsNoPartTwice(t *testing.T) {
	s := as(t, "carla").shell(t)
	const parts = 48
	data := random(t, 5<<20)
	s.write(t, "big.bin", bytes.Repeat(data, parts))
	args := []string{"put", "big.bin", "--part-size", "5MiB", "--parallel", "2", "--progress", "json"}
	id, first := s.killAt(t, 5, args...)
	again, second := s.killAt(t, len(first)+5, args...)
	if again != id {
		t.Fatalf("the second run begins another file, %s", again)
	}
	for n, at := range first {
		if !second[n].Equal(at) {
			t.Errorf("part %d was written at %v and again at %v", n, at, second[n])
		}
	}
	if len(s.held(t, id)) != len(second) || len(second) == parts {
		t.Fatalf("the API lists %d parts and the store has %d of %d", len(s.held(t, id)), len(second), parts)
	}
	out, events := s.vouch(t, 0, args...)
	if !strings.HasPrefix(out, id+"  ready  big.bin") {
		t.Errorf("%s", out)
	}
	want := fmt.Sprintf(`"partsSent":%d,"partsResumed":%d,"parts":%d`, parts-len(second), len(second), parts)
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(events), "\n"), func(line string) bool { return !strings.HasPrefix(line, "{") })
	if last := lines[len(lines)-1]; !strings.Contains(last, want) {
		t.Errorf("%s, want %s", last, want)
	}
	if left := s.begun(t); left != "" {
		t.Errorf("%s is still remembered", left)
	}
	if got := s.get(t, id); got.ChecksumSHA256 != checksum(bytes.Repeat(data, parts)) {
		t.Errorf("it is put together as another file: %s", got.ChecksumSHA256)
	}
}

func TestTheCommandKeepsAFileAndHoldsIt(t *testing.T) {
	alice, admin := as(t, "cli-keeper").shell(t), administrator(t).shell(t)
	alice.write(t, "letter.bin", []byte("to be kept"))
	out, _ := alice.vouch(t, 0, "put", "-q", "--expires", "30d", "letter.bin")
	id := strings.TrimSpace(out)
	if left := time.Until(record(t, id).ExpiresAt); left < 30*24*time.Hour-time.Minute || left > 30*24*time.Hour {
		t.Errorf("it is kept for %v", left)
	}
	alice.vouch(t, 0, "retain", id, "--forever")
	if out, _ := alice.vouch(t, 0, "retain", id, "--until", "2099-01-01T00:00:00Z"); !strings.HasPrefix(out, id+"  kept  ") {
		t.Errorf("%s", out)
	}
	alice.vouch(t, 5, "hold", id, "--reason", "mine")
	admin.vouch(t, 0, "hold", id, "--reason", "a lawsuit")
	if out, _ := alice.vouch(t, 0, "status", id); !strings.Contains(out, "is on hold") || strings.Contains(out, "lawsuit") {
		t.Errorf("%s", out)
	}
	if _, err := alice.vouch(t, 1, "rm", id); !strings.Contains(err, "on hold") {
		t.Errorf("%s", err)
	}
	admin.vouch(t, 0, "release", id, "--reason", "it is settled")
	alice.vouch(t, 0, "rm", id)
	admin.vouch(t, 6, "hold", id, "--reason", "too late")
}
