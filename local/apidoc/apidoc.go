// Package apidoc holds what the API is asked and answers to docs/openapi.yaml.
package apidoc

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	faults "github.com/pb33f/libopenapi-validator/errors"
)

// Document is a description of an API.
type Document struct{ validator validator.Validator }

// Load reads the description at path, which must be OpenAPI 3.1.
func Load(path string) (Document, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Document{}, fmt.Errorf("read the description of the API: %w", err)
	}
	parsed, err := libopenapi.NewDocument(text)
	if err != nil {
		return Document{}, fmt.Errorf("parse %s: %w", path, err)
	}
	v, problems := validator.NewValidator(parsed)
	if len(problems) > 0 {
		return Document{}, fmt.Errorf("read %s: %w", path, errors.Join(problems...))
	}
	if ok, found := v.ValidateDocument(); !ok {
		return Document{}, fmt.Errorf("%s is not OpenAPI 3.1: %w", path, joined(found))
	}
	return Document{v}, nil
}

// Request says what in a request is not as the description has it.
func (d Document) Request(r *http.Request) error {
	if ok, found := d.validator.ValidateHttpRequest(r); !ok {
		return fmt.Errorf("%s %s is not as docs/openapi.yaml says: %w", r.Method, r.URL.Path, joined(found))
	}
	return nil
}

// Answer says what in the answer to a request is not as the description has it.
func (d Document) Answer(r *http.Request, status int, header http.Header, body string) error {
	answer := &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}
	if ok, found := d.validator.ValidateHttpResponse(r, answer); !ok {
		return fmt.Errorf("%s %s answered %d %s, not as docs/openapi.yaml says: %w", r.Method, r.URL.Path, status, body, joined(found))
	}
	return nil
}

func joined(found []*faults.ValidationError) error {
	var all []error
	for _, f := range found {
		all = append(all, fmt.Errorf("%s: %s", f.Message, f.Reason))
	}
	return errors.Join(all...)
}
