package policies

import (
	"fmt"
	"strings"
)

// Request is what is asked: may the role do the action to the resource? A role
// without an ARN stands for whoever has not signed.
type Request struct {
	Role     Role
	Action   string // as in s3:GetObject
	Resource string // an ARN
	Context  map[string][]string
}

// values are those that conditions look at, by lower-case key.
func (r Request) values() map[string][]string {
	have := map[string][]string{}
	if r.Role.ARN != "" {
		// For whoever has assumed a role it is the role's own ARN; a request that is
		// not signed has no such key ("AWS global condition context keys").
		have["aws:principalarn"] = []string{r.Role.ARN}
	}
	for k, v := range r.Context {
		have[strings.ToLower(k)] = v
	}
	return have
}

// Evaluate returns nil if the request is allowed, by the role's policies or
// those of the resource, and otherwise an error that says why it is not.
func Evaluate(r Request, resource ...Policy) error {
	have := r.values()
	allowed := false
	for _, p := range r.Role.Policies {
		for _, s := range p.Statements {
			if !s.covers(r, have) {
				continue
			}
			if s.Effect == "Deny" {
				return denied(r, s)
			}
			allowed = true
		}
	}
	for _, p := range resource {
		for _, s := range p.Statements {
			named, account := s.Principal.includes(r.Role.ARN)
			if !named && !account || !s.covers(r, have) {
				continue
			}
			if s.Effect == "Deny" {
				return denied(r, s)
			}
			// To name the account lets its roles' own policies allow; it allows
			// nothing by itself ("AWS JSON policy elements: Principal").
			allowed = allowed || named
		}
	}
	if !allowed {
		return fmt.Errorf("no policy allows %s to do %s to %s", r.Role.Name, r.Action, r.Resource)
	}
	return nil
}

// EvaluateKey is Evaluate for a KMS key. A key's policy must itself allow the
// request, to the role or to its account: no role's policy opens a key that
// its own policy does not ("Key policies in AWS KMS", KMS Developer Guide).
func EvaluateKey(r Request, key Policy) error {
	have := r.values()
	for _, s := range key.Statements {
		named, account := s.Principal.includes(r.Role.ARN)
		if s.Effect == "Allow" && (named || account) && s.covers(r, have) {
			return Evaluate(r, key)
		}
	}
	return fmt.Errorf("the key's policy allows neither %s nor its account to do %s to %s", r.Role.Name, r.Action, r.Resource)
}

func denied(r Request, s Statement) error {
	return fmt.Errorf("statement %q denies %s to do %s to %s", s.Sid, r.Role.Name, r.Action, r.Resource)
}

func (s Statement) covers(r Request, have map[string][]string) bool {
	if len(s.Action) > 0 && !s.Action.match(strings.ToLower(r.Action), strings.ToLower) {
		return false
	}
	if len(s.NotAction) > 0 && s.NotAction.match(strings.ToLower(r.Action), strings.ToLower) {
		return false
	}
	same := func(v string) string { return v }
	if len(s.Resource) > 0 && !s.Resource.match(r.Resource, same) {
		return false
	}
	if len(s.NotResource) > 0 && s.NotResource.match(r.Resource, same) {
		return false
	}
	return s.Condition.hold(have)
}

func (s Strings) match(value string, fold func(string) string) bool {
	for _, pattern := range s {
		if like(fold(pattern), value) {
			return true
		}
	}
	return false
}

// includes reports whether p speaks of the role by name, and whether it speaks
// of its account. A service is never a role.
func (p *Principals) includes(roleARN string) (named, account bool) {
	if p == nil {
		return false, false
	}
	named = p.Everyone
	for _, arn := range p.AWS {
		named = named || arn == "*" || arn == roleARN
		id, ofAccount := accountOf(arn)
		account = account || ofAccount && strings.HasPrefix(roleARN, "arn:aws:iam::"+id+":")
	}
	return named, account
}

// accountOf returns the account that a principal names as a whole: by its id,
// or by the ARN of its root.
func accountOf(principal string) (id string, ok bool) {
	if rest, found := strings.CutPrefix(principal, "arn:aws:iam::"); found {
		return strings.CutSuffix(rest, ":root")
	}
	return principal, principal != "" && strings.Trim(principal, "0123456789") == ""
}

// check refuses principals that IAM does not know: an ARN takes no wildcard.
func (p *Principals) check() error {
	for _, arn := range p.AWS {
		if _, account := accountOf(arn); arn != "*" && !account && (!strings.HasPrefix(arn, "arn:") || strings.ContainsAny(arn, "*?")) {
			return fmt.Errorf("principal %q", arn)
		}
	}
	return nil
}
