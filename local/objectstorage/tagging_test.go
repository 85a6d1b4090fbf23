package objectstorage

import (
	"bytes"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
)

// A policy may ask for the tags that a request sets (s3:RequestObjectTag), which
// PutObjectTagging has in its body.
func TestTheTagsThatARequestSetsAreThoseThatAPolicyIsAskedAbout(t *testing.T) {
	const rejected = `<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet><Tag><Key>vouch-verdict</Key><Value>rejected</Value></Tag></TagSet></Tagging>`
	for name, tt := range map[string]struct {
		method, target, header, body string
		want                         string // "" for a request that is refused
	}{
		"a tag":              {"PUT", "/b/k?tagging&versionId=v", "", rejected, "rejected"},
		"of the current one": {"PUT", "/b/k?tagging", "", rejected, "rejected"},
		"with an object":     {"PUT", "/b/k", "vouch-verdict=held", rejected, "held"},
		"none":               {"PUT", "/b/k?tagging", "", "<Tagging><TagSet></TagSet></Tagging>", "none"},
		"twice":              {"PUT", "/b/k?tagging", "", strings.Replace(rejected, "</TagSet>", "<Tag><Key>vouch-verdict</Key><Value>clean</Value></Tag></TagSet>", 1), ""},
		"twice in a header":  {"PUT", "/b/k", "vouch-verdict=held&vouch-verdict=clean", "", ""},
		"no XML":             {"PUT", "/b/k?tagging", "", "vouch-verdict=clean", ""},
		"another document":   {"PUT", "/b/k?tagging", "", "<Tags/>", ""},
		"too long":           {"PUT", "/b/k?tagging", "", rejected + strings.Repeat(" ", maxTagging), ""},
		"a key that is none": {"PUT", "/b/k?tagging", "", strings.Replace(rejected, "vouch-verdict", "", 1), ""},
		"of another request": {"GET", "/b/k?tagging", "", rejected, "none"},
	} {
		r := httptest.NewRequest(tt.method, tt.target, strings.NewReader(tt.body))
		if tt.header != "" {
			r.Header.Set("X-Amz-Tagging", tt.header)
		}
		op, ok := operationOf(r)
		if !ok {
			t.Fatalf("%s: it is not offered", name)
		}
		asked, ok := requestedTags(r, op)
		if ok != (tt.want != "") {
			t.Errorf("%s: %v, %v", name, asked, ok)
			continue
		}
		if !ok {
			continue
		}
		got, set := asked["vouch-verdict"]
		if !set {
			got = "none"
		}
		left, err := io.ReadAll(r.Body)
		if got != tt.want || err != nil || string(left) != tt.body {
			t.Errorf("%s: %v, and %q is left to read", name, asked, left)
		}
	}
}

// Whatever a body is, it is handed on as it came, and what is read of it has no key
// twice.
func FuzzRequestedTags(f *testing.F) {
	f.Add([]byte("<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"))
	f.Add([]byte("<Tagging><TagSet><Tag><Key>a</Key></Tag><Tag><Key>a</Key></Tag></TagSet></Tagging>"))
	f.Add([]byte("<!DOCTYPE x [<!ENTITY e 'a'>]><Tagging>&e;</Tagging>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest("PUT", "/b/k?tagging", bytes.NewReader(body))
		op, _ := operationOf(r)
		asked, ok := requestedTags(r, op)
		if !ok {
			return
		}
		left, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Equal(left, body) || bytes.Count(body, []byte("Key>")) < len(asked) {
			t.Errorf("%q is read as %v, and %q is left", body, asked, left)
		}
	})
}
