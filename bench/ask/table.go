package ask

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// table is DynamoDB answered from memory: it takes every write, so that what is left to
// be measured is all that a function does for one. Like the real one it answers an
// UpdateItem of a call with an Idempotency-Key with the record as it is then, which
// it takes from the request.
type table struct{}

// RoundTrip implements http.RoundTripper, for what is measured within this process.
func (table) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := answerTo(r)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(answer)),
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(strings.NewReader(answer)),
	}, nil
}

// ServeHTTP implements http.Handler, for functions that are processes of their own.
func (table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := answerTo(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	io.WriteString(w, answer)
}

func answerTo(r *http.Request) (string, error) {
	asked, err := io.ReadAll(r.Body)
	if err != nil {
		return "", fmt.Errorf("read a request: %w", err)
	}
	switch operation := r.Header.Get("X-Amz-Target"); operation {
	case "DynamoDB_20120810.TransactWriteItems":
		return "{}", nil
	case "DynamoDB_20120810.UpdateItem":
		attempt := valueOf(asked, ":attempt") + valueOf(asked, ":by") // of its start, or of its end
		return `{"Attributes":{"id":{"S":"i"},"body":{"S":"b"},"attempt":{"S":"` + attempt + `"},"resource":{"S":"` + valueOf(asked, ":resource") + `"}}}`, nil
	default:
		return "", fmt.Errorf("nobody was to call %q", operation)
	}
}

// valueOf returns the text under a name in what the SDK has written, which has no space in it.
func valueOf(asked []byte, name string) string {
	_, behind, found := bytes.Cut(asked, []byte(`"`+name+`":{"S":"`))
	if !found {
		return ""
	}
	value, _, _ := bytes.Cut(behind, []byte(`"`))
	return string(value)
}
