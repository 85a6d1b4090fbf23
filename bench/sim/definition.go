package sim

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Definition is a workflow in Amazon States Language, as far as it says which state
// follows which, and how failures are tried again ("Amazon States Language",
// states-language.net). What a run needs and it does not know is an error.
type Definition struct {
	StartAt string
	States  map[string]*State
}

// State is one state of a Definition.
type State struct {
	Type       string
	Next       string
	End        bool
	Resource   string
	Result     map[string]any
	ResultPath string
	Parameters struct{ FunctionName string }
	Choices    []struct{ Variable, StringEquals, Next string }
	Default    string
	Retry      []Retrier
	Catch      []struct {
		ErrorEquals []string
		Next        string
	}
}

// Retrier says how often errors are tried again, and after which pauses.
type Retrier struct {
	ErrorEquals     []string
	IntervalSeconds float64
	BackoffRate     float64
	MaxAttempts     *int
	MaxDelaySeconds float64
	JitterStrategy  string
}

// ParseDefinition reads a definition.
func ParseDefinition(data []byte) (*Definition, error) {
	var d Definition
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, fmt.Errorf("read the definition: %w", err)
	}
	for name, s := range d.States {
		switch s.Type {
		case "Task", "Pass", "Choice", "Succeed", "Fail":
		default:
			return nil, fmt.Errorf("read the definition: state %s has the type %q, which is not simulated", name, s.Type)
		}
	}
	if d.States[d.StartAt] == nil {
		return nil, fmt.Errorf("read the definition: it starts at %q, which there is not", d.StartAt)
	}
	return &d, nil
}

// Impatient returns the definition as it was when only a scan waited for its turn, and
// every other step that was throttled had failed.
func (d *Definition) Impatient() *Definition {
	out := &Definition{StartAt: d.StartAt, States: map[string]*State{}}
	for name, s := range d.States {
		c := *s
		c.Retry = slices.DeleteFunc(slices.Clone(s.Retry), func(r Retrier) bool {
			return name != "ScanObject" && slices.Contains(r.ErrorEquals, tooMany)
		})
		out.States[name] = &c
	}
	return out
}

// function is the logical id of the function that a task invokes.
func (s *State) function() string {
	return strings.TrimSuffix(strings.TrimPrefix(s.Parameters.FunctionName, "${"), "Arn}")
}

// choose returns the state that a Choice goes on to, by the values of paths.
func (s *State) choose(value func(path string) string) string {
	for _, c := range s.Choices {
		if value(c.Variable) == c.StringEquals {
			return c.Next
		}
	}
	return s.Default
}

// retrier returns the first that is for the error, and its index.
func (s *State) retrier(code string) (int, *Retrier) {
	for i := range s.Retry {
		if matches(s.Retry[i].ErrorEquals, code) {
			return i, &s.Retry[i]
		}
	}
	return 0, nil
}

// caught returns the state that an error leads to, empty where the execution fails.
func (s *State) caught(code string) string {
	for _, c := range s.Catch {
		if matches(c.ErrorEquals, code) {
			return c.Next
		}
	}
	return ""
}

func matches(errors []string, code string) bool {
	return slices.Contains(errors, code) || slices.Contains(errors, "States.ALL")
}

// pause returns how long the retrier waits before the given retry, of which 0 is the
// first, and false where there is none left. The defaults are the language's.
func (r *Retrier) pause(retry int, random *rand.Rand) (time.Duration, bool) {
	attempts, interval, rate := 3, 1.0, 2.0
	if r.MaxAttempts != nil {
		attempts = *r.MaxAttempts
	}
	if r.IntervalSeconds != 0 {
		interval = r.IntervalSeconds
	}
	if r.BackoffRate != 0 {
		rate = r.BackoffRate
	}
	if retry >= attempts {
		return 0, false
	}
	seconds := interval * math.Pow(rate, float64(retry))
	if r.MaxDelaySeconds != 0 {
		seconds = math.Min(seconds, r.MaxDelaySeconds)
	}
	if r.JitterStrategy == "FULL" {
		seconds *= random.Float64()
	}
	return time.Duration(seconds * float64(time.Second)), true
}
