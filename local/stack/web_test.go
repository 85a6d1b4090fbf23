package stack

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/vouch-s3/vouch/local/httpgateway"
	"github.com/vouch-s3/vouch/local/webpage"
)

// answers is an API's function.
type answers struct{}

func (answers) Invoke(context.Context, string, []byte) ([]byte, string, error) {
	return []byte(`{"statusCode":200,"body":"the API"}`), "", nil
}

func TestTheAPIsRoutesWinOverThePage(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"index.html", "files/x.html", "usage.html", "other.html"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("the page"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	api, err := httpgateway.New(httpgateway.Config{Routes: []httpgateway.Route{
		{Method: "GET", Path: "/files/{id}", Function: "f"},
		{Method: "POST", Path: "/usage.html", Function: "f"},
	}}, answers{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	page, err := webpage.New(dir, "http://example.com", webpage.Config{}, webpage.Places{})
	if err != nil {
		t.Fatal(err)
	}
	h := beside(api, page)
	for call, want := range map[[2]string]string{
		{"GET", "/"}:             "the page",
		{"GET", "/app/files/1"}:  "the page",
		{"GET", "/other.html"}:   "the page",
		{"GET", "/files/x.html"}: "the API",
		{"POST", "/usage.html"}:  "the API",
		{"GET", "/usage.html"}:   "{\"message\":\"Not Found\"}\n", // a path of the API's, whatever the method
		{"GET", "/missing"}:      "{\"message\":\"Not Found\"}\n",
		{"POST", "/other.html"}:  "{\"message\":\"Not Found\"}\n",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(call[0], call[1], nil))
		if got := w.Body.String(); got != want {
			t.Errorf("%v: %d %q", call, w.Code, got)
		}
		if isPage := w.Header().Get("Content-Security-Policy") != ""; isPage != (want == "the page") {
			t.Errorf("%v has the headers of the other", call)
		}
	}
}

func TestThePagesClientIsLedBackToItsOrigins(t *testing.T) {
	s := &Stack{api: "http://127.0.0.1:8080"}
	c := s.webClient([]string{"http://127.0.0.1:8080", "*", "http://localhost:5173"})
	if len(c.RedirectURIs) != 2 || c.RedirectURIs[0] != "http://127.0.0.1:8080/" || c.RedirectURIs[1] != "http://localhost:5173/" {
		t.Errorf("%v", c.RedirectURIs)
	}
	if c.ID == c.Audience {
		t.Error("the API would take ID tokens")
	}
}
