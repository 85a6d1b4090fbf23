package client

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// What a client does not know is carried out, it asks for again: one call is one
// file all the same, and the next is another.
func TestAnAnswerThatIsLostLeavesNoSecondFile(t *testing.T) {
	for name, size := range map[string]int64{"by one PUT": 1 << 20, "in parts": 5 << 20} {
		d := newDouble(t)
		var mu sync.Mutex
		keys := map[string]int{}
		lost := first(2, func(_ http.ResponseWriter, r *http.Request) {
			d.serveAPI(httptest.NewRecorder(), r) // it is carried out
			panic(http.ErrAbortHandler)
		})
		d.api = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost || r.URL.Path != "/files" {
				return false
			}
			mu.Lock()
			keys[r.Header.Get("Idempotency-Key")]++
			mu.Unlock()
			return lost(w, r)
		}
		c := d.client()
		f, err := c.Create(t.Context(), NewFile{Filename: "a", ContentType: "text/plain", Size: size})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d.count("POST") != 3 || len(keys) != 1 || len(d.files) != 1 || d.files[f.ID] == nil {
			t.Errorf("%s: %d requests with %d keys made %d files", name, d.count("POST"), len(keys), len(d.files))
		}
		again, err := c.Create(t.Context(), NewFile{Filename: "a", ContentType: "text/plain", Size: size})
		if err != nil || again.ID == f.ID || len(keys) != 2 {
			t.Errorf("%s: the next call makes %s after %s with %d keys, %v", name, again.ID, f.ID, len(keys), err)
		}
	}
}

func TestACallThatIsStillUnderWayIsAskedForAgain(t *testing.T) {
	d := newDouble(t)
	d.api = first(1, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Retry-After", "0")
		problem(w, 409, "idempotency-in-progress", "The first request is not answered yet.")
	})
	if _, err := d.client().Create(t.Context(), NewFile{Filename: "a", ContentType: "text/plain", Size: 1}); err != nil || d.count("POST") != 2 {
		t.Errorf("%d requests, %v", d.count("POST"), err)
	}
}
