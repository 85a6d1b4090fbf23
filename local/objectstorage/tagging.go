package objectstorage

import (
	"bytes"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"slices"
)

// maxTagging is the most bytes that a body of PutObjectTagging may have here: 10 tags
// of 128 and 256 characters, and their markup ("Categorizing your storage using
// tags", Amazon S3 User Guide).
const maxTagging = 64 << 10

// requestedTags returns the tags that a request asks for, in its header or of
// PutObjectTagging in its body, and reports whether they could be read. What can be
// read in two ways, a key that is there twice, is refused: versitygw reads it again.
func requestedTags(r *http.Request, op operation) (map[string]string, bool) {
	asked := map[string]string{}
	header, err := url.ParseQuery(r.Header.Get("X-Amz-Tagging"))
	if err != nil {
		return nil, false
	}
	for k, v := range header {
		if len(v) != 1 {
			return nil, false
		}
		asked[k] = v[0]
	}
	if r.Method != http.MethodPut || !slices.ContainsFunc(op.actions, func(a string) bool {
		return a == "s3:PutObjectTagging" || a == "s3:PutObjectVersionTagging"
	}) || op.creates != "" {
		return asked, true
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxTagging+1))
	if err != nil || len(body) > maxTagging {
		return nil, false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var tagging struct {
		XMLName xml.Name `xml:"Tagging"`
		TagSet  struct {
			Tag []struct{ Key, Value string }
		}
	}
	if xml.Unmarshal(body, &tagging) != nil {
		return nil, false
	}
	for _, t := range tagging.TagSet.Tag {
		if _, twice := asked[t.Key]; twice || t.Key == "" {
			return nil, false
		}
		asked[t.Key] = t.Value
	}
	return asked, true
}
