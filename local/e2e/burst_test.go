package e2e

import (
	"strings"
	"sync"
	"testing"
)

// More files than there are places to scan them. Nothing is lost or given up
// for having come with the others, and malware among them is still found.
func TestSeventyFiveFilesAtOnceAllReachTheirEnd(t *testing.T) {
	alice := as(t, "alice")
	files := make([]file, 75)
	data := make([][]byte, len(files))
	for i := range files {
		data[i] = random(t, 100_000)
		if i%25 == 0 {
			data[i] = eicar
		}
		files[i] = alice.ask(t, "a.bin", data[i], false)
	}
	var sending sync.WaitGroup
	for i := range files {
		sending.Go(func() {
			if status, code := put(t, files[i], data[i]); status != 200 {
				t.Errorf("a file could not be sent: %d %s", status, code)
			}
		})
	}
	sending.Wait()
	for i := range files {
		want := "ready"
		if i%25 == 0 {
			want = "rejected"
		}
		if f := alice.await(t, files[i].ID, want); want == "rejected" && !strings.Contains(f.Reason, "malware") {
			t.Errorf("malware was rejected for %s", f.Reason)
		}
	}
}
