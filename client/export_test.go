package client

import (
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
)

// StartDouble starts a double for an example, and makes a folder that has hello.txt in it.
func StartDouble() (api, token, dir string, stop func()) {
	dir, err := os.MkdirTemp("", "vouch-example-")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "hello.txt"), []byte("Hello, Vouch"), 0o600)
	}
	if err != nil {
		log.Fatal(err)
	}
	d := emptyDouble()
	d.verify = -1
	d.Server = httptest.NewServer(d)
	return d.URL, d.tokens[0], dir, func() {
		d.Close()
		os.RemoveAll(dir)
	}
}
