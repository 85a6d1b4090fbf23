// Package apidoc holds what the API is asked and answers to docs/openapi.yaml.
package apidoc

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	faults "github.com/pb33f/libopenapi-validator/errors"
	"github.com/pb33f/libopenapi-validator/paths"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// Document is a description of an API.
type Document struct {
	validator validator.Validator
	model     *v3.Document
}

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
	model, err := parsed.BuildV3Model()
	if err != nil {
		return Document{}, fmt.Errorf("read %s: %w", path, err)
	}
	return Document{v, &model.Model}, nil
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
	if header.Get("Content-Type") == "application/problem+json" {
		return d.problem(r, body)
	}
	return nil
}

// problemPrefix is what the types of all problems begin with.
const problemPrefix = "urn:vouch:problem:"

// problem says whether the operation that r asks for does not list the problem.
func (d Document) problem(r *http.Request, body string) error {
	var p struct{ Type string }
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		return fmt.Errorf("read the problem %s: %w", body, err)
	}
	item, _, path := paths.FindPath(r, d.model, nil)
	if item == nil {
		return fmt.Errorf("%s %s is no operation of docs/openapi.yaml", r.Method, r.URL.Path)
	}
	o := item.GetOperations().GetOrZero(strings.ToLower(r.Method))
	if o == nil || !slices.Contains(Problems(o), strings.TrimPrefix(p.Type, problemPrefix)) {
		return fmt.Errorf("%s %s answered %s, which its x-problems in docs/openapi.yaml do not list", r.Method, path, p.Type)
	}
	return nil
}

// Problems returns which problems of docs/problems.md an operation may answer, as its
// extension x-problems lists them: by what stands behind urn:vouch:problem:.
func Problems(o *v3.Operation) []string {
	if o.Extensions == nil {
		return nil
	}
	list := o.Extensions.GetOrZero("x-problems")
	if list == nil {
		return nil
	}
	var codes []string
	for _, code := range list.Content {
		codes = append(codes, code.Value)
	}
	return codes
}

func joined(found []*faults.ValidationError) error {
	var all []error
	for _, f := range found {
		all = append(all, fmt.Errorf("%s: %s", f.Message, f.Reason))
	}
	return errors.Join(all...)
}
