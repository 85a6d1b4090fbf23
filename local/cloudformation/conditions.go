package cloudformation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// decider decides the conditions of one template.
type decider struct {
	conditions object
	parameters object
	deciding   map[string]bool // under way, to find cycles
}

// absent is what AWS::NoValue leaves: nothing.
type absent struct{}

// entry decides whether an entry of the template is there, and what is in it.
func (d decider) entry(v any) (bool, object, error) {
	if name, ok := at(v, "Condition").(string); ok {
		if there, err := d.condition(name); err != nil || !there {
			return false, nil, err
		}
	}
	decided, err := d.decide(v)
	if err != nil {
		return false, nil, err
	}
	o, ok := decided.(object)
	if !ok {
		return false, nil, fmt.Errorf("it is no object")
	}
	return true, o, nil
}

// decide replaces every Fn::If in v, and takes out what is AWS::NoValue.
func (d decider) decide(v any) (any, error) {
	switch v := v.(type) {
	case object:
		if choice, ok := v["Fn::If"].([]any); ok && len(v) == 1 && len(choice) == 3 {
			holds, err := d.condition(fmt.Sprint(choice[0]))
			if err != nil {
				return nil, err
			}
			if holds {
				return d.decide(choice[1])
			}
			return d.decide(choice[2])
		}
		if v["Ref"] == "AWS::NoValue" {
			return absent{}, nil
		}
		out := make(object, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			value, err := d.decide(v[name])
			if err != nil {
				return nil, err
			}
			if value != (absent{}) {
				out[name] = value
			}
		}
		return out, nil
	case []any:
		out := make([]any, 0, len(v))
		for _, e := range v {
			value, err := d.decide(e)
			if err != nil {
				return nil, err
			}
			if value != (absent{}) {
				out = append(out, value)
			}
		}
		return out, nil
	}
	return v, nil
}

func (d decider) condition(name string) (bool, error) {
	c, ok := d.conditions[name]
	if !ok {
		return false, fmt.Errorf("there is no condition %q", name)
	}
	if d.deciding[name] {
		return false, fmt.Errorf("condition %s asks for itself", name)
	}
	d.deciding[name] = true
	defer delete(d.deciding, name)
	v, err := d.value(c)
	if err != nil {
		return false, fmt.Errorf("condition %s: %w", name, err)
	}
	holds, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("condition %s is %v", name, v)
	}
	return holds, nil
}

// value evaluates what may stand in a condition ("Condition functions",
// CloudFormation User Guide).
func (d decider) value(v any) (any, error) {
	o, ok := v.(object)
	if !ok || len(o) != 1 {
		return v, nil
	}
	for name, arg := range o {
		switch name {
		case "Ref":
			value, ok := d.parameters[fmt.Sprint(arg)]
			if !ok {
				return nil, fmt.Errorf("%v is no parameter", arg)
			}
			return value, nil
		case "Condition":
			return d.condition(fmt.Sprint(arg))
		}
		var values []any
		for _, e := range each(arg) {
			value, err := d.value(e)
			if err != nil {
				return nil, err
			}
			values = append(values, value)
		}
		switch name {
		case "Fn::Join":
			if len(values) == 2 {
				var texts []string
				for _, e := range each(values[1]) {
					texts = append(texts, fmt.Sprint(e))
				}
				return strings.Join(texts, fmt.Sprint(values[0])), nil
			}
		case "Fn::Equals":
			if len(values) == 2 {
				return fmt.Sprint(values[0]) == fmt.Sprint(values[1]), nil
			}
		case "Fn::Not":
			if len(values) == 1 {
				return values[0] == false, nil
			}
		case "Fn::And":
			return !slices.Contains(values, any(false)), nil
		case "Fn::Or":
			return slices.Contains(values, any(true)), nil
		}
	}
	return nil, fmt.Errorf("%v is not known in a condition here", o)
}
