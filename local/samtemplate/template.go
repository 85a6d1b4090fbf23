package samtemplate

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/vouch-s3/vouch/local/policies"
)

// Env is where a template is to be run.
type Env struct {
	Region     string
	AccountID  string
	StackName  string
	Parameters map[string]string
}

// Stack is what a template describes.
type Stack struct {
	Functions     []Function
	API           API // that takes tokens
	MachineAPI    API // that takes signatures
	Tables        []Table
	Buckets       []Bucket
	StateMachines []StateMachine
	EventBuses    []string // by name
	Queues        []Queue
	SigningKeys   []SigningKey
	Rules         []Rule
	Mappings      []Mapping
	Schedules     []Schedule
	Outputs       map[string]string

	// StoodIn lists what the template asks for and the local stack does
	// otherwise or not at all, each with the reason.
	StoodIn []string
}

// Function is a Lambda function.
type Function struct {
	LogicalID      string
	Name           string
	ARN            string
	CodeURI        string // a folder, relative to the template
	Timeout        time.Duration
	MemoryMB       int
	MaxConcurrency int // 0 for no limit of its own
	Env            map[string]string
	Role           policies.Role
	AsyncRetries   int
	OnFailure      string // the ARN of a queue, or empty
}

// StateMachine is a Step Functions state machine.
type StateMachine struct {
	Name       string
	ARN        string
	Definition string // Amazon States Language, with every substitution made
	Role       policies.Role
}

// Queue is an SQS queue.
type Queue struct{ Name, ARN string }

// Rule is an EventBridge rule on the default bus with one function as its target.
type Rule struct {
	Name        string
	Pattern     string // JSON
	FunctionARN string
}

// Schedule invokes a function, or starts a state machine, again and again.
type Schedule struct {
	Name  string
	Every time.Duration

	// One of these is there: the name of the function, or the ARN of the state
	// machine and the input that it is started with.
	Function, StateMachineARN, Input string
}

type builder struct {
	*resolver
	dir     string
	globals map[string]any
	stack   *Stack
}

// Load reads the template at path. Its error names the resource and the
// property that it trips on.
func Load(path string, env Env) (*Stack, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	stack, err := load(data, filepath.Dir(path), env)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	return stack, nil
}

func load(data []byte, dir string, env Env) (*Stack, error) {
	section, r, err := open(data, env)
	if err != nil {
		return nil, err
	}
	b := &builder{resolver: r, dir: dir, stack: &Stack{Outputs: map[string]string{}}}
	for name, g := range section("Globals") {
		if name != "Function" {
			return nil, fmt.Errorf("section Globals: %s is not known here", name)
		}
		var ok bool
		if b.globals, ok = g.(map[string]any); !ok {
			return nil, fmt.Errorf("section Globals: Function is not a map")
		}
	}
	if err := b.declare(section("Resources")); err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(r.resources)) {
		if err := b.build(r.resources[id]); err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
	}
	for _, api := range []*API{&b.stack.API, &b.stack.MachineAPI} {
		if err := api.limitRoutes(); err != nil {
			return nil, err
		}
	}
	if err := b.stack.checkMappings(); err != nil {
		return nil, err
	}
	for name, o := range section("Outputs") {
		if output, ok := o.(map[string]any); ok && output["Condition"] != nil {
			holds, err := r.condition(fmt.Sprint(output["Condition"]))
			if err != nil {
				return nil, fmt.Errorf("output %s: %w", name, err)
			}
			if !holds {
				continue
			}
			o = map[string]any{"Value": output["Value"]}
		}
		v, err := r.resolve(o)
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", name, err)
		}
		if m, ok := v.(map[string]any); ok {
			b.stack.Outputs[name] = fmt.Sprint(m["Value"])
		}
	}
	slices.Sort(b.stack.StoodIn)
	b.stack.StoodIn = slices.Compact(b.stack.StoodIn)
	return b.stack, nil
}

// open decodes a template, holds the parameters to it and to its rules, and returns
// its sections and what resolves them.
func open(data []byte, env Env) (section func(name string) map[string]any, r *resolver, err error) {
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, nil, err
	}
	if root.Kind != yaml.DocumentNode {
		return nil, nil, fmt.Errorf("it is empty")
	}
	decoded, err := decode(&root)
	if err != nil {
		return nil, nil, err
	}
	document, ok := decoded.(map[string]any)
	if !ok || document["Transform"] != "AWS::Serverless-2016-10-31" {
		return nil, nil, fmt.Errorf("it is not a SAM template (Transform: AWS::Serverless-2016-10-31)")
	}
	section = func(name string) map[string]any { m, _ := document[name].(map[string]any); return m }
	for name := range document {
		switch name {
		case "AWSTemplateFormatVersion", "Transform", "Description", "Metadata", "Parameters", "Rules", "Conditions", "Globals", "Resources", "Outputs":
		default:
			return nil, nil, fmt.Errorf("the section %s is not known here", name)
		}
	}
	r = &resolver{env: env, conditions: section("Conditions"), resources: map[string]resource{}, deciding: map[string]bool{}}
	if r.parameters, err = parameterValues(section("Parameters"), env.Parameters); err != nil {
		return nil, nil, err
	}
	return section, r, r.hold(section("Rules"))
}

// declare notes every resource that is to be there, so that they can refer to
// each other in any order.
func (b *builder) declare(all map[string]any) error {
	for id, v := range all {
		entry, ok := v.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is not a resource", id)
		}
		for name := range entry {
			switch name {
			case "Type", "Properties", "Condition", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy", "Metadata":
			default:
				return fmt.Errorf("%s: %s is not known here", id, name)
			}
		}
		if c, ok := entry["Condition"]; ok {
			holds, err := b.condition(fmt.Sprint(c))
			if err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
			if !holds {
				continue
			}
		}
		res := resource{ID: id, Type: fmt.Sprint(entry["Type"])}
		res.Properties, _ = entry["Properties"].(map[string]any)
		b.resources[id] = res
		if res.Type == "AWS::Serverless::Function" || res.Type == "AWS::Serverless::StateMachine" {
			b.resources[id+"Role"] = resource{ID: id + "Role", Type: role}
		}
	}
	return nil
}

func (b *builder) build(res resource) error {
	if res.Type == role && res.Properties == nil {
		return nil // made by SAM, and part of its function here
	}
	given := res.Properties
	if res.Type == "AWS::Serverless::Function" {
		given = merged(b.globals, given)
	}
	if err := check(res.Type, res.ID, given, func(s string) { b.stack.StoodIn = append(b.stack.StoodIn, s) }); err != nil {
		return err
	}
	v, err := b.resolve(given)
	if err != nil {
		return err
	}
	resolved := v.(map[string]any) // resolving keeps a map a map, unless it is a function
	switch res.Type {
	case "AWS::Serverless::Function":
		return b.function(res, resolved)
	case "AWS::Serverless::HttpApi":
		return b.api(res, resolved)
	case "AWS::Serverless::StateMachine":
		return b.stateMachine(res, resolved)
	case "AWS::DynamoDB::Table":
		return b.table(res, resolved)
	case "AWS::Lambda::EventSourceMapping":
		return b.mapping(res, resolved)
	case "AWS::S3::Bucket":
		return b.bucket(res, resolved)
	case "AWS::S3::BucketPolicy":
		return b.bucketPolicy(resolved)
	case "AWS::Events::EventBus":
		b.stack.EventBuses = append(b.stack.EventBuses, res.name(b.env))
	case "AWS::KMS::Key":
		if _, says := resolved["KeyUsage"]; !says { // the default, with which other services encrypt
			b.stack.StoodIn = append(b.stack.StoodIn, res.Type+" "+res.ID+": "+encryption)
			return nil
		}
		return b.signingKey(res, resolved)
	case "AWS::KMS::Alias":
		return b.checkAlias(res)
	case "AWS::SQS::Queue":
		b.stack.Queues = append(b.stack.Queues, Queue{Name: res.name(b.env), ARN: res.arn(b.env)})
	}
	return nil
}

// merged returns the properties of a function over the globals: maps are
// merged, everything else is replaced ("Globals section", SAM Developer Guide;
// it adds lists, which these templates have none of).
func merged(globals, own map[string]any) map[string]any {
	out := maps.Clone(globals)
	if out == nil {
		out = map[string]any{}
	}
	for k, v := range own {
		below, isMap := out[k].(map[string]any)
		above, alsoMap := v.(map[string]any)
		if isMap && alsoMap {
			v = merged(below, above)
		}
		out[k] = v
	}
	return out
}

// as decodes resolved properties into a struct, and refuses what it lacks.
func as(v any, to any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	return d.Decode(to)
}
