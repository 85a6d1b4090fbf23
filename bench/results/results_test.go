package results_test

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/bench/results"
)

func TestWhatIsSavedIsWhatIsRead(t *testing.T) {
	dir := t.TempDir()
	saved := results.New("scan", "make bench TABLES=scan")
	for run := range 3 {
		saved.Row("ours", map[string]string{"size": "1"}).Add("rate-MB/s", float64(run)+0.5)
		saved.Row("theirs", map[string]string{"size": "1"}).AddTime("latency-ms", time.Duration(run+1)*time.Millisecond)
	}
	if err := saved.Save(dir); err != nil {
		t.Fatal(err)
	}
	read, err := results.Load(dir, "scan")
	if err != nil || !reflect.DeepEqual(read, saved) {
		t.Errorf("%+v, %v", read, err)
	}
	if got, err := read.Find("theirs", map[string]string{"size": "1"}, "latency-ms"); err != nil || !slices.Equal(got, []float64{1, 2, 3}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, missing := range [][2]string{{"nobody", "latency-ms"}, {"theirs", "rate-MB/s"}} {
		if _, err := read.Find(missing[0], nil, missing[1]); err == nil {
			t.Errorf("%v was found", missing)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, "scan.json")); err != nil || !strings.Contains(string(text), "[0.5,1.5,2.5]") {
		t.Errorf("a metric has no line of its own: %s, %v", text, err)
	}
}

func TestWhatIsNoNumberIsNotSaved(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1)} {
		table := results.New("a", "")
		table.Row("r", nil).Add("x", v)
		if err := table.Save(t.TempDir()); err == nil {
			t.Errorf("%v is saved", v)
		}
	}
	if _, err := results.Load(t.TempDir(), "a"); err == nil {
		t.Error("what is not there is read")
	}
}

func TestASpreadIsTheMiddleAndTheEnds(t *testing.T) {
	for _, tt := range []struct {
		samples []float64
		want    results.Spread
		text    string
	}{
		{nil, results.Spread{}, "0.00"},
		{[]float64{2}, results.Spread{Median: 2, Lowest: 2, Highest: 2, N: 1}, "2.00"},
		{[]float64{3, 1, 2}, results.Spread{Median: 2, Lowest: 1, Highest: 3, N: 3}, "2.00 (1.00 to 3.00)"},
		{[]float64{4, 1, 2, 3}, results.Spread{Median: 2.5, Lowest: 1, Highest: 4, N: 4}, "2.50 (1.00 to 4.00)"},
	} {
		got := results.Of(tt.samples)
		if got != tt.want || got.String() != tt.text {
			t.Errorf("%v: %+v, %s", tt.samples, got, got)
		}
	}
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	for p, want := range map[float64]float64{0: 1, 50: 50, 99: 99, 100: 100} {
		if got := results.Percentile(hundred, p); got != want {
			t.Errorf("p%v is %v", p, got)
		}
	}
}

func TestRatiosAreThoseOfTheSameRun(t *testing.T) {
	if got, err := results.Ratios([]float64{2, 9}, []float64{1, 3}); err != nil || !slices.Equal(got, []float64{2, 3}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, b := range [][]float64{{1}, {1, 0}, nil} {
		if _, err := results.Ratios([]float64{2, 9}, b); err == nil {
			t.Errorf("by %v", b)
		}
	}
}

func TestGoalsAreMetAtTheirBound(t *testing.T) {
	for _, tt := range []struct {
		goal results.Goal
		v    float64
		met  bool
	}{
		{results.AtMost(1.5), 1.5, true},
		{results.AtMost(1.5), 1.51, false},
		{results.AtLeast(5), 5, true},
		{results.AtLeast(5), 4.99, false},
	} {
		if tt.goal.Met(tt.v) != tt.met || (tt.goal.Judge(tt.v) == "met") != tt.met {
			t.Errorf("%v of %v", tt.goal, tt.v)
		}
	}
}

func TestADocumentIsRenewedBetweenItsMarksOnly(t *testing.T) {
	doc := "a\n<!-- bench: x -->\nold\n<!-- /bench -->\nb\n<!-- bench: y -->\n<!-- /bench -->\n"
	got, err := results.Renew(doc, "x", "new\n")
	if err != nil || got != strings.Replace(doc, "old", "new", 1) {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range []string{
		"", "<!-- bench: x -->\n", "<!-- bench: x -->\n<!-- bench: y -->\n<!-- /bench -->\n",
		"<!-- bench: x -->\n<!-- /bench -->\n<!-- bench: x -->\n<!-- /bench -->\n",
	} {
		if _, err := results.Renew(bad, "x", ""); err == nil {
			t.Errorf("%q is renewed", bad)
		}
	}
}

func TestThePictureOfTheSameFiguresIsTheSame(t *testing.T) {
	dots := results.Dots{Title: "t", Unit: "ms", Log: true, Goals: []float64{2}, Of: []results.Dot{
		{Name: "ours", Spread: results.Of([]float64{1, 2, 3})}, {Name: "theirs", Spread: results.Of([]float64{100})},
	}}
	fall := results.Waterfall{Title: "t", Of: []results.Span{{"ask", 0, 2}, {"put", 2, 9}}}
	for _, draw := range []func() ([]byte, error){dots.SVG, fall.SVG} {
		one, err := draw()
		two, err2 := draw()
		if err != nil || err2 != nil || string(one) != string(two) || !strings.Contains(string(one), "<svg") {
			t.Errorf("%v, %v", err, err2)
		}
	}
	dots.Of[0].Spread = results.Spread{}
	if _, err := dots.SVG(); err == nil {
		t.Error("zero stands on an axis of powers of ten")
	}
}
