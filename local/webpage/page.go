// Package webpage serves the web page (web/app) as CloudFront does in AWS: the files
// that its build has made, under strict headers, and config.json, by which it knows
// where it is.
package webpage

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"
)

// Config is config.json: what the page must know of where it runs, and nothing
// secret.
type Config struct {
	API      string   `json:"api"` // its URL; empty for the page's own origin
	Issuer   string   `json:"issuer"`
	ClientID string   `json:"clientId"`
	Scopes   []string `json:"scopes"` // to ask for when somebody signs in
	S3       string   `json:"s3"`     // the origin of presigned URLs
}

// Site is a page that is served.
type Site struct {
	dir    string
	host   string
	config []byte
	csp    string
}

// ConfigPath is where config.json is.
const ConfigPath = "/config.json"

// New returns the site of the files in dir, which need not be there yet: every answer
// looks again. It is served under the name of the origin alone.
func New(dir, origin string, c Config, p Places) (*Site, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write config.json: %w", err)
	}
	_, host, ok := strings.Cut(origin, "://")
	if !ok {
		return nil, fmt.Errorf("serve the page at %q: it is no origin", origin)
	}
	return &Site{dir: dir, host: host, config: append(body, '\n'), csp: ContentSecurityPolicy(p)}, nil
}

// Has reports whether the site answers a call, and not the API. It is asked for
// paths that are none of the API's.
func (s *Site) Has(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if r.URL.Path == ConfigPath {
		return true
	}
	f, err := s.open(nameOf(r.URL.Path))
	if err != nil {
		return false
	}
	f.Close()
	return true
}

// ServeHTTP answers a call that the site has.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header(), s.csp)
	if r.Host != s.host { // a name of somebody else's that leads here (DNS rebinding), or localhost
		http.Error(w, "The page is at http://"+s.host+"/ only.", http.StatusMisdirectedRequest)
		return
	}
	if r.URL.Path == ConfigPath {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-cache")
		w.Write(s.config)
		return
	}
	name := nameOf(r.URL.Path)
	f, err := s.open(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", contentTypes[path.Ext(name)])
	w.Header().Set("Cache-Control", cacheControl(name))
	http.ServeContent(w, r, name, info.ModTime(), f)
}

// nameOf is the file that answers at a path. What is under /app/ are the page's
// views, each of them the same document; template.yaml has this rule for
// CloudFront.
func nameOf(urlPath string) string {
	if urlPath == "/" || urlPath == "/app" || strings.HasPrefix(urlPath, "/app/") {
		return "index.html"
	}
	return strings.TrimPrefix(urlPath, "/")
}

// cacheControl has browsers keep what has its hash in its name.
func cacheControl(name string) string {
	if strings.HasPrefix(name, "assets/") {
		return "public, max-age=31536000, immutable"
	}
	return "no-cache"
}

// contentTypes are those of what a build makes; a file of another kind is not
// served.
var contentTypes = map[string]string{
	".html":        "text/html; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".json":        "application/json",
	".map":         "application/json",
	".svg":         "image/svg+xml",
	".png":         "image/png",
	".ico":         "image/x-icon",
	".txt":         "text/plain; charset=utf-8",
	".wasm":        "application/wasm",
	".webmanifest": "application/manifest+json",
	".woff2":       "font/woff2",
}

var errNotServed = errors.New("it is not served")

// open opens a file of the build. An os.Root leads nowhere out of the folder, by
// links neither.
func (s *Site) open(name string) (*os.File, error) {
	if s.dir == "" || !fs.ValidPath(name) || contentTypes[path.Ext(name)] == "" || strings.HasPrefix(name, ".") || strings.Contains(name, "/.") {
		return nil, errNotServed
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, errNotServed
	}
	return f, nil
}

// Built reports whether there is a page in the folder.
func (s *Site) Built() bool {
	f, err := s.open("index.html")
	if err == nil {
		f.Close()
	}
	return err == nil
}
