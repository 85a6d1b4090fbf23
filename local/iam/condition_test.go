package iam

import (
	"encoding/json"
	"testing"
)

func TestConditionOperatorsCompareAsIAMDoes(t *testing.T) {
	none := []string(nil)
	one := func(v ...string) []string { return v }
	for _, tt := range []struct {
		operator   string
		have, want []string
		holds      bool
	}{
		{"StringEquals", one("a"), one("b", "a"), true},
		{"StringEquals", one("A"), one("a"), false},
		{"StringEquals", one("ab"), one("a*"), false},
		{"StringEquals", none, one("a"), false},
		{"StringEquals", one(""), one("a"), false},
		{"StringNotEquals", one("a"), one("b", "a"), false},
		{"StringNotEquals", one("c"), one("b", "a"), true},
		{"StringNotEquals", none, one("a"), true},
		{"StringEqualsIgnoreCase", one("A"), one("a"), true},
		{"StringNotEqualsIgnoreCase", one("A"), one("a"), false},
		{"StringNotEqualsIgnoreCase", none, one("a"), true},
		{"StringLike", one("files/x/y"), one("files/*"), true},
		{"StringLike", one("files"), one("files/*"), false},
		{"StringLike", one("Files/x"), one("files/*"), false},
		{"StringLike", none, one("*"), false},
		{"StringNotLike", one("files/x"), one("files/*"), false},
		{"StringNotLike", none, one("files/*"), true},

		{"StringEqualsIfExists", none, one("a"), true},
		{"StringEqualsIfExists", one("b"), one("a"), false},
		{"StringNotEqualsIfExists", none, one("a"), true},
		{"NumericLessThanIfExists", none, one("1"), true},
		{"BoolIfExists", none, one("true"), true},
		{"BoolIfExists", one("false"), one("true"), false},

		{"ArnEquals", one("arn:aws:s3:::b"), one("arn:aws:s3:::*"), true},
		{"ArnLike", one("arn:aws:sqs:eu-west-1:1:q"), one("arn:aws:sqs:*:1:q"), true},
		{"ArnLike", one("arn:aws:sqs:eu-west-1:1:q"), one("arn:aws:*:q:x:y"), false},
		{"ArnLike", one("arn:aws:lambda:r:1:function:f"), one("arn:aws:lambda:r:1:*"), true},
		{"ArnLike", one("not an arn"), one("arn:aws:*:*:*:*"), false},
		{"ArnLike", none, one("arn:aws:*:*:*:*"), false},
		{"ArnNotEquals", one("arn:aws:s3:::b"), one("arn:aws:s3:::b"), false},
		{"ArnNotLike", none, one("arn:aws:s3:::b"), true},

		{"NumericEquals", one("5.0"), one("5"), true},
		{"NumericNotEquals", one("5"), one("5"), false},
		{"NumericNotEquals", none, one("5"), true},
		{"NumericLessThan", one("9"), one("10"), true},
		{"NumericLessThan", one("10"), one("10"), false},
		{"NumericLessThan", one("many"), one("10"), false},
		{"NumericLessThanEquals", one("10"), one("10"), true},
		{"NumericGreaterThan", one("10"), one("9"), true},
		{"NumericGreaterThanEquals", one("10"), one("10"), true},
		{"NumericGreaterThanEquals", one("NaN"), one("10"), false},

		{"DateLessThan", one("2026-01-01T00:00:00Z"), one("2026-01-02T00:00:00Z"), true},
		{"DateLessThan", one("2026-01-01T02:00:00+03:00"), one("2026-01-01T00:00:00Z"), true},
		{"DateLessThanEquals", one("1767225600"), one("2026-01-01T00:00:00Z"), true},
		{"DateGreaterThan", one("2026-01-03"), one("2026-01-02"), true},
		{"DateGreaterThanEquals", one("2026-01-02"), one("2026-01-02T00:00Z"), true},
		{"DateEquals", one("2026-01-02"), one("2026-01-02T00:00:00Z"), true},
		{"DateNotEquals", one("2026-01-02"), one("2026-01-02T00:00:00Z"), false},
		{"DateLessThan", one("tomorrow"), one("2026-01-02"), false},

		{"Bool", one("false"), one("False"), true},
		{"Bool", one("true"), one("false"), false},
		{"Bool", none, one("false"), false},
		{"Null", none, one("true"), true},
		{"Null", one("x"), one("true"), false},
		{"Null", one("x"), one("false"), true},
		{"Null", none, one("false"), false},

		{"IpAddress", one("10.1.2.3"), one("10.0.0.0/8"), true},
		{"IpAddress", one("::ffff:10.1.2.3"), one("10.0.0.0/8"), true},
		{"IpAddress", one("11.1.2.3"), one("192.0.2.0/24", "11.1.2.3"), true},
		{"IpAddress", one("2001:db8::1"), one("2001:db8::/32"), true},
		{"IpAddress", one("nowhere"), one("0.0.0.0/0"), false},
		{"NotIpAddress", one("10.1.2.3"), one("10.0.0.0/8"), false},
		{"NotIpAddress", none, one("10.0.0.0/8"), true},

		{"ForAllValues:StringEquals", one("a", "b"), one("a", "b", "c"), true},
		{"ForAllValues:StringEquals", one("a", "d"), one("a", "b", "c"), false},
		{"ForAllValues:StringEquals", none, one("a"), true},
		{"ForAllValues:StringNotLike", one("x", "a1"), one("a*"), false},
		{"ForAnyValue:StringLike", one("x", "a1"), one("a*"), true},
		{"ForAnyValue:StringLike", one("x"), one("a*"), false},
		{"ForAnyValue:StringLike", none, one("*"), false},
		{"ForAnyValue:StringNotEquals", one("a", "x"), one("a"), true},
		{"ForAnyValue:StringNotEquals", none, one("a"), false},
		{"StringNotEquals", one("a", "x"), one("a"), false}, // more values than a single-valued key has
	} {
		c := Condition{Operator: tt.operator, Key: "a:b", Values: tt.want}
		if err := c.check(); err != nil {
			t.Errorf("%s %q: %v", tt.operator, tt.want, err)
		}
		if got := c.holds(tt.have); got != tt.holds {
			t.Errorf("%s of %q and %q is %v", tt.operator, tt.have, tt.want, got)
		}
	}
}

func TestAllConditionsOfAStatementMustHoldWhateverTheCaseOfKeys(t *testing.T) {
	p := mustParse(t, `{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{
		"StringEquals":{"s3:ExistingObjectTag/vouch-verdict":"clean"},
		"Bool":{"aws:SecureTransport":true},
		"NumericLessThan":{"s3:max-keys":1000}}}}`)
	full := func() map[string][]string {
		return map[string][]string{"S3:existingobjecttag/Vouch-Verdict": {"clean"}, "AWS:securetransport": {"true"}, "s3:max-keys": {"10"}}
	}
	decide := func(context map[string][]string) Decision {
		d, _ := Evaluate(Request{Principal: Principal{ARN: downloader, Policies: []Policy{p}}, Action: "s3:GetObject", Resource: object, Context: context}, nil)
		return d
	}
	if got := decide(full()); got != Allow {
		t.Errorf("with all keys: %v", got)
	}
	for key := range full() {
		context := full()
		delete(context, key)
		if got := decide(context); got != ImplicitDeny {
			t.Errorf("without %s: %v", key, got)
		}
	}
}

func TestPrincipalArnIsFilledInUnlessTheContextHasIt(t *testing.T) {
	p := mustParse(t, `{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"`+downloader+`"}}}}`)
	for name, tt := range map[string]struct {
		context map[string][]string
		want    Decision
	}{
		"absent": {nil, Allow},
		"given":  {map[string][]string{"AWS:principalarn": {"arn:aws:iam::" + account + ":role/other"}}, ImplicitDeny},
	} {
		got, _ := Evaluate(Request{Principal: Principal{ARN: downloader, Policies: []Policy{p}}, Action: "s3:GetObject", Resource: object, Context: tt.context}, nil)
		if got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// The bucket policy that keeps unverified bytes from being handed out.
func TestOnlyVerifiedVersionsAreHandedOut(t *testing.T) {
	role := mustParse(t, `{"Statement":{"Effect":"Allow","Action":"s3:GetObjectVersion","Resource":"arn:aws:s3:::vouch-files/files/*"}}`)
	bucket := mustParse(t, `{"Statement":{"Sid":"OnlyVerified","Effect":"Deny","Principal":{"AWS":"`+downloader+`"},
		"Action":["s3:GetObject","s3:GetObjectVersion"],"Resource":"arn:aws:s3:::vouch-files/*",
		"Condition":{"StringNotEquals":{"s3:ExistingObjectTag/vouch-verdict":"clean"}}}}`)
	for verdict, want := range map[string]Decision{"clean": Allow, "rejected": ExplicitDeny, "Clean": ExplicitDeny, "": ExplicitDeny} {
		context := map[string][]string{}
		if verdict != "" {
			context["s3:ExistingObjectTag/vouch-verdict"] = []string{verdict}
		}
		req := Request{Principal: Principal{ARN: downloader, Policies: []Policy{role}}, Action: "s3:GetObjectVersion", Resource: object, Context: context}
		if got, why := Evaluate(req, &bucket); got != want {
			t.Errorf("tag %q: %v (%s), want %v", verdict, got, why, want)
		}
	}
}

func TestUnknownOrUselessConditionsAreRefused(t *testing.T) {
	for _, condition := range []string{
		`{"StringSame":{"a:b":"c"}}`,
		`{"stringequals":{"a:b":"c"}}`,
		`{"BinaryEquals":{"a:b":"c"}}`,
		`{"NullIfExists":{"a:b":"true"}}`,
		`{"ForSome:StringEquals":{"a:b":"c"}}`,
		`{"ForAllValues:Bool":{"a:b":"true"}}`,
		`{"ForAnyValue:StringEqualsIfExists":{"a:b":"c"}}`,
		`{"StringEquals":{"nokey":"c"}}`,
		`{"StringEquals":{"a:b":[]}}`,
		`{"StringEquals":{"a:b":null}}`,
		`{"StringEquals":{"a:b":{"c":"d"}}}`,
		`{"StringEquals":{}}`,
		`{"StringEquals":"a"}`,
		`{"StringEquals":{"a:b":"c"},"StringEquals":{"a:b":"d"}}`,
		`{"StringEquals":{"a:b":"${aws:username}"}}`,
		`{"StringEquals":{"a:b/${aws:username}":"c"}}`,
		`{"Null":{"a:b":"yes"}}`,
		`{"Bool":{"a:b":"yes"}}`,
		`{"NumericLessThan":{"a:b":"few"}}`,
		`{"NumericLessThan":{"a:b":"NaN"}}`,
		`{"DateLessThan":{"a:b":"tomorrow"}}`,
		`{"IpAddress":{"a:b":"10.0.0.0/33"}}`,
		`{"ArnLike":{"a:b":"*"}}`,
		`[]`,
	} {
		var p Policy
		if err := json.Unmarshal([]byte(`{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":`+condition+`}}`), &p); err == nil {
			t.Errorf("%s was read", condition)
		}
	}
}
