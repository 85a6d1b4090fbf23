package e2e

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// Whoever floods the one route that needs no token meets its limit, and nobody
// else does.
func TestAFloodOfThePublicRouteIsCutOffAndHoldsUpNoOther(t *testing.T) {
	alice := as(t, "alice")
	keys := func() (int, string) {
		resp, err := http.Get(local.APIURL() + "/.well-known/jwks.json")
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Error(err)
		}
		return resp.StatusCode, string(body)
	}
	refused := make(chan string, 1)
	stop := make(chan struct{})
	var flood sync.WaitGroup
	for range 8 {
		flood.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if status, body := keys(); status == http.StatusTooManyRequests {
					select {
					case refused <- body:
					default:
					}
				} else if status != http.StatusOK {
					t.Errorf("%d %s", status, body)
					return
				}
			}
		})
	}
	select {
	case body := <-refused:
		if strings.TrimSpace(body) != `{"message":"Too Many Requests"}` {
			t.Errorf("the answer is %s", body)
		}
		for range 20 {
			if r := alice.call(t, "GET", "/files", ""); r.status != http.StatusOK {
				t.Errorf("meanwhile another route answers %d %s", r.status, r.body)
			}
		}
	case <-time.After(30 * time.Second):
		t.Error("no call was refused")
	}
	close(stop)
	flood.Wait()
	// The flood is over, and the keys are there for everybody again.
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		status, body := keys()
		if status == http.StatusOK {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("after the flood: %d %s", status, body)
		}
	}
}
