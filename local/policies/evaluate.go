package policies

import (
	"fmt"
	"strings"
)

// Request is what is asked: may the role do the action to the resource?
type Request struct {
	Role     Role
	Action   string // as in s3:GetObject
	Resource string // an ARN
	Context  map[string][]string
}

// Evaluate returns nil if the request is allowed, by the role's policies or
// those of the resource, and otherwise an error that says why it is not.
func Evaluate(r Request, resource ...Policy) error {
	have := map[string][]string{"aws:principalarn": {r.Role.ARN}}
	for k, v := range r.Context {
		have[strings.ToLower(k)] = v
	}
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
			if !s.Principal.includes(r.Role.ARN) || !s.covers(r, have) {
				continue
			}
			if s.Effect == "Deny" {
				return denied(r, s)
			}
			allowed = true
		}
	}
	if !allowed {
		return fmt.Errorf("no policy allows %s to do %s to %s", r.Role.Name, r.Action, r.Resource)
	}
	return nil
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

// includes reports whether p speaks of the role. A service is never a role.
func (p *Principals) includes(roleARN string) bool {
	if p == nil {
		return false
	}
	if p.Everyone {
		return true
	}
	for _, arn := range p.AWS {
		if arn == "*" || arn == roleARN {
			return true
		}
		if account, ok := strings.CutSuffix(arn, ":root"); ok && strings.HasPrefix(roleARN, account+":") {
			return true
		}
	}
	return false
}
