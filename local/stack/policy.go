package stack

import (
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"

	"github.com/vouch-s3/vouch/shared/policy/override"
)

// policyOverride returns what the template's parameter PolicyOverride is to be:
// the document at path, if one is named. Where clamd runs with the small
// database, which has no date, no date is asked for, unless the document asks.
func policyOverride(path string, dated bool) (string, error) {
	document := map[string]any{}
	if path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("read the policy: %w", err)
		}
		if err := yaml.Unmarshal(data, &document); err != nil {
			return "", fmt.Errorf("read the policy in %s: %w", path, err)
		}
	}
	if !dated {
		scan, _ := document["scan"].(map[string]any)
		if scan == nil {
			scan = map[string]any{}
		}
		if _, asks := scan["maxDatabaseAge"]; !asks {
			scan["maxDatabaseAge"] = "0s"
		}
		document["scan"] = scan
	}
	if len(document) == 0 {
		return "", nil
	}
	text, err := yaml.Marshal(document)
	if err != nil {
		return "", fmt.Errorf("write the policy: %w", err)
	}
	// The functions would refuse it too, each at its start.
	if _, err := override.Load(string(text)); err != nil {
		return "", err
	}
	return string(text), nil
}
