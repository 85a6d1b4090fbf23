package iam

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const (
	account    = "111122223333"
	downloader = "arn:aws:iam::" + account + ":role/vouch-download"
	object     = "arn:aws:s3:::vouch-files/files/1"
)

func mustParse(t *testing.T, document string) Policy {
	t.Helper()
	var p Policy
	if err := json.Unmarshal([]byte(document), &p); err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	return p
}

// statement makes a policy of one statement about the object.
func statement(t *testing.T, effect, principal string) *Policy {
	t.Helper()
	if effect == "" {
		return nil
	}
	if principal != "" {
		principal = `"Principal":` + principal + `,`
	}
	p := mustParse(t, fmt.Sprintf(`{"Version":"2012-10-17","Statement":{%s"Effect":%q,"Action":"s3:GetObject","Resource":%q}}`, principal, effect, object))
	return &p
}

func TestDenyWinsThenAllowOfEitherSideThenRefusal(t *testing.T) {
	for _, tt := range []struct {
		role, resource string // effects; empty for no policy
		want           Decision
	}{
		{"", "", ImplicitDeny},
		{"", "Allow", Allow},
		{"", "Deny", ExplicitDeny},
		{"Allow", "", Allow},
		{"Allow", "Allow", Allow},
		{"Allow", "Deny", ExplicitDeny},
		{"Deny", "", ExplicitDeny},
		{"Deny", "Allow", ExplicitDeny},
		{"Deny", "Deny", ExplicitDeny},
	} {
		t.Run("role:"+tt.role+" resource:"+tt.resource, func(t *testing.T) {
			req := Request{Principal: Principal{ARN: downloader}, Action: "s3:GetObject", Resource: object}
			if p := statement(t, tt.role, ""); p != nil {
				req.Principal.Policies = []Policy{*p}
			}
			got, why := Evaluate(req, statement(t, tt.resource, `{"AWS":"`+downloader+`"}`))
			if got != tt.want {
				t.Errorf("decided %v (%s), want %v", got, why, tt.want)
			}
			if !strings.Contains(why, downloader) || !strings.Contains(why, "s3:GetObject") {
				t.Errorf("why does not name the role and the action: %s", why)
			}
		})
	}
}

func TestADenyInALaterPolicyOrStatementStillWins(t *testing.T) {
	allow, deny := statement(t, "Allow", ""), statement(t, "Deny", "")
	both := Policy{Statements: append(allow.Statements, deny.Statements...)}
	for name, policies := range map[string][]Policy{"later policy": {*allow, *deny}, "later statement": {both}} {
		got, why := Evaluate(Request{Principal: Principal{ARN: downloader, Policies: policies}, Action: "s3:GetObject", Resource: object}, nil)
		if got != ExplicitDeny {
			t.Errorf("%s: decided %v (%s)", name, got, why)
		}
	}
}

func TestActionsAndResourcesAreMatchedAsPatterns(t *testing.T) {
	for _, tt := range []struct {
		name, elements, action, resource string
		want                             Decision
	}{
		{"exact", `"Action":"s3:GetObject","Resource":"` + object + `"`, "s3:GetObject", object, Allow},
		{"action in another case", `"Action":"S3:getobject","Resource":"*"`, "s3:GetObject", object, Allow},
		{"resource in another case", `"Action":"s3:GetObject","Resource":"arn:aws:s3:::VOUCH-files/*"`, "s3:GetObject", object, ImplicitDeny},
		{"star in the action", `"Action":"s3:Get*","Resource":"*"`, "s3:GetObjectVersion", object, Allow},
		{"the action is no prefix", `"Action":"s3:GetObject","Resource":"*"`, "s3:GetObjectVersion", object, ImplicitDeny},
		{"question mark is one character", `"Action":"s3:?etObject","Resource":"arn:aws:s3:::vouch-files/files/?"`, "s3:GetObject", object, Allow},
		{"question mark is not two", `"Action":"*","Resource":"arn:aws:s3:::vouch-files/files/?"`, "s3:GetObject", object + "1", ImplicitDeny},
		{"question mark is not none", `"Action":"*","Resource":"` + object + `?"`, "s3:GetObject", object, ImplicitDeny},
		{"star reaches over slashes", `"Action":"*","Resource":"arn:aws:s3:::vouch-files/*"`, "s3:GetObject", object + "/a/b", Allow},
		{"a star in the request is no pattern", `"Action":"*","Resource":"` + object + `"`, "s3:GetObject", "*", ImplicitDeny},
		{"another service", `"Action":"dynamodb:*","Resource":"*"`, "s3:GetObject", object, ImplicitDeny},
		{"bucket without its objects", `"Action":"s3:*","Resource":"arn:aws:s3:::vouch-files"`, "s3:GetObject", object, ImplicitDeny},
		{"list of actions", `"Action":["s3:PutObject","s3:GetObject"],"Resource":["arn:aws:s3:::x","` + object + `"]`, "s3:GetObject", object, Allow},
		{"not action", `"NotAction":"s3:DeleteObject","Resource":"*"`, "s3:GetObject", object, Allow},
		{"not this action", `"NotAction":"s3:Get*","Resource":"*"`, "s3:GetObject", object, ImplicitDeny},
		{"not resource", `"Action":"*","NotResource":"arn:aws:s3:::other/*"`, "s3:GetObject", object, Allow},
		{"not this resource", `"Action":"*","NotResource":"arn:aws:s3:::vouch-files/*"`, "s3:GetObject", object, ImplicitDeny},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := mustParse(t, `{"Statement":[{"Effect":"Allow",`+tt.elements+`}]}`)
			got, why := Evaluate(Request{Principal: Principal{ARN: downloader, Policies: []Policy{p}}, Action: tt.action, Resource: tt.resource}, nil)
			if got != tt.want {
				t.Errorf("decided %v (%s), want %v", got, why, tt.want)
			}
		})
	}
}

func TestAResourcePolicySpeaksOfWhomItNames(t *testing.T) {
	for _, tt := range []struct {
		name, effect, element string
		want                  Decision
	}{
		{"everyone", "Allow", `"Principal":"*"`, Allow},
		{"everyone in AWS", "Allow", `"Principal":{"AWS":"*"}`, Allow},
		{"the role", "Allow", `"Principal":{"AWS":["` + downloader + `"]}`, Allow},
		{"another role", "Allow", `"Principal":{"AWS":"` + downloader + `2"}`, ImplicitDeny},
		{"a service", "Allow", `"Principal":{"Service":"events.amazonaws.com"}`, ImplicitDeny},
		{"a service is not denied", "Deny", `"Principal":{"Service":"events.amazonaws.com"}`, ImplicitDeny},
		{"an account allows its roles nothing by itself", "Allow", `"Principal":{"AWS":"arn:aws:iam::` + account + `:root"}`, ImplicitDeny},
		{"an account is denied with its roles", "Deny", `"Principal":{"AWS":"arn:aws:iam::` + account + `:root"}`, ExplicitDeny},
		{"an account by number", "Deny", `"Principal":{"AWS":"` + account + `"}`, ExplicitDeny},
		{"another account", "Deny", `"Principal":{"AWS":"arn:aws:iam::999999999999:root"}`, ImplicitDeny},
		{"all but the role and its account", "Deny", `"NotPrincipal":{"AWS":["` + downloader + `","` + account + `"]}`, ImplicitDeny},
		{"all but the role alone", "Deny", `"NotPrincipal":{"AWS":"` + downloader + `"}`, ExplicitDeny},
		{"all but another role", "Deny", `"NotPrincipal":{"AWS":["` + downloader + `2","` + account + `"]}`, ExplicitDeny},
		{"all but a service", "Deny", `"NotPrincipal":{"Service":"events.amazonaws.com"}`, ExplicitDeny},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := mustParse(t, fmt.Sprintf(`{"Statement":{"Effect":%q,%s,"Action":"s3:*","Resource":"*"}}`, tt.effect, tt.element))
			got, why := Evaluate(Request{Principal: Principal{ARN: downloader}, Action: "s3:GetObject", Resource: object}, &p)
			if got != tt.want {
				t.Errorf("decided %v (%s), want %v", got, why, tt.want)
			}
		})
	}
}

func TestAPolicyThatCannotBeEvaluatedDeniesEverything(t *testing.T) {
	withPrincipal := statement(t, "Allow", `"*"`)
	without := statement(t, "Allow", "")
	unknown := *without
	unknown.Statements = []Statement{without.Statements[0]}
	unknown.Statements[0].Condition = []Condition{{Operator: "StringSame", Key: "a:b", Values: []string{"c"}}}
	for name, tt := range map[string]struct {
		role     Policy
		resource *Policy
	}{
		"a role's policy that names principals":   {*withPrincipal, nil},
		"a resource's policy that names nobody":   {*without, without},
		"an operator that is unknown":             {unknown, nil},
		"a statement with nothing in it":          {Policy{Statements: []Statement{{}}}, nil},
		"an effect that is neither":               {Policy{Statements: []Statement{{Effect: "allow", Action: []string{"*"}, Resource: []string{"*"}}}}, nil},
		"a policy variable that was put in by Go": {Policy{Statements: []Statement{{Effect: EffectAllow, Action: []string{"*"}, Resource: []string{"arn:${a}"}}}}, nil},
	} {
		got, why := Evaluate(Request{Principal: Principal{ARN: downloader, Policies: []Policy{tt.role}}, Action: "s3:GetObject", Resource: object}, tt.resource)
		if got != ExplicitDeny || !strings.Contains(why, "cannot be evaluated") {
			t.Errorf("%s: decided %v (%s)", name, got, why)
		}
	}
}

func TestDecisionsAreSpelledAsThePolicySimulatorDoes(t *testing.T) {
	for d, want := range map[Decision]string{ImplicitDeny: "implicitDeny", Allow: "allowed", ExplicitDeny: "explicitDeny", 7: "Decision(7)"} {
		if got := d.String(); got != want {
			t.Errorf("%d is %q, want %q", int(d), got, want)
		}
	}
}
