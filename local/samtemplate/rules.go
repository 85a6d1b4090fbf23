package samtemplate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ruleFunctions are the functions of a rule that are evaluated here
// ("Rule-specific intrinsic functions", CloudFormation User Guide, has a few
// more). A Ref is to a parameter.
var ruleFunctions = []string{"Ref", "Fn::And", "Fn::Contains", "Fn::Equals", "Fn::Not", "Fn::Or"}

// hold evaluates the section Rules: what is asked of the parameters together
// before anything is made. The error is the description of the first assertion
// that does not hold.
func (r *resolver) hold(rules map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		if err := r.holds(rules[name]); err != nil {
			return fmt.Errorf("rule %s: %w", name, err)
		}
	}
	return nil
}

func (r *resolver) holds(v any) error {
	var rule struct {
		RuleCondition any
		Assertions    []struct {
			Assert            any
			AssertDescription string
		}
	}
	if err := as(v, &rule); err != nil {
		return err
	}
	if len(rule.Assertions) == 0 {
		return fmt.Errorf("it asserts nothing")
	}
	if rule.RuleCondition != nil {
		if applies, err := r.assertion(rule.RuleCondition); err != nil || !applies {
			return err
		}
	}
	for _, a := range rule.Assertions {
		ok, err := r.assertion(a.Assert)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("%s", a.AssertDescription)
		}
	}
	return nil
}

func (r *resolver) assertion(v any) (bool, error) {
	if name := foreign(v); name != "" {
		return false, fmt.Errorf("the function %s is not evaluated in rules here", name)
	}
	resolved, err := r.resolve(v)
	if err != nil {
		return false, err
	}
	holds, ok := resolved.(bool)
	if !ok {
		return false, fmt.Errorf("%v is no condition", v)
	}
	return holds, nil
}

// foreign returns the name of a function in v that is not one of ruleFunctions.
func foreign(v any) string {
	switch v := v.(type) {
	case map[string]any:
		for name, arg := range v {
			if (strings.HasPrefix(name, "Fn::") || name == "Condition") && !slices.Contains(ruleFunctions, name) {
				return name
			}
			if inner := foreign(arg); inner != "" {
				return inner
			}
		}
	case []any:
		for _, e := range v {
			if inner := foreign(e); inner != "" {
				return inner
			}
		}
	}
	return ""
}
