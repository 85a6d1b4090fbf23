package s3event

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

func sample(t testing.TB) (e events.EventBridgeEvent) {
	t.Helper()
	data, err := os.ReadFile("../../events/start-verification.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTheSampleEventIsRead(t *testing.T) {
	obj, err := ObjectCreated(sample(t), "vouch-filesbucket")
	if err != nil || obj.VersionID != "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e" || obj.Size != 5242880 || obj.ETag != "b1946ac92492d2347c6235b4d2611184" {
		t.Errorf("%+v, %v", obj, err)
	}
}

func TestAnEventThatPinsNothingIsRefused(t *testing.T) {
	for name, change := range map[string]func(*events.EventBridgeEvent){
		"another source": func(e *events.EventBridgeEvent) { e.Source = "vouch" },
		"another type":   func(e *events.EventBridgeEvent) { e.DetailType = "Object Deleted" },
		"another bucket": func(e *events.EventBridgeEvent) { e.Detail = json.RawMessage(`{"bucket":{"name":"x"}}`) },
		"no version": func(e *events.EventBridgeEvent) {
			e.Detail = json.RawMessage(`{"bucket":{"name":"vouch-filesbucket"},"object":{"key":"k","etag":"e"}}`)
		},
		"no ETag": func(e *events.EventBridgeEvent) {
			e.Detail = json.RawMessage(`{"bucket":{"name":"vouch-filesbucket"},"object":{"key":"k","version-id":"v"}}`)
		},
		"no object": func(e *events.EventBridgeEvent) {
			e.Detail = json.RawMessage(`{"bucket":{"name":"vouch-filesbucket"}}`)
		},
		"not JSON":       func(e *events.EventBridgeEvent) { e.Detail = json.RawMessage(`{`) },
		"size as a text": func(e *events.EventBridgeEvent) { e.Detail = json.RawMessage(`{"object":{"size":"1"}}`) },
	} {
		e := sample(t)
		change(&e)
		if obj, err := ObjectCreated(e, "vouch-filesbucket"); err == nil {
			t.Errorf("%s: %+v", name, obj)
		}
	}
}

func FuzzObjectCreated(f *testing.F) {
	f.Add([]byte(sample(f).Detail))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, detail []byte) {
		e := events.EventBridgeEvent{Source: "aws.s3", DetailType: "Object Created", Detail: detail}
		if obj, err := ObjectCreated(e, "b"); err == nil && (obj.Key == "" || obj.VersionID == "" || obj.ETag == "") {
			t.Errorf("%q pins %+v", detail, obj)
		}
	})
}
