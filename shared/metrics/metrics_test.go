package metrics

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"time"
)

func TestALineHasTheFormThatCloudWatchReads(t *testing.T) {
	var out bytes.Buffer
	e := Emitter{
		Out: &out, Namespace: "Vouch", Dimensions: map[string]string{"FunctionName": "vouch-RunCanary"},
		Now: func() time.Time { return time.UnixMilli(1764000000123) },
	}
	if err := e.Emit(Value{"ReadySeconds", Seconds, 1.5}, Value{"CanaryFailed", Count, 0}); err != nil {
		t.Fatal(err)
	}
	const want = `{"CanaryFailed":0,"FunctionName":"vouch-RunCanary","ReadySeconds":1.5,"_aws":{"CloudWatchMetrics":[{"Namespace":"Vouch","Dimensions":[["FunctionName"]],"Metrics":[{"Name":"ReadySeconds","Unit":"Seconds"},{"Name":"CanaryFailed","Unit":"Count"}]}],"Timestamp":1764000000123}}` + "\n"
	if out.String() != want {
		t.Errorf("%s\nwant\n%s", out.String(), want)
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestWhatCannotBeWrittenIsAnError(t *testing.T) {
	now := time.Now
	for name, err := range map[string]error{
		"twice":      Emitter{Out: &bytes.Buffer{}, Now: now}.Emit(Value{"A", Count, 1}, Value{"A", Count, 2}),
		"dimension":  Emitter{Out: &bytes.Buffer{}, Now: now, Dimensions: map[string]string{"A": "b"}}.Emit(Value{"A", Count, 1}),
		"no number":  Emitter{Out: &bytes.Buffer{}, Now: now}.Emit(Value{"A", Count, math.NaN()}),
		"no writing": Emitter{Out: full{}, Now: now}.Emit(Value{"A", Count, 1}),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestADimensionMoreIsOfTheOneEmitterAlone(t *testing.T) {
	var out bytes.Buffer
	e := Emitter{Out: &out, Namespace: "Vouch", Now: time.Now}
	if err := e.By("Reason", "malware-detected").Emit(Value{"FilesRejected", Count, 1}); err != nil || !bytes.Contains(out.Bytes(), []byte(`"Dimensions":[["Reason"]]`)) {
		t.Errorf("%s, %v", out.Bytes(), err)
	}
	out.Reset()
	if err := e.Emit(Value{"FilesRejected", Count, 1}); err != nil || bytes.Contains(out.Bytes(), []byte("Reason")) {
		t.Errorf("%s, %v", out.Bytes(), err)
	}
}
