// Package override reads how a deployment's policy differs from the one that is built
// in. It is a package of its own since YAML's has a price at every cold start
// (docs/performance.md), and half of the functions ask no policy.
package override

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"

	"go.yaml.in/yaml/v3"

	"github.com/vouch-s3/vouch/shared/policy"
)

//go:generate go test -run TestWhatIsBuiltInIsTheDefaultDocument . -update

// Load returns the policy of default.yaml with what override, a YAML document
// of the same form, says differently: a value replaces a value, and the entries
// of types and findings replace those of the same name; a type whose entry is
// null is taken away. An empty override changes nothing. The error names every
// fault.
func Load(override string) (policy.Policy, error) {
	p := policy.Default()
	if override == "" {
		return p, nil // a test has checked it
	}
	if err := decode([]byte(override), &p); err != nil {
		return policy.Policy{}, fmt.Errorf("read the policy's override: %w", err)
	}
	maps.DeleteFunc(p.Types, func(_ string, t *policy.Type) bool { return t == nil })
	if err := p.Check(); err != nil {
		return policy.Policy{}, fmt.Errorf("the policy is not valid: %w", err)
	}
	return p, nil
}

func decode(document []byte, p *policy.Policy) error {
	d := yaml.NewDecoder(bytes.NewReader(document))
	d.KnownFields(true)
	err := d.Decode(p)
	if errors.Is(err, io.EOF) {
		return nil // nothing in it
	}
	if err != nil {
		return err
	}
	if err := d.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one document")
	}
	return nil
}
