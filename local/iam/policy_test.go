package iam

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
)

func TestEveryElementIsReadWithOneValueOrMany(t *testing.T) {
	got := mustParse(t, `{"Version":"2012-10-17","Id":"x","Statement":[
		{"Sid":"One","Effect":"Allow","Action":"s3:Get*","Resource":"*"},
		{"Effect":"Deny","Principal":{"AWS":["111122223333","*"],"Service":"events.amazonaws.com"},
		 "NotAction":["s3:a","s3:b"],"NotResource":["arn:aws:s3:::b"],
		 "Condition":{"Bool":{"aws:SecureTransport":false},"NumericLessThan":{"s3:max-keys":[1,"2"]}}}]}`)
	want := Policy{Version: "2012-10-17", ID: "x", Statements: []Statement{
		{Sid: "One", Effect: EffectAllow, Action: []string{"s3:Get*"}, Resource: []string{"*"}},
		{
			Effect: EffectDeny, NotAction: []string{"s3:a", "s3:b"}, NotResource: []string{"arn:aws:s3:::b"},
			Principal: &PrincipalSet{Everyone: true, AWS: []string{"111122223333"}, Service: []string{"events.amazonaws.com"}},
			Condition: []Condition{
				{Operator: "Bool", Key: "aws:SecureTransport", Values: []string{"false"}},
				{Operator: "NumericLessThan", Key: "s3:max-keys", Values: []string{"1", "2"}},
			},
		},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v\nwant %+v", got, want)
	}
}

func TestWhatIsNotUnderstoodIsRefusedNotSkipped(t *testing.T) {
	for name, document := range map[string]string{
		"unknown element of a policy":    `{"Statements":[],"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
		"unknown element of a statement": `{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Conditon":{}}}`,
		"element in another case":        `{"Statement":{"effect":"Deny","Action":"*","Resource":"*"}}`,
		"element twice":                  `{"Statement":{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}}`,
		"no statement":                   `{"Version":"2012-10-17"}`,
		"empty statements":               `{"Statement":[]}`,
		"unknown version":                `{"Version":"2012-10-18","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
		"no effect":                      `{"Statement":{"Action":"*","Resource":"*"}}`,
		"effect in another case":         `{"Statement":{"Effect":"allow","Action":"*","Resource":"*"}}`,
		"no action":                      `{"Statement":{"Effect":"Allow","Resource":"*"}}`,
		"no actions":                     `{"Statement":{"Effect":"Allow","Action":[],"Resource":"*"}}`,
		"both actions":                   `{"Statement":{"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"}}`,
		"action without a service":       `{"Statement":{"Effect":"Allow","Action":"GetObject","Resource":"*"}}`,
		"object as action":               `{"Statement":{"Effect":"Allow","Action":{"a":"b"},"Resource":"*"}}`,
		"null as action":                 `{"Statement":{"Effect":"Allow","Action":null,"Resource":"*"}}`,
		"no resource":                    `{"Statement":{"Effect":"Allow","Action":"*"}}`,
		"both resources":                 `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","NotResource":"*"}}`,
		"resource that is no ARN":        `{"Statement":{"Effect":"Allow","Action":"*","Resource":"bucket/*"}}`,
		"variable in a resource":         `{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:username}"}}`,
		"variable in an action":          `{"Statement":{"Effect":"Allow","Action":"s3:${a}","Resource":"*"}}`,
		"both principals":                `{"Statement":{"Effect":"Deny","Principal":"*","NotPrincipal":"*","Action":"*","Resource":"*"}}`,
		"allow with NotPrincipal":        `{"Statement":{"Effect":"Allow","NotPrincipal":{"AWS":"111122223333"},"Action":"*","Resource":"*"}}`,
		"principal of an unknown type":   `{"Statement":{"Effect":"Deny","Principal":{"Federated":"x"},"Action":"*","Resource":"*"}}`,
		"principal that is text":         `{"Statement":{"Effect":"Deny","Principal":"111122223333","Action":"*","Resource":"*"}}`,
		"principal that is a pattern":    `{"Statement":{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::1:role/*"},"Action":"*","Resource":"*"}}`,
		"principal that is no ARN":       `{"Statement":{"Effect":"Deny","Principal":{"AWS":"role/x"},"Action":"*","Resource":"*"}}`,
		"principal that is nobody":       `{"Statement":{"Effect":"Deny","Principal":{},"Action":"*","Resource":"*"}}`,
		"service that is none":           `{"Statement":{"Effect":"Deny","Principal":{"Service":"events"},"Action":"*","Resource":"*"}}`,
		"a list of policies":             `[]`,
		"a text":                         `"Allow"`,
		"statement that is text":         `{"Statement":"Allow"}`,
		"null":                           `{"Statement":[null]}`,
	} {
		var p Policy
		if err := json.Unmarshal([]byte(document), &p); err == nil {
			t.Errorf("%s: %s was read", name, document)
		}
	}
}

func TestADirectoryFindsPrincipalsByTheirOwnKeys(t *testing.T) {
	d, err := New(Principal{AccessKeyID: "A", SecretAccessKey: "s", ARN: "arn:a"}, Principal{AccessKeyID: "B", SecretAccessKey: "s", ARN: "arn:b"})
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := d.Lookup("B"); !ok || p.ARN != "arn:b" {
		t.Errorf("B is %v, %v", p, ok)
	}
	if p, ok := d.Lookup("b"); ok {
		t.Errorf("b is %v", p)
	}
	if _, ok := d.Lookup(""); ok {
		t.Error("the empty key was found")
	}
	if _, err := New(Principal{AccessKeyID: "A", SecretAccessKey: "s"}, Principal{AccessKeyID: "A", SecretAccessKey: "t"}); err == nil {
		t.Error("two principals have one key")
	}
	if _, err := New(Principal{AccessKeyID: "A"}); err == nil {
		t.Error("a principal has no secret key")
	}
}

func TestAPrincipalIsPrintedWithoutItsKeys(t *testing.T) {
	p := Principal{AccessKeyID: "A", SecretAccessKey: "do-not-tell", ARN: "arn:a"}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "who", p)
	encoded, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprintf("%v %+v %#v %s", p, p, p, p), log.String(), string(encoded)} {
		if strings.Contains(s, p.SecretAccessKey) || !strings.Contains(s, p.ARN) {
			t.Errorf("it is printed as %s", s)
		}
	}
}

func FuzzPolicy(f *testing.F) {
	for _, document := range []string{
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Null":{"a:b":"true"}}}}`,
		`{"Statement":[{"Effect":"Deny","NotAction":["s3:a"],"NotResource":"arn:aws:s3:::b","Principal":{"AWS":"*","Service":"a.b"}}]}`,
		`{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"Action":"*","Resource":"*","Condition":{"ForAnyValue:StringLike":{"a:b":["*a*?","b"]}}}}`,
		`{"Statement":{"Effect":"Allow","Action":"s3:?","Resource":"arn:*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"DateLessThanIfExists":{"aws:CurrentTime":"2026-01-01T00:00:00Z"},"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}}}}`,
		`{"Statement":{"Effect":"Allow","Action":"s3:${a}","Resource":"*"}}`,
		`{"Statement":[{}]}`, `{"Statement":{"Effect":`, `[]`, `null`, ``,
	} {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		var p Policy
		if err := json.Unmarshal(document, &p); err != nil || len(p.Statements) == 0 {
			return // null leaves a Policy as it was, as json.Unmarshaler asks
		}
		// What was read can be evaluated, and decides no more than it says.
		denies := false
		for _, s := range p.Statements {
			if err := s.check(); err != nil {
				t.Errorf("%s was read, but: %v", document, err)
			}
			denies = denies || s.Effect == EffectDeny
		}
		context := map[string][]string{"aws:sourceip": {"10.0.0.1"}, "aws:currenttime": {"2026-01-01"}, "a:b": {"a", "b"}}
		req := Request{Principal: Principal{ARN: downloader}, Action: "s3:GetObject", Resource: object, Context: context}
		resource := p
		if decision, why := Evaluate(req, &resource); decision == ExplicitDeny && !denies && !strings.Contains(why, "cannot be evaluated") {
			t.Errorf("%s denies, without a statement that does: %s", document, why)
		}
		req.Principal.Policies = []Policy{p}
		Evaluate(req, nil)
	})
}

func FuzzWild(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add("*", "")
	f.Add("?", "é")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if !strings.ContainsAny(pattern, "*?") && wild(pattern, s) != (pattern == s) {
			t.Errorf("%q matches %q: %v", pattern, s, wild(pattern, s))
		}
		if !wild("*", s) || !wild(s+"*", s) || !wild("*"+s, s) {
			t.Errorf("* does not match %q", s)
		}
		if wild(pattern, s) && strings.Contains(pattern, "*") && !wild(pattern+"*", s+"x") {
			t.Errorf("%q matches %q, but not with more at the end", pattern, s)
		}
	})
}
