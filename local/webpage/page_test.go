package webpage

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	host   = "127.0.0.1:8080"
	secret = "not of the page"
)

// site is a page of a few files, with a secret beside its folder.
func site(t *testing.T) *Site {
	t.Helper()
	outside := t.TempDir()
	dir := filepath.Join(outside, "dist")
	for name, text := range map[string]string{
		"index.html": "the page", "assets/main-abc.js": "code", "assets/index.html": "x", ".env.json": secret, "assets/.x.js": secret, "server.pem": secret, "../secret.txt": secret,
		"files/x.html": "a file at a path of the API's", "many/.keep.txt": secret,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"out.txt": "../secret.txt", "far.txt": filepath.Join(outside, "secret.txt"), "up": ".."} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := New(dir, "http://"+host, Config{Issuer: "http://" + host + "/issuer", ClientID: "web", Scopes: []string{"openid"}, S3: "http://127.0.0.1:9000"}, Places{S3: "http://127.0.0.1:9000"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// get asks a site for a path as it stands, which no client cleans.
func get(s *Site, method, path, host string) (*http.Response, string) {
	r := httptest.NewRequest(method, "/", nil)
	r.URL.Path, r.Host = path, host
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	body, _ := io.ReadAll(w.Result().Body)
	return w.Result(), string(body)
}

func TestThePageAndItsViewsAreTheOneDocument(t *testing.T) {
	s := site(t)
	for _, path := range []string{"/", "/app", "/app/", "/app/files/123", "/app/x.js", "/index.html"} {
		r := httptest.NewRequest("GET", path, nil)
		if resp, body := get(s, "GET", path, host); !s.Has(r) || resp.StatusCode != 200 || body != "the page" || resp.Header.Get("Content-Type") != "text/html; charset=utf-8" || resp.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d %q %v", path, resp.StatusCode, body, resp.Header)
		}
	}
	resp, body := get(s, "GET", "/assets/main-abc.js", host)
	if body != "code" || resp.Header.Get("Content-Type") != "text/javascript; charset=utf-8" || !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%q %v", body, resp.Header)
	}
	if resp, body := get(s, "HEAD", "/", host); resp.StatusCode != 200 || body != "" {
		t.Errorf("HEAD: %d %q", resp.StatusCode, body)
	}
}

func TestNothingButThePageIsServed(t *testing.T) {
	s := site(t)
	for _, path := range []string{
		"/../secret.txt", "/assets/../../secret.txt", "/./index.html", "//index.html", "/assets//main-abc.js", "/..\\secret.txt", "/out.txt", "/far.txt", "/up/secret.txt",
		"/.env.json", "/assets/.x.js", "/server.pem", "/assets", "/assets/", "/many", "/missing.js", "/\x00.js", "/app/../../secret.txt/..", "",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path = path
		resp, body := get(s, "GET", path, host)
		if strings.Contains(body, secret) || !strings.HasPrefix(path, "/app/") && (s.Has(r) || resp.StatusCode != 404) {
			t.Errorf("%q: %d %q", path, resp.StatusCode, body)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		if s.Has(httptest.NewRequest(method, "/", nil)) {
			t.Errorf("%s is the page's", method)
		}
	}
}

func TestEveryAnswerHasItsHeaders(t *testing.T) {
	s := site(t)
	for _, to := range [][2]string{{"/", host}, {"/app/x", host}, {"/assets/main-abc.js", host}, {ConfigPath, host}, {"/missing.js", host}, {"/", "evil.example"}, {"/", "localhost:8080"}} {
		resp, _ := get(s, "GET", to[0], to[1])
		if (resp.StatusCode == http.StatusMisdirectedRequest) != (to[1] != host) {
			t.Errorf("%v: %d", to, resp.StatusCode)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob: http://127.0.0.1:9000; media-src http://127.0.0.1:9000; " +
				"connect-src 'self' http://127.0.0.1:9000; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types vouch default",
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if resp.Header.Get(name) != want {
				t.Errorf("%v: %s is %q", to, name, resp.Header.Get(name))
			}
		}
	}
}

func TestThePageIsToldWhereItIs(t *testing.T) {
	resp, body := get(site(t), "GET", ConfigPath, host)
	var c map[string]any
	if err := json.Unmarshal([]byte(body), &c); err != nil || resp.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%s %v", body, err)
	}
	if len(c) != 5 || c["api"] != "" || c["clientId"] != "web" || c["s3"] != "http://127.0.0.1:9000" || c["issuer"] != "http://"+host+"/issuer" {
		t.Errorf("%v", c)
	}
}

func TestAPageThatIsNotBuiltIsNotServed(t *testing.T) {
	for _, dir := range []string{"", filepath.Join(t.TempDir(), "missing")} {
		s, err := New(dir, "http://"+host, Config{}, Places{})
		if err != nil {
			t.Fatal(err)
		}
		if s.Built() || s.Has(httptest.NewRequest("GET", "/", nil)) || !s.Has(httptest.NewRequest("GET", ConfigPath, nil)) {
			t.Errorf("%q is served", dir)
		}
	}
}
