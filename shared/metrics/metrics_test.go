package metrics

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
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
	const want = `{"_aws":{"Timestamp":1764000000123,"CloudWatchMetrics":[{"Namespace":"Vouch","Dimensions":[["FunctionName"]],"Metrics":[{"Name":"ReadySeconds","Unit":"Seconds"},{"Name":"CanaryFailed","Unit":"Count"}]}]},"FunctionName":"vouch-RunCanary","ReadySeconds":1.5,"CanaryFailed":0}` + "\n"
	if out.String() != want {
		t.Errorf("%s\nwant\n%s", out.String(), want)
	}
}

// What a dimension is called, a user has not chosen; but a line that is no JSON would
// not only lose its metric.
func TestALineIsJSONWhateverIsInIt(t *testing.T) {
	for _, text := range []string{"plain", "", `"`, `\`, "\n", "é", "\xff", "<&>", "\x7f"} {
		for _, value := range []float64{0, -1.5, 5 << 40, 1e-9, math.MaxFloat64} {
			var out bytes.Buffer
			e := Emitter{Out: &out, Namespace: text, Dimensions: map[string]string{"A" + text: text, "B": text}, Now: time.Now}
			if err := e.Emit(Value{"C" + text, Count, value}, Value{"D", Unit(text), value}); err != nil {
				t.Fatal(err)
			}
			var read struct {
				AWS struct {
					CloudWatchMetrics []struct {
						Namespace  string
						Dimensions [][]string
						Metrics    []struct{ Name, Unit string }
					}
				} `json:"_aws"`
				B string
				D float64
			}
			want := strings.ToValidUTF8(text, "\ufffd")
			if err := json.Unmarshal(out.Bytes(), &read); err != nil {
				t.Errorf("%q: %v", text, err)
			} else if m := read.AWS.CloudWatchMetrics[0]; m.Namespace != want || read.B != want || m.Dimensions[0][0] != "A"+want || m.Metrics[0].Name != "C"+want || m.Metrics[1].Unit != want || read.D != value {
				t.Errorf("%q, %v: %s", text, value, out.Bytes())
			}
		}
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
