package samtemplate

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/local/policies"
)

func (b *builder) function(res resource, given map[string]any) error {
	var p struct {
		CodeUri, Handler, Runtime, Description string
		Timeout, MemorySize                    int
		ReservedConcurrentExecutions           int
		Environment                            struct{ Variables map[string]string }
		Events                                 map[string]any
		Policies                               []any
		EventInvokeConfig                      struct {
			MaximumRetryAttempts     *int
			MaximumEventAgeInSeconds int
			DestinationConfig        struct {
				OnFailure struct{ Type, Destination string }
			}
		}
		Architectures, Tracing, LoggingConfig, VpcConfig any
	}
	if err := as(given, &p); err != nil {
		return err
	}
	if p.Runtime != "provided.al2023" || p.CodeUri == "" {
		return fmt.Errorf("only functions of the runtime provided.al2023 with a CodeUri are run here, not %q", p.Runtime)
	}
	documents, err := roleOf(b, res, p.Policies)
	if err != nil {
		return err
	}
	f := Function{
		LogicalID:      res.ID,
		Name:           res.name(b.env),
		ARN:            res.arn(b.env),
		CodeURI:        p.CodeUri,
		Timeout:        time.Duration(p.Timeout) * time.Second,
		MemoryMB:       p.MemorySize,
		MaxConcurrency: p.ReservedConcurrentExecutions,
		Env:            p.Environment.Variables,
		Role:           documents,
		AsyncRetries:   2, // Lambda's own default
	}
	if n := p.EventInvokeConfig.MaximumRetryAttempts; n != nil {
		f.AsyncRetries = *n
	}
	if to := p.EventInvokeConfig.DestinationConfig.OnFailure; to.Destination != "" {
		if to.Type != "SQS" {
			return fmt.Errorf("the destination OnFailure is %s; only SQS is offered here", to.Type)
		}
		f.OnFailure = to.Destination
	}
	b.stack.Functions = append(b.stack.Functions, f)
	for _, name := range slices.Sorted(maps.Keys(p.Events)) {
		if err := b.event(res, name, p.Events[name]); err != nil {
			return fmt.Errorf("event %s: %w", name, err)
		}
	}
	return nil
}

// event reads one of a function's events.
func (b *builder) event(function resource, name string, v any) error {
	var e struct {
		Type       string
		Properties map[string]any
	}
	if err := as(v, &e); err != nil {
		return err
	}
	if err := check("function event "+e.Type, name, e.Properties, func(s string) { b.stack.StoodIn = append(b.stack.StoodIn, s) }); err != nil {
		return err
	}
	switch e.Type {
	case "HttpApi":
		var p struct {
			ApiId, Method, Path string
			Auth                struct {
				Authorizer          string
				AuthorizationScopes []string
			}
		}
		if err := as(e.Properties, &p); err != nil {
			return err
		}
		of := b.resources[strings.TrimPrefix(p.ApiId, b.env.StackName+"-")]
		if of.Type != "AWS::Serverless::HttpApi" {
			return fmt.Errorf("the ApiId %q is of no HTTP API", p.ApiId)
		}
		api := b.apiOf(of)
		api.Routes = append(api.Routes, Route{
			Method: strings.ToUpper(p.Method), Path: p.Path, Function: function.name(b.env),
			Authorizer: p.Auth.Authorizer, Scopes: p.Auth.AuthorizationScopes,
		})
	case "EventBridgeRule":
		pattern, err := json.Marshal(e.Properties["Pattern"])
		if err != nil {
			return err
		}
		b.stack.Rules = append(b.stack.Rules, Rule{Name: function.name(b.env) + name, Pattern: string(pattern), FunctionARN: function.arn(b.env)})
	case "ScheduleV2":
		every, err := rate(fmt.Sprint(e.Properties["ScheduleExpression"]))
		if err != nil {
			return err
		}
		b.stack.Schedules = append(b.stack.Schedules, Schedule{Name: function.name(b.env) + name, Every: every, Function: function.name(b.env)})
	}
	return nil
}

// rate reads a schedule like rate(5 minutes).
func rate(expression string) (time.Duration, error) {
	inner, ok := strings.CutPrefix(strings.TrimSuffix(expression, ")"), "rate(")
	number, unit, spaced := strings.Cut(inner, " ")
	n, err := strconv.Atoi(number)
	if !ok || !spaced || err != nil || n <= 0 {
		return 0, fmt.Errorf("the schedule %q is not carried out here: only rate(…) is", expression)
	}
	units := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
	d, ok := units[strings.TrimSuffix(unit, "s")]
	if !ok {
		return 0, fmt.Errorf("the schedule %q has no unit", expression)
	}
	return time.Duration(n) * d, nil
}

// roleOf reads the statements written out under a function's Policies. Names
// of managed policies and SAM's policy templates are refused: what a function
// may do is written out in the template.
func roleOf(b *builder, res resource, documents []any) (policies.Role, error) {
	made := b.resources[res.ID+"Role"]
	r := policies.Role{Name: made.name(b.env), ARN: made.arn(b.env)}
	for _, d := range documents {
		data, err := json.Marshal(d)
		if err != nil {
			return r, err
		}
		p, err := policies.ParseIdentity(data)
		if err != nil {
			return r, fmt.Errorf("property Policies: %w", err)
		}
		r.Policies = append(r.Policies, p)
	}
	return r, nil
}

func (b *builder) stateMachine(res resource, given map[string]any) error {
	var p struct {
		Name                    string
		Type, DefinitionUri     string
		DefinitionSubstitutions map[string]string
		Policies                []any
		Events                  map[string]any
		Tracing, Logging        any
	}
	if err := as(given, &p); err != nil {
		return err
	}
	if p.Name != "" && p.Name != res.name(b.env) {
		return fmt.Errorf("the Name %q depends on another resource, which is not offered here", p.Name)
	}
	if p.Type != "STANDARD" {
		return fmt.Errorf("only STANDARD state machines are run here, not %q", p.Type)
	}
	data, err := os.ReadFile(filepath.Join(b.dir, p.DefinitionUri))
	if err != nil {
		return fmt.Errorf("read the definition: %w", err)
	}
	definition := string(data)
	for name, value := range p.DefinitionSubstitutions {
		definition = strings.ReplaceAll(definition, "${"+name+"}", value)
	}
	if left := variable.FindString(definition); left != "" {
		return fmt.Errorf("%s: nothing is substituted for %s", p.DefinitionUri, left)
	}
	r, err := roleOf(b, res, p.Policies)
	if err != nil {
		return err
	}
	b.stack.StateMachines = append(b.stack.StateMachines, StateMachine{Name: res.name(b.env), ARN: res.arn(b.env), Definition: definition, Role: r})
	for _, name := range slices.Sorted(maps.Keys(p.Events)) {
		if err := b.stateMachineEvent(res, name, p.Events[name]); err != nil {
			return fmt.Errorf("event %s: %w", name, err)
		}
	}
	return nil
}

// stateMachineEvent reads one of a state machine's events. A schedule that is
// disabled is none.
func (b *builder) stateMachineEvent(machine resource, name string, v any) error {
	var e struct {
		Type       string
		Properties map[string]any
	}
	if err := as(v, &e); err != nil {
		return err
	}
	if err := check("state machine event "+e.Type, name, e.Properties, func(s string) { b.stack.StoodIn = append(b.stack.StoodIn, s) }); err != nil {
		return err
	}
	var p struct {
		ScheduleExpression, State, Input    string
		Name, RetryPolicy, DeadLetterConfig any
	}
	if err := as(e.Properties, &p); err != nil {
		return err
	}
	switch p.State {
	case "DISABLED":
		return nil
	case "", "ENABLED":
	default:
		return fmt.Errorf("the state is %q", p.State)
	}
	every, err := rate(p.ScheduleExpression)
	if err != nil {
		return err
	}
	b.stack.Schedules = append(b.stack.Schedules, Schedule{Name: machine.name(b.env) + name, Every: every, StateMachineARN: machine.arn(b.env), Input: p.Input})
	return nil
}
