package stack

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/vouch-s3/vouch/local/objectstorage"
	"github.com/vouch-s3/vouch/local/policies"
	"github.com/vouch-s3/vouch/local/samtemplate"
)

// key is an access key. On AWS a function has its role's temporary
// credentials; here each has a key of its own, which says as much of who asks.
type key struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

// keys are the access keys of a stack. They are kept, so that presigned URLs
// survive a restart.
type keys struct {
	admin     key
	functions map[string]key // by the function's logical id
}

// admin is the name that the stack's own key is kept under.
const admin = "admin"

func openKeys(path string, functions []samtemplate.Function) (keys, error) {
	all := map[string]key{}
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return keys{}, fmt.Errorf("read the access keys in %s: %w", path, err)
	}
	names := []string{admin}
	for _, f := range functions {
		names = append(names, f.LogicalID)
	}
	for _, name := range names {
		if _, ok := all[name]; !ok {
			all[name] = newKey()
		}
	}
	if data, err = json.MarshalIndent(all, "", "  "); err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		return keys{}, fmt.Errorf("keep the access keys: %w", err)
	}
	k := keys{admin: all[admin], functions: all}
	delete(k.functions, admin)
	return k, nil
}

func newKey() key {
	var random [40]byte
	rand.Read(random[:])
	return key{
		ID:     "AKIA" + base32.StdEncoding.EncodeToString(random[:10]),
		Secret: base64.RawURLEncoding.EncodeToString(random[10:]),
	}
}

// secrets are the secrets of the functions' keys.
func (k keys) secrets() map[string]string {
	secrets := map[string]string{}
	for _, f := range k.functions {
		secrets[f.ID] = f.Secret
	}
	return secrets
}

// authorizer evaluates the policies of template.yaml.
type authorizer struct {
	roles   map[string]policies.Role     // by access key, and by the name of a state machine
	buckets map[string][]policies.Policy // by the bucket's ARN
	keys    map[string]policies.Policy   // of KMS, by the key's ARN
}

func (s *Stack) authorizer() authorizer {
	a := authorizer{roles: map[string]policies.Role{}, buckets: map[string][]policies.Policy{}, keys: map[string]policies.Policy{}}
	for _, f := range s.Template.Functions {
		a.roles[s.keys.functions[f.LogicalID].ID] = f.Role
	}
	for _, m := range s.Template.StateMachines {
		a.roles[m.Name] = m.Role
	}
	for _, b := range s.Template.Buckets {
		a.buckets["arn:aws:s3:::"+b.Name] = b.Policies
	}
	for _, k := range s.Template.SigningKeys {
		a.keys[k.ARN] = k.Policy
	}
	return a
}

// Authorize decides by the policies of whoever has the access key, and for a
// key of KMS by that key's too.
func (a authorizer) Authorize(accessKey, action, resource string, context map[string][]string) error {
	r := policies.Request{Role: a.roles[accessKey], Action: action, Resource: resource, Context: context}
	if policy, ok := a.keys[resource]; ok {
		return policies.EvaluateKey(r, policy)
	}
	return policies.Evaluate(r)
}

// objectAuthorizer decides by the bucket's policies too.
type objectAuthorizer struct{ authorizer }

// Authorize decides by the policies of whoever has the key and of the bucket.
func (a objectAuthorizer) Authorize(r objectstorage.Access) error {
	return policies.Evaluate(
		policies.Request{Role: a.roles[r.AccessKeyID], Action: r.Action, Resource: r.Resource, Context: r.Context},
		a.buckets[r.BucketARN]...,
	)
}
