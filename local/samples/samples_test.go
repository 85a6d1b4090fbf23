package samples

import (
	"strings"
	"testing"
)

func TestWhoeverAddsAFunctionIsToldWhatItNeeds(t *testing.T) {
	functions := []string{"get-file", "get-file-history", "put-hold"}
	files := []string{"get-file.json", "get-file-shared.json", "get-file-history.json", "restore.json"}
	wants := map[string]Want{"get-file.json": {}, "get-file-history.json": {}, "restore.json": {}, "old.json": {}}
	owned, err := match(functions, files, wants)
	if err == nil {
		t.Fatal("nothing is missing")
	}
	for _, said := range []string{
		`functions/put-hold has no sample event: add events/put-hold.json, "put-hold.json" to wants in local/samples/wants.go, and its line to docs/sam.md`,
		`nothing says what events/get-file-shared.json must be answered with: add "get-file-shared.json" to wants in local/samples/wants.go`,
		"events/restore.json is a sample of no function",
		"there is no events/old.json",
	} {
		if !strings.Contains(err.Error(), said) {
			t.Errorf("%q is not in %q", said, err)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != 4 {
		t.Errorf("%d faults are found: %v", n, err)
	}
	if owned["get-file-shared.json"] != "get-file" || owned["get-file-history.json"] != "get-file-history" {
		t.Errorf("%v", owned)
	}
}

func TestAnAnswerMustHaveWhatIsAskedAndMayHaveMore(t *testing.T) {
	for _, tt := range []struct {
		got, pattern string
		fits         bool
	}{
		{`{"a":1,"b":{"c":"d","e":[1]}}`, `{"b":{"c":"d","e":[1]}}`, true},
		{`{"a":1}`, `{"a":"*"}`, true},
		{`{"a":[]}`, `{"a":"*"}`, true},
		{`null`, `null`, true},
		{`{"a":null}`, `{"a":"*"}`, false},
		{`{}`, `{"a":"*"}`, false},
		{`{"a":2}`, `{"a":1}`, false},
		{`{"a":[1,2]}`, `{"a":[1]}`, false},
		{`{"a":1}`, `{"a":{"b":1}}`, false},
		{`{}`, `null`, false},
		{`null`, `{}`, false},
		{`Task timed out`, `null`, false},
		{`{}`, ``, false},
	} {
		if err := contains([]byte(tt.got), tt.pattern); (err == nil) != tt.fits {
			t.Errorf("%s in %s: %v", tt.pattern, tt.got, err)
		}
	}
}
