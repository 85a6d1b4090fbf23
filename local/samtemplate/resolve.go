package samtemplate

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// resolver resolves the intrinsic functions of one template.
type resolver struct {
	env        Env
	parameters map[string]any
	conditions map[string]any
	resources  map[string]resource // without those whose condition is false
	deciding   map[string]bool     // conditions under way, to find cycles
}

// absent is what AWS::NoValue resolves to: a property that is not there.
type absent struct{}

func (r *resolver) resolve(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 1 {
			for name, arg := range v {
				if name == "Ref" || name == "Condition" || strings.HasPrefix(name, "Fn::") {
					return r.call(name, arg)
				}
			}
		}
		out := make(map[string]any, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			value, err := r.resolve(v[k])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			if value != (absent{}) {
				out[k] = value
			}
		}
		return out, nil
	case []any:
		out := make([]any, 0, len(v))
		for i, e := range v {
			value, err := r.resolve(e)
			if err != nil {
				return nil, fmt.Errorf("%d: %w", i, err)
			}
			if value != (absent{}) {
				out = append(out, value)
			}
		}
		return out, nil
	}
	return v, nil
}

func (r *resolver) call(name string, arg any) (any, error) {
	switch name {
	case "Ref":
		s, _ := arg.(string)
		return r.ref(s)
	case "Condition":
		s, _ := arg.(string)
		return r.condition(s)
	case "Fn::GetAtt":
		if s, ok := arg.(string); ok {
			resource, attribute, _ := strings.Cut(s, ".")
			arg = []any{resource, attribute}
		}
		list, err := r.list(name, arg, 2)
		if err != nil {
			return nil, err
		}
		return r.attribute(fmt.Sprint(list[0]), fmt.Sprint(list[1]))
	case "Fn::Sub":
		return r.sub(arg)
	case "Fn::If":
		list, ok := arg.([]any)
		if !ok || len(list) != 3 {
			return nil, fmt.Errorf("%s takes a condition and two values", name)
		}
		holds, err := r.condition(fmt.Sprint(list[0]))
		if err != nil {
			return nil, err
		}
		if holds {
			return r.resolve(list[1])
		}
		return r.resolve(list[2])
	case "Fn::Join":
		list, err := r.list(name, arg, 2)
		if err != nil {
			return nil, err
		}
		parts, ok := list[1].([]any)
		if !ok {
			return nil, fmt.Errorf("%s takes a list", name)
		}
		texts := make([]string, len(parts))
		for i, p := range parts {
			texts[i] = fmt.Sprint(p)
		}
		return strings.Join(texts, fmt.Sprint(list[0])), nil
	case "Fn::Equals":
		list, err := r.list(name, arg, 2)
		if err != nil {
			return nil, err
		}
		return fmt.Sprint(list[0]) == fmt.Sprint(list[1]), nil
	case "Fn::Contains":
		list, err := r.list(name, arg, 2)
		if err != nil {
			return nil, err
		}
		among, ok := list[0].([]any)
		if !ok {
			return nil, fmt.Errorf("%s takes a list and a text", name)
		}
		return slices.ContainsFunc(among, func(v any) bool { return fmt.Sprint(v) == fmt.Sprint(list[1]) }), nil
	case "Fn::Not", "Fn::And", "Fn::Or":
		list, err := r.list(name, arg, -1)
		if err != nil {
			return nil, err
		}
		return logic(name, list)
	}
	return nil, fmt.Errorf("the intrinsic function %s is not known here", name)
}

func logic(name string, list []any) (any, error) {
	held := 0
	for _, v := range list {
		b, ok := v.(bool)
		if !ok {
			return nil, fmt.Errorf("%s takes conditions", name)
		}
		if b {
			held++
		}
	}
	switch {
	case name == "Fn::Not" && len(list) == 1:
		return held == 0, nil
	case name == "Fn::And" && len(list) > 1:
		return held == len(list), nil
	case name == "Fn::Or" && len(list) > 1:
		return held > 0, nil
	}
	return nil, fmt.Errorf("%s has %d conditions", name, len(list))
}

// list resolves the arguments of a function that takes n, or any number for -1.
func (r *resolver) list(name string, arg any, n int) ([]any, error) {
	v, err := r.resolve(arg)
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok || n >= 0 && len(list) != n {
		return nil, fmt.Errorf("%s takes a list of %d", name, n)
	}
	return list, nil
}

func (r *resolver) condition(name string) (bool, error) {
	c, ok := r.conditions[name]
	if !ok {
		return false, fmt.Errorf("there is no condition %q", name)
	}
	if r.deciding[name] {
		return false, fmt.Errorf("condition %s asks for itself", name)
	}
	r.deciding[name] = true
	defer delete(r.deciding, name)
	v, err := r.resolve(c)
	if err != nil {
		return false, fmt.Errorf("condition %s: %w", name, err)
	}
	holds, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("condition %s is no condition", name)
	}
	return holds, nil
}

func (r *resolver) ref(name string) (any, error) {
	switch name {
	case "AWS::Region":
		return r.env.Region, nil
	case "AWS::AccountId":
		return r.env.AccountID, nil
	case "AWS::Partition":
		return "aws", nil
	case "AWS::StackName":
		return r.env.StackName, nil
	case "AWS::URLSuffix":
		return "amazonaws.com", nil
	case "AWS::NoValue":
		return absent{}, nil
	}
	if v, ok := r.parameters[name]; ok {
		return v, nil
	}
	if res, ok := r.resources[name]; ok {
		return res.ref(r.env), nil
	}
	return nil, fmt.Errorf("a Ref names %q, which is no parameter and no resource", name)
}

func (r *resolver) attribute(name, attribute string) (any, error) {
	res, ok := r.resources[name]
	if !ok {
		return nil, fmt.Errorf("a GetAtt names %q, which is no resource", name)
	}
	if attribute == "RegistryName" && res.Type == "AWS::EventSchemas::Registry" {
		return res.name(r.env), nil
	}
	if attribute == "QueueName" && res.Type == "AWS::SQS::Queue" {
		return res.name(r.env), nil
	}
	if attribute == "StreamArn" && res.Type == "AWS::DynamoDB::Table" && res.Properties["StreamSpecification"] != nil {
		return streamARN(res.arn(r.env)), nil
	}
	if attribute != "Arn" || res.arn(r.env) == "" {
		return nil, fmt.Errorf("the attribute %s of %s (%s) is not known here", attribute, name, res.Type)
	}
	return res.arn(r.env), nil
}

var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

func (r *resolver) sub(arg any) (any, error) {
	local := map[string]any{}
	if list, ok := arg.([]any); ok {
		if len(list) != 2 {
			return nil, fmt.Errorf("Fn::Sub takes a text, or a text and a map")
		}
		resolved, err := r.resolve(list[1])
		if err != nil {
			return nil, err
		}
		if local, ok = resolved.(map[string]any); !ok {
			return nil, fmt.Errorf("Fn::Sub takes a map")
		}
		arg = list[0]
	}
	text, ok := arg.(string)
	if !ok {
		return nil, fmt.Errorf("Fn::Sub takes a text")
	}
	var failed error
	out := variable.ReplaceAllStringFunc(text, func(match string) string {
		name := match[2 : len(match)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		if v, ok := local[name]; ok {
			return fmt.Sprint(v)
		}
		v, err := any(nil), error(nil)
		if resource, attribute, dotted := strings.Cut(name, "."); dotted {
			v, err = r.attribute(resource, attribute)
		} else {
			v, err = r.ref(name)
		}
		if err != nil && failed == nil {
			failed = fmt.Errorf("Fn::Sub %q: %w", text, err)
		}
		return fmt.Sprint(v)
	})
	return out, failed
}

// parameterValues checks the overrides and defaults of the parameters.
func parameterValues(declared map[string]any, overrides map[string]string) (map[string]any, error) {
	for name := range overrides {
		if _, ok := declared[name]; !ok {
			return nil, fmt.Errorf("the template has no parameter %s", name)
		}
	}
	values := map[string]any{}
	for name, d := range declared {
		p, _ := d.(map[string]any)
		text, given := overrides[name]
		if !given {
			def, ok := p["Default"]
			if !ok {
				return nil, fmt.Errorf("parameter %s has no value", name)
			}
			text = fmt.Sprint(def)
		}
		if err := checkParameter(p, text); err != nil {
			return nil, fmt.Errorf("parameter %s: %w", name, err)
		}
		values[name] = text
		if p["Type"] == "CommaDelimitedList" {
			list := []any{}
			for part := range strings.SplitSeq(text, ",") {
				list = append(list, strings.TrimSpace(part))
			}
			values[name] = list
		}
	}
	return values, nil
}

func checkParameter(p map[string]any, text string) error {
	for rule, limit := range p {
		ok := true
		number, numberErr := strconv.ParseFloat(text, 64)
		bound, _ := strconv.ParseFloat(fmt.Sprint(limit), 64)
		switch rule {
		case "Type":
			ok = limit == "String" || limit == "CommaDelimitedList" || limit == "Number" && numberErr == nil
		case "AllowedPattern":
			pattern, err := regexp.Compile(`^(?:` + fmt.Sprint(limit) + `)$`)
			ok = err == nil && pattern.MatchString(text)
		case "AllowedValues":
			list, _ := limit.([]any)
			ok = slices.ContainsFunc(list, func(v any) bool { return fmt.Sprint(v) == text })
		case "MinLength":
			ok = float64(len(text)) >= bound
		case "MaxLength":
			ok = float64(len(text)) <= bound
		case "MinValue":
			ok = numberErr == nil && number >= bound
		case "MaxValue":
			ok = numberErr == nil && number <= bound
		case "Default", "Description", "NoEcho", "ConstraintDescription":
		default:
			return fmt.Errorf("the rule %s is not known here", rule)
		}
		if !ok {
			return fmt.Errorf("%q breaks the rule %s: %v", text, rule, limit)
		}
	}
	return nil
}
