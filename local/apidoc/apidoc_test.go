package apidoc

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestAProblemIsHeldToThoseThatTheOperationLists(t *testing.T) {
	d, err := Load("../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{"Content-Type": {"application/problem+json"}}
	for what, c := range map[string]struct {
		method, path, problem string
		listed                bool
	}{
		"a download of what is not ready": {"POST", "/files/0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e/download", "not-ready", true},
		"a deletion of what is not ready": {"DELETE", "/files/0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e", "not-ready", false},
		"a download of what is on hold":   {"POST", "/files/0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e/download", "on-hold", false},
		"an upload of what is on hold":    {"POST", "/files", "on-hold", false},
	} {
		t.Run(what, func(t *testing.T) {
			body := `{"type":"urn:vouch:problem:` + c.problem + `","title":"x","status":409}`
			err := d.Answer(httptest.NewRequest(c.method, c.path, nil), http.StatusConflict, header, body)
			if (err == nil) != c.listed {
				t.Errorf("%s %s, %s: %v", c.method, c.path, c.problem, err)
			}
		})
	}
}
