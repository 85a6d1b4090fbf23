package samples

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/vouch-s3/vouch/local/apidoc"
)

// Answer is what an invocation came to.
type Answer struct {
	Payload      []byte
	ErrorMessage string // of an invocation that failed; empty for one that did not
}

// Check says how an answer is not what the sample asks for. What passes through the
// API is held to its description too, the sample itself included.
func (s Sample) Check(a Answer, api apidoc.Document) error {
	if err := s.check(a, api); err != nil {
		return fmt.Errorf("events/%s, answered %s: %w", s.File, a.Payload, err)
	}
	return nil
}

func (s Sample) check(a Answer, api apidoc.Document) error {
	switch {
	case s.Want.Error == "" && a.ErrorMessage != "":
		return fmt.Errorf("the invocation failed: %s", a.ErrorMessage)
	case s.Want.Error != "" && !strings.Contains(a.ErrorMessage, s.Want.Error):
		return fmt.Errorf("the invocation must fail, and name %s", s.Want.Error)
	case s.Want.Error != "":
		return nil
	case s.Want.Status == 0:
		return contains(a.Payload, s.Want.Answer)
	}
	return s.checkHTTP(a.Payload, api)
}

// checkHTTP checks an answer of the API.
func (s Sample) checkHTTP(payload []byte, api apidoc.Document) error {
	req, err := s.request()
	if err != nil {
		return err
	}
	if err := api.Request(req); err != nil {
		return err
	}
	var got events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(payload, &got); err != nil {
		return fmt.Errorf("it is no answer to API Gateway: %w", err)
	}
	if got.StatusCode != s.Want.Status {
		return fmt.Errorf("the status is not %d", s.Want.Status)
	}
	header := http.Header{}
	for name, value := range got.Headers {
		header.Set(name, value)
	}
	if req, err = s.request(); err != nil { // its body has been read
		return err
	}
	if err := api.Answer(req, got.StatusCode, header, got.Body); err != nil {
		return err
	}
	if s.Want.Problem == "" {
		return contains([]byte(got.Body), s.Want.Answer)
	}
	return contains([]byte(got.Body), fmt.Sprintf(`{"type":"urn:vouch:problem:%s","status":%d}`, s.Want.Problem, s.Want.Status))
}

// request is the HTTP request that API Gateway would have made the event of.
func (s Sample) request() (*http.Request, error) {
	var e events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(s.Event, &e); err != nil {
		return nil, fmt.Errorf("the sample is no event of API Gateway: %w", err)
	}
	url := "http://127.0.0.1" + e.RawPath
	if e.RawQueryString != "" {
		url += "?" + e.RawQueryString
	}
	req, err := http.NewRequest(e.RequestContext.HTTP.Method, url, strings.NewReader(e.Body))
	if err != nil {
		return nil, fmt.Errorf("the sample is no request: %w", err)
	}
	for name, value := range e.Headers {
		req.Header.Set(name, value)
	}
	return req, nil
}

// contains says what of pattern, JSON, is not in got.
func contains(got []byte, pattern string) error {
	var want, is any
	if err := json.Unmarshal([]byte(pattern), &want); err != nil {
		return fmt.Errorf("what it must be answered with is no JSON: %w", err)
	}
	if err := json.Unmarshal(got, &is); err != nil {
		return fmt.Errorf("the answer is no JSON: %w", err)
	}
	return within(is, want, "the answer")
}

func within(is, want any, what string) error {
	if want == "*" {
		if is == nil {
			return fmt.Errorf("%s is not there", what)
		}
		return nil
	}
	members, ok := want.(map[string]any)
	if !ok {
		if !reflect.DeepEqual(is, want) {
			return fmt.Errorf("%s is %v, not %v", what, is, want)
		}
		return nil
	}
	object, ok := is.(map[string]any)
	if !ok {
		return fmt.Errorf("%s is no object", what)
	}
	for name, value := range members {
		if err := within(object[name], value, name); err != nil {
			return err
		}
	}
	return nil
}
