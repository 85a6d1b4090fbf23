// Package samtemplate reads template.yaml, the SAM template that is deployed to
// AWS, into what the local stack needs of it. Parameters, conditions and
// intrinsic functions are resolved as CloudFormation resolves them. Every
// resource type and property must be in the table in properties.go, either as
// honoured or with the reason why nothing is done about it here; anything else
// is an error and never skipped.
package samtemplate

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decode turns YAML into maps, lists and scalars, with the short forms of
// intrinsic functions (!Ref, !GetAtt, …) as their long ones.
func decode(n *yaml.Node) (any, error) {
	if n.Kind == yaml.DocumentNode {
		return decode(n.Content[0])
	}
	if n.Kind == yaml.AliasNode {
		return nil, fmt.Errorf("line %d: aliases are not read", n.Line)
	}
	value, err := plain(n)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(n.Tag, "!") || strings.HasPrefix(n.Tag, "!!") {
		return value, nil
	}
	name := n.Tag[1:]
	switch name {
	case "Ref", "Condition":
	case "GetAtt":
		if s, ok := value.(string); ok {
			resource, attribute, _ := strings.Cut(s, ".")
			value = []any{resource, attribute}
		}
		name = "Fn::GetAtt"
	default:
		name = "Fn::" + name
	}
	return map[string]any{name: value}, nil
}

func plain(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i].Value
			if _, twice := m[key]; twice {
				return nil, fmt.Errorf("line %d: %s is there twice", n.Content[i].Line, key)
			}
			v, err := decode(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			m[key] = v
		}
		return m, nil
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			v, err := decode(c)
			if err != nil {
				return nil, err
			}
			list[i] = v
		}
		return list, nil
	}
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		return n.Value, nil // the argument of an intrinsic function
	}
	var v any
	if err := n.Decode(&v); err != nil {
		return nil, fmt.Errorf("line %d: %w", n.Line, err)
	}
	return v, nil
}
