package costs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/local/lambdas"
	"github.com/vouch-s3/vouch/local/samtemplate"
)

// recorder writes down what a stack is asked, stage by stage.
type recorder struct {
	transport http.RoundTripper
	writing   sync.Mutex // one write of items at a time

	// Known once the stack runs.
	template *samtemplate.Stack
	records  *dynamodb.Client
	callers  map[string]string // the function's logical id by its access key

	mu        sync.Mutex
	stage     *Stage
	own       string // the scheduled function whose stage it is
	disturbed bool   // another one ran meanwhile
	last      time.Time
	err       error
	starts    []execution
	tasks     []lambdas.Invocation
	outputs   map[string]string // of tasks that waited, by token
}

// execution is a workflow that was started.
type execution struct{ machine, arn, input string }

func newRecorder() *recorder {
	return &recorder{transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}, outputs: map[string]string{}}
}

// begin opens a stage.
func (r *recorder) begin(name string, files int, bytes int64, own string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stage = &Stage{Name: name, Files: files, Bytes: bytes, Usage: Usage{}, Calls: map[string]Call{}, States: map[string]int{}, Indexes: map[string]IndexUse{}}
	r.own, r.disturbed, r.starts, r.tasks, r.last = own, false, nil, nil, time.Now()
}

// use counts n units that caller used of d in one call.
func (r *recorder) use(caller, what string, d Dimension, n float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(caller, what, n)
	if r.stage != nil {
		r.stage.Usage.Add(d, n)
	}
}

// index counts the write units of an index, which are counted as used besides.
func (r *recorder) index(name string, units, keysOnly float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stage == nil || units == 0 {
		return
	}
	was := r.stage.Indexes[name]
	r.stage.Indexes[name] = IndexUse{was.Units + units, was.KeysOnly + keysOnly}
}

// note writes down a call that is not billed by itself.
func (r *recorder) note(caller, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(caller, what, 0)
}

// add is called with mu held.
func (r *recorder) add(caller, what string, units float64) {
	r.last = time.Now()
	if r.stage == nil {
		return
	}
	c := r.stage.Calls[caller+": "+what]
	r.stage.Calls[caller+": "+what] = Call{c.Times + 1, c.Units + units}
}

// bytes counts what was read of S3: by clients, and by the function that scans,
// whose bytes go on to clamd. Others read the first of an object, or its size.
func (r *recorder) bytes(caller string, n float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = time.Now()
	switch {
	case r.stage == nil:
	case caller == byURL:
		r.stage.Usage.Add(DownloadedBytes, n)
	case strings.HasPrefix(caller, "ScanObject"):
		r.stage.Usage.Add(ScannedBytes, n)
	}
}

// invoked is told by Lambda.
func (r *recorder) invoked(i lambdas.Invocation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = time.Now()
	if r.stage == nil {
		return
	}
	f, ok := r.function(i.Function)
	if !ok {
		r.err = errors.Join(r.err, fmt.Errorf("the template has no function %s", i.Function))
		return
	}
	if r.scheduled(i.Function) && f.LogicalID != r.own {
		r.disturbed = true
	}
	r.tasks = append(r.tasks, i)
	r.stage.Usage.Add(LambdaRequests, 1)
	r.stage.Usage.Add(LambdaTime, float64(i.Took.Milliseconds()+1)/1000*float64(f.MemoryMB)/1024)
	r.stage.Usage.Add(LogBytes, platformLog)
	r.add("Lambda", f.LogicalID, float64(i.Took.Milliseconds()+1))
}

func (r *recorder) function(name string) (samtemplate.Function, bool) {
	for _, f := range r.template.Functions {
		if f.Name == name || f.ARN == name || f.LogicalID == name {
			return f, true
		}
	}
	return samtemplate.Function{}, false
}

func (r *recorder) scheduled(name string) bool {
	for _, s := range r.template.Schedules {
		if s.Function == name {
			return true
		}
	}
	return false
}

func (r *recorder) started(e execution) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, known := range r.starts {
		if known.arn == e.arn {
			return // it was asked for again while it ran
		}
	}
	r.starts = append(r.starts, e)
}

func (r *recorder) answered(token, output string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outputs[token] = output
}

// failed keeps an error of the counting itself, which ends the run.
func (r *recorder) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = errors.Join(r.err, err)
}

// caller is the function that a request is signed by.
func (r *recorder) caller(req *http.Request) string {
	credential := req.URL.Query().Get("X-Amz-Credential")
	if _, rest, ok := strings.Cut(req.Header.Get("Authorization"), "Credential="); ok {
		credential = rest
	}
	key, _, _ := strings.Cut(credential, "/")
	if name, ok := r.callers[key]; ok {
		return name
	}
	return "somebody"
}

func (r *recorder) table(name string) (samtemplate.Table, error) {
	for _, t := range r.template.Tables {
		if t.Name == name {
			return t, nil
		}
	}
	return samtemplate.Table{}, fmt.Errorf("the template has no table %s", name)
}

// get reads an item behind everybody's back; nil for none.
func (r *recorder) get(ctx context.Context, table string, key item) (item, error) {
	in := map[string]types.AttributeValue{}
	for name, v := range key {
		for kind, raw := range v {
			var text string
			if err := json.Unmarshal(raw, &text); err != nil {
				return nil, fmt.Errorf("read a key: %w", err)
			}
			switch kind {
			case "S":
				in[name] = &types.AttributeValueMemberS{Value: text}
			case "N":
				in[name] = &types.AttributeValueMemberN{Value: text}
			default:
				return nil, fmt.Errorf("a key of type %s is not known", kind)
			}
		}
	}
	out, err := r.records.GetItem(context.WithoutCancel(ctx), &dynamodb.GetItemInput{TableName: &table, Key: in, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, fmt.Errorf("read an item of %s: %w", table, err)
	}
	return fromSDK(out.Item)
}

// fromSDK writes an item as DynamoDB's JSON does.
func fromSDK(in map[string]types.AttributeValue) (item, error) {
	if len(in) == 0 {
		return nil, nil
	}
	plain := map[string]any{}
	for name, v := range in {
		w, err := wire(v)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		plain[name] = w
	}
	data, err := json.Marshal(plain)
	if err != nil {
		return nil, err
	}
	var out item
	return out, json.Unmarshal(data, &out)
}

func wire(v types.AttributeValue) (map[string]any, error) {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": v.Value}, nil
	case *types.AttributeValueMemberN:
		return map[string]any{"N": v.Value}, nil
	case *types.AttributeValueMemberB:
		return map[string]any{"B": v.Value}, nil
	case *types.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": v.Value}, nil
	case *types.AttributeValueMemberNULL:
		return map[string]any{"NULL": v.Value}, nil
	case *types.AttributeValueMemberSS:
		return map[string]any{"SS": v.Value}, nil
	case *types.AttributeValueMemberNS:
		return map[string]any{"NS": v.Value}, nil
	case *types.AttributeValueMemberL:
		all := make([]any, len(v.Value))
		for i, one := range v.Value {
			w, err := wire(one)
			if err != nil {
				return nil, err
			}
			all[i] = w
		}
		return map[string]any{"L": all}, nil
	case *types.AttributeValueMemberM:
		all := map[string]any{}
		for name, one := range v.Value {
			w, err := wire(one)
			if err != nil {
				return nil, err
			}
			all[name] = w
		}
		return map[string]any{"M": all}, nil
	}
	return nil, fmt.Errorf("a value of the type %T is not known", v)
}
