package authz

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// parsePrincipal reads "*" or an object of AWS and Service ("AWS JSON policy
// elements: Principal", IAM User Guide).
func parsePrincipal(data json.RawMessage) (*Principal, error) {
	if v, err := text(data); err == nil {
		if v != "*" {
			return nil, fmt.Errorf("%q must be * or an object", v)
		}
		return &Principal{Anyone: true}, nil
	}
	kinds, err := members(data)
	if err != nil {
		return nil, err
	}
	if len(kinds) == 0 {
		return nil, errors.New("it names nobody")
	}
	var p Principal
	for _, kind := range kinds {
		switch kind.name {
		case "AWS":
			p.AWS, err = parseList(kind.value, checkPrincipal)
		case "Service":
			p.Services, err = parseList(kind.value, checkService)
		default:
			err = errors.New("a kind of principal that is not evaluated")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind.name, err)
		}
	}
	for _, v := range p.AWS {
		p.Anyone = p.Anyone || v == "*"
	}
	return &p, nil
}

// checkPrincipal accepts what names principals of AWS. A wildcard inside an ARN
// is refused, as by AWS, for which it is no pattern here.
func checkPrincipal(v string) error {
	if v == "*" || isAccount(v) {
		return nil
	}
	if !isARN(v) || strings.ContainsAny(v, "*?") {
		return fmt.Errorf("%q is neither *, an account number nor an ARN without wildcards", v)
	}
	return checkNoVariable(v)
}

func checkService(v string) error {
	if v == "" || strings.ContainsAny(v, "*?") {
		return fmt.Errorf("%q is not the name of a service", v)
	}
	return checkNoVariable(v)
}

func isAccount(v string) bool {
	return len(v) == 12 && strings.Trim(v, "0123456789") == ""
}

// names reports whether the principal is the role itself, or anyone.
func (p *Principal) names(roleARN string) bool {
	if p.Anyone {
		return true
	}
	for _, v := range p.AWS {
		if v == roleARN {
			return true
		}
	}
	return false
}

// namesAccount reports whether the principal is the account that the role is
// in. To allow an account delegates to its administrators, who must still allow
// the role; to deny an account denies everybody in it.
func (p *Principal) namesAccount(roleARN string) bool {
	parts := strings.SplitN(roleARN, ":", 6)
	if len(parts) < 6 || parts[4] == "" {
		return false
	}
	for _, v := range p.AWS {
		if v == parts[4] || v == "arn:"+parts[1]+":iam::"+parts[4]+":root" {
			return true
		}
	}
	return false
}
