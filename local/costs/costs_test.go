package costs

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/local/lambdas"
	"github.com/vouch-s3/vouch/local/samtemplate"
)

func TestTheTablesFollowFromTheCountsAndThePrices(t *testing.T) {
	c, err := Read("counts.json")
	if err != nil {
		t.Fatal(err)
	}
	l, err := Prices()
	if err != nil {
		t.Fatal(err)
	}
	tables, err := Tables(c, l)
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile("../../docs/costs.md")
	if err != nil {
		t.Fatal(err)
	}
	if renewed, err := Renew(string(document), tables); err != nil || renewed != string(document) {
		t.Errorf("docs/costs.md has other tables than its counts and prices make: cd local && go run ./costs/cmd -tables (%v)", err)
	}
}

func TestWhatAFileIsBilledIsItsUsageTimesThePrices(t *testing.T) {
	c, err := Read("counts.json")
	if err != nil {
		t.Fatal(err)
	}
	l, err := Prices()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Stages {
		b, err := l.bill(s.billed())
		if err != nil {
			t.Fatal(err)
		}
		want := 0.0
		for d, n := range s.Usage {
			switch d {
			case DownloadedBytes, Traces:
				continue
			case ScannedBytes:
				if s.Name != UploadGuardDuty {
					want += n / 2 / 1e9 * 0.02
				}
				continue
			}
			p := l.Prices[d]
			want += n * p.USD / p.Per
		}
		want /= float64(s.Files)
		if s.Name == UploadGuardDuty {
			want += 0.000215 + 0.00009 + 0.0000004
		}
		if got := b.sum(); math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: %v, not %v", s.Name, got, want)
		}
		var columns []Dimension
		for _, g := range groups {
			columns = append(columns, g.of...)
		}
		if got := b.sum(columns...); math.Abs(got-b.sum()) > 1e-12 {
			t.Errorf("%s: the columns come to %v, and all to %v", s.Name, got, b.sum())
		}
	}
}

func TestEveryPriceSaysWhatItIsFor(t *testing.T) {
	l, err := Prices()
	if err != nil {
		t.Fatal(err)
	}
	if l.Region == "" || l.Date == "" {
		t.Error("the list says neither where nor when it holds")
	}
	for d, p := range l.Prices {
		if p.Per <= 0 || p.USD < 0 || p.Unit == "" || p.Page == "" {
			t.Errorf("%s: %+v", d, p)
		}
	}
	if _, err := l.of("something", 1); err == nil {
		t.Error("what has no price costs nothing")
	}
}

func items(t *testing.T, text string) item {
	t.Helper()
	var i item
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), &i); err != nil {
		t.Fatal(err)
	}
	return i
}

func TestAnItemIsAsLargeAsDynamoDBSaysItIs(t *testing.T) {
	for name, tt := range map[string]struct {
		item string
		want int
	}{
		"nothing":       {``, 0},
		"a text":        {`{"id":{"S":"héllo"}}`, 2 + 6},
		"a number":      {`{"n":{"N":"12345"}}`, 1 + 4},
		"a small one":   {`{"n":{"N":"-7"}}`, 1 + 3},
		"zeros at ends": {`{"n":{"N":"0.0012000"}}`, 1 + 2},
		"binary":        {`{"b":{"B":"AAECAw=="}}`, 1 + 4},
		"a truth":       {`{"b":{"BOOL":true},"n":{"NULL":true}}`, 1 + 1 + 1 + 1},
		"a set":         {`{"s":{"SS":["ab","c"]}}`, 1 + 3},
		"a list":        {`{"l":{"L":[{"S":"ab"},{"N":"1"}]}}`, 1 + 3 + 2 + 2 + 2},
		"a map":         {`{"m":{"M":{"k":{"S":"ab"}}}}`, 1 + 3 + 1 + 1 + 2},
	} {
		if got, err := items(t, tt.item).size(); err != nil || got != tt.want {
			t.Errorf("%s: %d %v, not %d", name, got, err, tt.want)
		}
	}
	for _, wrong := range []string{`{"a":{"X":"1"}}`, `{"a":{}}`, `{"a":{"S":1}}`, `{"a":{"B":"!"}}`} {
		if n, err := items(t, wrong).size(); err == nil {
			t.Errorf("%s has %d bytes", wrong, n)
		}
	}
}

func TestUnitsAreRoundedUpAndNeverNone(t *testing.T) {
	for _, tt := range []struct{ got, want float64 }{
		{writeUnits(0), 1},
		{writeUnits(1024), 1},
		{writeUnits(1025), 2},
		{readUnits(0, true), 1},
		{readUnits(0, false), 0.5},
		{readUnits(4096, true), 1},
		{readUnits(4097, true), 2},
		{readUnits(4097, false), 1},
		{requestsOf(0), 1},
		{requestsOf(512 << 10), 1},
		{requestsOf(512<<10 + 1), 2},
	} {
		if tt.got != tt.want {
			t.Errorf("%v units, not %v", tt.got, tt.want)
		}
	}
}

func TestAnIndexIsBilledForWhatChangesInIt(t *testing.T) {
	table := samtemplate.Table{Key: []samtemplate.Key{{AttributeName: "id", KeyType: "HASH"}}}
	index := samtemplate.Index{KeySchema: []samtemplate.Key{{AttributeName: "at", KeyType: "HASH"}}}
	index.Projection.ProjectionType, index.Projection.NonKeyAttributes = "INCLUDE", []string{"name"}
	long := strings.Repeat("x", 2000)
	for name, tt := range map[string]struct {
		before, after string
		want          float64
	}{
		"an item outside of it":           {``, `{"id":{"S":"1"}}`, 0},
		"one that comes":                  {``, `{"id":{"S":"1"},"at":{"S":"a"}}`, 1},
		"one that comes into it":          {`{"id":{"S":"1"}}`, `{"id":{"S":"1"},"at":{"S":"a"}}`, 1},
		"one that leaves it":              {`{"id":{"S":"1"},"at":{"S":"a"}}`, `{"id":{"S":"1"}}`, 1},
		"one that goes":                   {`{"id":{"S":"1"},"at":{"S":"a"}}`, ``, 1},
		"one whose key changes":           {`{"id":{"S":"1"},"at":{"S":"a"}}`, `{"id":{"S":"1"},"at":{"S":"b"}}`, 2},
		"a projected attribute":           {`{"id":{"S":"1"},"at":{"S":"a"},"name":{"S":"n"}}`, `{"id":{"S":"1"},"at":{"S":"a"},"name":{"S":"m"}}`, 1},
		"a long one":                      {`{"id":{"S":"1"},"at":{"S":"a"}}`, `{"id":{"S":"1"},"at":{"S":"a"},"name":{"S":"` + long + `"}}`, 2},
		"an attribute that it has not":    {`{"id":{"S":"1"},"at":{"S":"a"}}`, `{"id":{"S":"1"},"at":{"S":"a"},"other":{"S":"` + long + `"}}`, 0},
		"a key and a long attribute both": {`{"id":{"S":"1"},"at":{"S":"a"},"name":{"S":"` + long + `"}}`, `{"id":{"S":"1"},"at":{"S":"b"}}`, 3},
	} {
		if got, err := indexUnits(table, index, items(t, tt.before), items(t, tt.after)); err != nil || got != tt.want {
			t.Errorf("%s: %v %v, not %v", name, got, err, tt.want)
		}
	}
	index.Projection.ProjectionType = "ALL"
	if got, err := indexUnits(table, index, items(t, `{"id":{"S":"1"},"at":{"S":"a"}}`), items(t, `{"id":{"S":"1"},"at":{"S":"a"},"other":{"S":"x"}}`)); err != nil || got != 1 {
		t.Errorf("an index of all is billed %v %v for any attribute", got, err)
	}
}

func TestEveryRequestToS3HasItsClass(t *testing.T) {
	for request, want := range map[string]Dimension{
		"PUT /b/k": StorePuts, "PUT /b/k?partNumber=1&uploadId=u": StorePuts, "PUT /b/k?tagging&versionId=v": StorePuts,
		"POST /b/k?uploads": StorePuts, "POST /b/k?uploadId=u": StorePuts, "POST /b": StorePuts,
		"GET /b?versions&prefix=p": StorePuts, "GET /b?uploads": StorePuts, "GET /b/k?uploadId=u": StorePuts, "GET /b?list-type=2": StorePuts,
		"GET /b/k?versionId=v": StoreGets, "HEAD /b/k": StoreGets, "GET /b/k?tagging": StoreGets,
		"DELETE /b/k?versionId=v": StoreDeletes, "DELETE /b/k?uploadId=u": StoreDeletes,
		"PATCH /b/k": "", "DELETE /b": "",
	} {
		method, at, _ := strings.Cut(request, " ")
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		if name, got := objectRequest(method, u); got != want {
			t.Errorf("%s is %s, billed as %q, not %q", request, name, got, want)
		}
	}
}

func TestAWorkflowIsWalkedByWhatItsTasksAnswered(t *testing.T) {
	const definition = `{"StartAt":"Begin","States":{
		"Begin":{"Type":"Pass","Result":{"outcome":""},"ResultPath":"$.second","Next":"First"},
		"First":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"first","Payload":{"id.$":"$.id"}},
			"ResultSelector":{"outcome.$":"$.Payload.outcome"},"ResultPath":"$.step","Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.failure","Next":"Bad"}],"Next":"Is"},
		"Is":{"Type":"Choice","Choices":[{"Variable":"$.step.outcome","StringEquals":"wait","Next":"Second"},{"Variable":"$.step.outcome","StringEquals":"good","Next":"Good"}],"Default":"Bad"},
		"Second":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Parameters":{"FunctionName":"second","Payload":{"id.$":"$.id","token.$":"$$.Task.Token"}},
			"ResultPath":"$.second","Next":"Was"},
		"Was":{"Type":"Choice","Choices":[{"And":[{"Variable":"$.second.good","BooleanEquals":true},{"Variable":"$.step.outcome","StringEquals":"wait"}],"Next":"Good"}],"Default":"Bad"},
		"Good":{"Type":"Succeed"},"Bad":{"Type":"Fail"}}}`
	ran := func(function, payload, answer string) lambdas.Invocation {
		i := lambdas.Invocation{Function: function, Payload: []byte(payload), Result: lambdas.Result{Payload: []byte(answer)}}
		if answer == "" {
			i.Result.FunctionError = "Unhandled"
		}
		return i
	}
	first := func(answer string) lambdas.Invocation { return ran("first", `{"id":"1"}`, answer) }
	for name, tt := range map[string]struct {
		invocations []lambdas.Invocation
		want        string // in the error if it is none
	}{
		"good":               {[]lambdas.Invocation{first(`{"outcome":"good"}`)}, "Begin First Is Good"},
		"of another file":    {[]lambdas.Invocation{ran("first", `{"id":"2"}`, `{"outcome":"bad"}`), first(`{"outcome":"good"}`)}, "Begin First Is Good"},
		"tried again":        {[]lambdas.Invocation{first(""), first(""), first(`{"outcome":"bad"}`)}, "Begin First First First Is Bad"},
		"failed for good":    {[]lambdas.Invocation{first("")}, "Begin First Bad"},
		"waited":             {[]lambdas.Invocation{first(`{"outcome":"wait"}`), ran("second", `{"id":"1","token":"t"}`, `null`)}, "Begin First Is Second Was Good"},
		"waits for nobody":   {[]lambdas.Invocation{first(`{"outcome":"wait"}`), ran("second", `{"id":"1","token":"u"}`, `null`)}, "nobody has answered"},
		"nothing was asked":  {nil, "no invocation was given"},
		"an answer lacks it": {[]lambdas.Invocation{first(`{}`)}, "there is nothing at $.Payload.outcome"},
	} {
		got, err := path(definition, `{"id":"1"}`, tt.invocations, func(arn string) string { return arn }, map[string]string{"t": `{"good":true}`})
		said := strings.Join(got, " ")
		if err != nil {
			said = err.Error()
		}
		if said != tt.want && (err == nil || !strings.Contains(said, tt.want)) {
			t.Errorf("%s: %s, not %s", name, said, tt.want)
		}
	}
}

func TestWhatStandsInTheTemplateIsBilledByTime(t *testing.T) {
	get := func(scanners string) map[Dimension]float64 {
		month, err := deployed("../../template.yaml", scanners)
		if err != nil {
			t.Fatal(err)
		}
		return month
	}
	clamav, guardduty := get("clamav"), get("guardduty")
	for d, want := range map[Dimension]float64{
		TaskCPU: 2 * 2 * hours, TaskMemory: 2 * 8 * hours, TaskStorage: 2 * 60 * hours, EndpointHours: 3 * 2 * hours, Zones: 1,
	} {
		if clamav[d] != want || guardduty[d] != 0 {
			t.Errorf("%s: %v with ClamAV and %v with GuardDuty, not %v and none", d, clamav[d], guardduty[d], want)
		}
	}
	if clamav[Keys] < 2 || clamav[Alarms] <= guardduty[Alarms] {
		t.Errorf("%v keys; %v alarms with ClamAV and %v with GuardDuty", clamav[Keys], clamav[Alarms], guardduty[Alarms])
	}
	if _, err := fixed([]samtemplate.Resource{{ID: "Thing", Type: "AWS::New::Thing"}}); err == nil {
		t.Error("a resource that is not known costs nothing")
	}
}

func TestMetricsAreCountedByTheirDimensions(t *testing.T) {
	lines := `not JSON
{"level":"INFO"}
{"_aws":{"CloudWatchMetrics":[{"Namespace":"Vouch","Dimensions":[["FunctionName"]],"Metrics":[{"Name":"A"},{"Name":"B"}]}]},"FunctionName":"f","A":1,"B":2}
{"_aws":{"CloudWatchMetrics":[{"Namespace":"Vouch","Dimensions":[["FunctionName"]],"Metrics":[{"Name":"A"}]}]},"FunctionName":"f","A":3}
{"_aws":{"CloudWatchMetrics":[{"Namespace":"Vouch","Dimensions":[["FunctionName"]],"Metrics":[{"Name":"A"}]}]},"FunctionName":"g","A":1}
`
	if got, want := metricsIn([]byte(lines)), []string{"Vouch/A of f", "Vouch/A of g", "Vouch/B of f"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestARequestIsCountedForTheFunctionThatSignedIt(t *testing.T) {
	r := newRecorder()
	r.callers = map[string]string{"AKIA1": "GetFileFunction"}
	for name, tt := range map[string]struct {
		set  func(*http.Request)
		want string
	}{
		"a header": {func(r *http.Request) {
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIA1/20260101/us-east-1/s3/aws4_request, SignedHeaders=host")
		}, "GetFileFunction"},
		"a URL":        {func(r *http.Request) { r.URL.RawQuery = "X-Amz-Credential=AKIA1%2F20260101" }, "GetFileFunction"},
		"another's":    {func(r *http.Request) { r.URL.RawQuery = "X-Amz-Credential=AKIA2%2F20260101" }, "somebody"},
		"no signature": {func(*http.Request) {}, "somebody"},
	} {
		req, err := http.NewRequest(http.MethodGet, "http://127.0.0.1/", nil)
		if err != nil {
			t.Fatal(err)
		}
		tt.set(req)
		if got := r.caller(req); got != tt.want {
			t.Errorf("%s: %s, not %s", name, got, tt.want)
		}
	}
}
