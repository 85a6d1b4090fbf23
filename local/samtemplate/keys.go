package samtemplate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/vouch-s3/vouch/local/policies"
)

// SigningKey is a KMS key on P-256 that signs.
type SigningKey struct {
	ID      string
	ARN     string
	Aliases []string // as in alias/name
	Policy  policies.Policy
}

func (b *builder) signingKey(res resource, given map[string]any) error {
	var p struct {
		KeyUsage, KeySpec, Description string
		KeyPolicy                      json.RawMessage
		PendingWindowInDays            any
	}
	if err := as(given, &p); err != nil {
		return err
	}
	if p.KeyUsage != "SIGN_VERIFY" || p.KeySpec != "ECC_NIST_P256" {
		return fmt.Errorf("only keys of the kind ECC_NIST_P256 for SIGN_VERIFY are offered here, not %q for %q", p.KeySpec, p.KeyUsage)
	}
	if p.KeyPolicy == nil {
		return fmt.Errorf("it has no KeyPolicy; who may use a key is written out in the template")
	}
	policy, err := policies.ParseResource(p.KeyPolicy)
	if err != nil {
		return fmt.Errorf("property KeyPolicy: %w", err)
	}
	key := SigningKey{ID: res.name(b.env), ARN: res.arn(b.env), Policy: policy}
	for id, other := range b.resources {
		if other.Type != "AWS::KMS::Alias" {
			continue
		}
		name, target, err := b.alias(other)
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		if target == key.ID || target == key.ARN {
			key.Aliases = append(key.Aliases, name)
		}
	}
	slices.Sort(key.Aliases)
	b.stack.SigningKeys = append(b.stack.SigningKeys, key)
	return nil
}

// alias reads an alias, and what it is one of.
func (b *builder) alias(res resource) (name, target string, err error) {
	v, err := b.resolve(res.Properties)
	if err != nil {
		return "", "", err
	}
	var p struct{ AliasName, TargetKeyId string }
	if err := as(v, &p); err != nil {
		return "", "", err
	}
	if !strings.HasPrefix(p.AliasName, "alias/") || strings.HasPrefix(p.AliasName, "alias/aws/") {
		return "", "", fmt.Errorf("%q is not the name of an alias", p.AliasName)
	}
	return p.AliasName, p.TargetKeyId, nil
}

// checkAlias only makes sure that the alias is one of a key here, with which it
// is read.
func (b *builder) checkAlias(res resource) error {
	_, target, err := b.alias(res)
	if err != nil {
		return err
	}
	for _, other := range b.resources {
		if other.Type == "AWS::KMS::Key" && (target == other.name(b.env) || target == other.arn(b.env)) {
			return nil
		}
	}
	return fmt.Errorf("it is the alias of no key of the template: %q", target)
}
