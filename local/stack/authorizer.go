package stack

import (
	"github.com/vouch-s3/vouch/local/objectstorage"
	"github.com/vouch-s3/vouch/local/policies"
)

// authorizer evaluates the policies of template.yaml, and has it written down
// what of them is used.
type authorizer struct {
	roles   map[string]policies.Role     // by access key, and by the name of a state machine
	own     map[string]bool              // the keys and names that are not borrowed
	buckets map[string][]policies.Policy // by the bucket's ARN
	keys    map[string]policies.Policy   // of KMS, by the key's ARN
	uses    *useLog
}

func (s *Stack) authorizer() authorizer {
	a := authorizer{
		roles: map[string]policies.Role{}, own: map[string]bool{},
		buckets: map[string][]policies.Policy{}, keys: map[string]policies.Policy{}, uses: s.uses,
	}
	for _, f := range s.Template.Functions {
		own := s.keys.functions[f.LogicalID].ID
		a.roles[own], a.own[own] = f.Role, true
		a.roles[s.keys.borrowed[f.LogicalID].ID] = f.Role
	}
	for _, m := range s.Template.StateMachines {
		a.roles[m.Name], a.own[m.Name] = m.Role, true
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
	var err error
	if policy, ok := a.keys[resource]; ok {
		err = policies.EvaluateKey(r, policy)
	} else {
		err = policies.Evaluate(r)
	}
	if err != nil {
		a.guarded(r)
		return err
	}
	a.used(accessKey, r)
	return nil
}

// Denied notes that a call of whoever has the access key was refused.
func (a authorizer) Denied(accessKey, action string) {
	if a.own[accessKey] {
		a.uses.note(Use{Role: LogicalID(a.roles[accessKey]), Denied: action})
	}
}

// used notes the grant that a request needs, if whoever owns the key has made it.
func (a authorizer) used(accessKey string, r policies.Request) {
	if grants := policies.Allowing(r); a.own[accessKey] && len(grants) == 1 {
		a.uses.note(Use{Role: LogicalID(r.Role), Grant: &grants[0]})
	}
}

// guarded notes the conditions that have kept a request from being allowed,
// whoever has made it in the role's name.
func (a authorizer) guarded(r policies.Request) {
	for _, g := range policies.Guarding(r) {
		a.uses.note(Use{Role: LogicalID(r.Role), Guard: &g})
	}
}

// objectAuthorizer decides by the bucket's policies too.
type objectAuthorizer struct{ authorizer }

// Authorize decides by the policies of whoever has the key and of the bucket.
func (a objectAuthorizer) Authorize(r objectstorage.Access) error {
	asked := a.request(r)
	err := policies.Evaluate(asked, a.buckets[r.BucketARN]...)
	if err != nil {
		a.guarded(asked)
	}
	return err
}

func (a objectAuthorizer) request(r objectstorage.Access) policies.Request {
	return policies.Request{Role: a.roles[r.AccessKeyID], Action: r.Action, Resource: r.Resource, Context: r.Context}
}

// Answered notes what became of an access. Whoever has a URL or a form can have
// it refused, so that only what the role's owner has sent itself is one of its
// own calls that was denied.
func (a objectAuthorizer) Answered(r objectstorage.Access, allowed bool) {
	switch by := r.Context["s3:authType"]; {
	case allowed:
		a.used(r.AccessKeyID, a.request(r))
	case len(by) == 1 && by[0] == "REST-HEADER":
		a.Denied(r.AccessKeyID, r.Action)
	}
}
