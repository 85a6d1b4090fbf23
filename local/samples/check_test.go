package samples

import (
	"testing"

	"github.com/vouch-s3/vouch/local/apidoc"
)

func TestAnAnswerIsHeldToTheSampleAndToTheAPI(t *testing.T) {
	api, err := apidoc.Load("../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all, err := Load("../..")
	if err != nil {
		t.Fatal(err)
	}
	const (
		missing = `{"statusCode":404,"headers":{"Content-Type":"application/problem+json"},"body":"{\"type\":\"urn:vouch:problem:not-found\",\"title\":\"There is no such file\",\"status\":404}"}`
		usage   = `{"statusCode":200,"headers":{"Content-Type":"application/json"},"body":"{\"bytes\":{\"limit\":107374182400}}"}`
	)
	file, step, image := all["get-file"][0], all["mark-ready"][0], all["refresh-signatures"][0]
	parts := all["presign-parts"][0]
	parts.Event = []byte(`{"rawPath":"/files/x/parts","headers":{"content-type":"application/json","authorization":"Bearer x"},"requestContext":{"http":{"method":"POST"}},"body":"{}"}`)
	for name, tt := range map[string]struct {
		sample Sample
		answer Answer
		fits   bool
	}{
		"as it should be":                  {file, Answer{Payload: []byte(missing)}, true},
		"another status":                   {file, Answer{Payload: []byte(`{"statusCode":403,"body":""}`)}, false},
		"another problem":                  {file, Answer{Payload: []byte(`{"statusCode":404,"headers":{"Content-Type":"application/problem+json"},"body":"{\"type\":\"urn:vouch:problem:closed\",\"title\":\"Closed\",\"status\":404}"}`)}, false},
		"a problem in another form":        {file, Answer{Payload: []byte(`{"statusCode":404,"headers":{"Content-Type":"text/html"},"body":"no"}`)}, false},
		"no answer to API Gateway":         {file, Answer{Payload: []byte(`[]`)}, false},
		"an answer that lacks members":     {all["get-usage"][0], Answer{Payload: []byte(usage)}, false},
		"a sample that nobody may send":    {parts, Answer{Payload: []byte(missing)}, false},
		"an error":                         {file, Answer{Payload: []byte(`{"errorMessage":"x"}`), ErrorMessage: "x"}, false},
		"a step":                           {step, Answer{Payload: []byte(`{"outcome":"superseded","reason":""}`)}, true},
		"another outcome":                  {step, Answer{Payload: []byte(`{"outcome":"passed"}`)}, false},
		"the error that must be":           {image, Answer{ErrorMessage: "update the signatures: run freshclam: exit status 40"}, true},
		"another error":                    {image, Answer{ErrorMessage: "get main.cvd from the mirror"}, false},
		"no error where one is to be seen": {image, Answer{Payload: []byte(`null`)}, false},
	} {
		if err := tt.sample.Check(tt.answer, api); (err == nil) != tt.fits {
			t.Errorf("%s: %v", name, err)
		}
	}
}
