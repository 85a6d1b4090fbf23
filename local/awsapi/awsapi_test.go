package awsapi

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAJournalKeepsWhatWasWrittenAndDropsATornEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	read := func() (got []string) {
		t.Helper()
		j, err := openJournal(path, func(s string) error { got = append(got, s); return nil })
		if err != nil {
			t.Fatal(err)
		}
		j.close()
		return got
	}
	j, err := openJournal(path, func(string) error { return errors.New("it is not empty") })
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"a", "b\nb", "c"} {
		if err := j.append(s); err != nil {
			t.Fatal(err)
		}
	}
	j.close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(read(), ",")
		if !strings.HasPrefix("a,b\nb,c", got) {
			t.Fatalf("cut at %d it holds %q", cut, got)
		}
		if again := strings.Join(read(), ","); again != got {
			t.Fatalf("cut at %d it holds %q, and then %q", cut, got, again)
		}
	}
	// Damage before the end is not a torn write, and is never passed over.
	damaged := append([]byte{}, whole...)
	damaged[10] ^= 1
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openJournal(path, func(string) error { return nil }); err == nil {
		t.Error("damage was passed over")
	}
}

func TestLambdaTasksWaitForATokenAndKeepTheirPayload(t *testing.T) {
	const definition = `{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload":{"x.$":"$.x","y":1}},"TimeoutSeconds":7,"Retry":[{"ErrorEquals":["States.ALL"]}],"Next":"B"},"B":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"g","Payload.$":"$"},"End":true}}}`
	got, err := callbacks("machine", definition)
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		States map[string]struct {
			Resource       string
			TimeoutSeconds int
			Retry          []any
			Parameters     struct {
				FunctionName string
				Payload      map[string]any
			}
		}
	}
	if err := json.Unmarshal([]byte(got), &d); err != nil {
		t.Fatal(err)
	}
	a, b := d.States["A"], d.States["B"]
	if a.Resource != callbackResource || a.TimeoutSeconds != 7 || len(a.Retry) != 1 || a.Parameters.FunctionName != "f" || a.Parameters.Payload["token.$"] != "$$.Task.Token" || a.Parameters.Payload["role"] != "machine" {
		t.Errorf("%+v", a)
	}
	if in, _ := a.Parameters.Payload["input"].(map[string]any); in["x.$"] != "$.x" || in["y"] != 1.0 {
		t.Errorf("%+v", a.Parameters.Payload)
	}
	if b.Parameters.Payload["input.$"] != "$" {
		t.Errorf("%+v", b.Parameters.Payload)
	}
}

func TestTheTasksWithinAMapWaitForATokenToo(t *testing.T) {
	const definition = `{"StartAt":"A","States":{"A":{"Type":"Map","ItemsPath":"$.jobs","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"B","States":{"B":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload":{"x.$":"$.x"}},"End":true}}},"End":true}}}`
	got, err := callbacks("machine", definition)
	if err != nil {
		t.Fatal(err)
	}
	var d map[string]any
	if err := json.Unmarshal([]byte(got), &d); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got, callbackResource) || strings.Contains(got, invokeResource+`"`) || !distributes(d) {
		t.Error(got)
	}
	if inline := strings.Replace(definition, "DISTRIBUTED", "INLINE", 1); json.Unmarshal([]byte(inline), &d) != nil || distributes(d) {
		t.Error("a Map within the execution is taken for a distributed one")
	}
}

func TestATaskThatWaitsForATokenIsTakenWithItsToken(t *testing.T) {
	got, err := callbacks("machine", `{"States":{"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Parameters":{"FunctionName":"f","Payload":{"token.$":"$$.Task.Token"}},"End":true}}}`)
	if err != nil || !strings.Contains(got, `"waits":true`) || !strings.Contains(got, `"input":{"token.$":"$$.Task.Token"}`) {
		t.Errorf("%s, %v", got, err)
	}
}

func TestADefinitionThatCannotRunHereIsRefused(t *testing.T) {
	for name, definition := range map[string]string{
		"not JSON":                           `{`,
		"JSONata":                            `{"QueryLanguage":"JSONata","States":{}}`,
		"another resource":                   `{"States":{"A":{"Type":"Task","Resource":"arn:aws:states:::sns:publish"}}}`,
		"another type":                       `{"States":{"A":{"Type":"Parallel"}}}`,
		"a wait for a token that nobody has": `{"States":{"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Parameters":{"FunctionName":"f","Payload":{"x.$":"$.x"}}}}}`,
		"another thing to wait for":          `{"States":{"A":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken","Parameters":{"Payload":{"token.$":"$$.Task.Token"}}}}}`,
		"an empty Map":                       `{"States":{"A":{"Type":"Map"}}}`,
		"a Map over S3":                      `{"States":{"A":{"Type":"Map","ItemReader":{},"ItemProcessor":{"States":{}}}}}`,
		"a task in a Map":                    `{"States":{"A":{"Type":"Map","ItemProcessor":{"States":{"B":{"Type":"Task","Resource":"arn:aws:states:::sns:publish"}}}}}}`,
		"TaskFailed, Map":                    `{"States":{"A":{"Type":"Map","ItemProcessor":{"States":{}},"Catch":[{"ErrorEquals":["States.TaskFailed"]}]}}}`,
		"TaskFailed":                         `{"States":{"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Retry":[{"ErrorEquals":["States.TaskFailed"]}]}}}`,
		"a qualifier":                        `{"States":{"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Qualifier":"x"}}}}`,
	} {
		if _, err := callbacks("machine", definition); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
}

func FuzzDecodeEntry(f *testing.F) {
	line, err := encodeEntry("a")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add([]byte("00000000 \n"))
	f.Fuzz(func(t *testing.T, line []byte) {
		var s string
		if decodeEntry(line, &s) == nil {
			again, err := encodeEntry(s)
			if err != nil || decodeEntry(again, &s) != nil {
				t.Errorf("%q is an entry that cannot be written", line)
			}
		}
	})
}
