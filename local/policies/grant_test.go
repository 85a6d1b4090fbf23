package policies

import (
	"reflect"
	"testing"
)

const twoWays = `{"Statement":[
	{"Sid":"Read","Effect":"Allow","Action":["s3:GetObject","s3:GetObjectVersion"],"Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"s3:ExistingObjectTag/v":["clean","flagged"]}}},
	{"Sid":"Once","Effect":"Allow","Action":"s3:PutObject","Resource":["arn:aws:s3:::b/*","arn:aws:s3:::b/files/*"],"Condition":{"Null":{"s3:if-none-match":"false"},"StringEquals":{"s3:authType":"REST-HEADER"}}},
	{"Sid":"Never","Effect":"Deny","Action":"s3:DeleteObject","Resource":"*"}
]}`

func TestEveryPartOfAPolicyIsAGrantOfItsOwn(t *testing.T) {
	role := Role{Policies: []Policy{must(t)(ParseIdentity([]byte(twoWays)))}}
	const tag = "s3:ExistingObjectTag/v="
	want := []Grant{
		{"Read", "s3:GetObject", "arn:aws:s3:::b/*", tag + "clean"},
		{"Read", "s3:GetObject", "arn:aws:s3:::b/*", tag + "flagged"},
		{"Read", "s3:GetObjectVersion", "arn:aws:s3:::b/*", tag + "clean"},
		{"Read", "s3:GetObjectVersion", "arn:aws:s3:::b/*", tag + "flagged"},
		{"Once", "s3:PutObject", "arn:aws:s3:::b/*", "s3:authType=REST-HEADER"},
		{"Once", "s3:PutObject", "arn:aws:s3:::b/files/*", "s3:authType=REST-HEADER"},
	}
	if got := role.Grants(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if got, want := role.Guards(), []Guard{{"Read", "s3:ExistingObjectTag/v"}, {"Once", "s3:authType"}, {"Once", "s3:if-none-match"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestARequestIsAllowedByItsGrantsAndRefusedByItsGuards(t *testing.T) {
	role := Role{Policies: []Policy{must(t)(ParseIdentity([]byte(twoWays)))}}
	for _, tt := range []struct {
		name, action, resource string
		context                map[string][]string
		grants                 []Grant
		guards                 []Guard
	}{
		{
			"one of two values", "S3:GetObject", "arn:aws:s3:::b/x",
			map[string][]string{"s3:ExistingObjectTag/v": {"flagged"}},
			[]Grant{{"Read", "s3:GetObject", "arn:aws:s3:::b/*", "s3:ExistingObjectTag/v=flagged"}},
			nil,
		},
		{"neither value", "s3:GetObject", "arn:aws:s3:::b/x", map[string][]string{"s3:ExistingObjectTag/v": {"x"}}, nil, []Guard{{"Read", "s3:ExistingObjectTag/v"}}},
		{
			"two resources, so that neither is needed", "s3:PutObject", "arn:aws:s3:::b/files/x",
			map[string][]string{"s3:if-none-match": {"*"}, "s3:authType": {"REST-HEADER"}},
			[]Grant{{"Once", "s3:PutObject", "arn:aws:s3:::b/*", "s3:authType=REST-HEADER"}, {"Once", "s3:PutObject", "arn:aws:s3:::b/files/*", "s3:authType=REST-HEADER"}},
			nil,
		},
		{"one of two guards", "s3:PutObject", "arn:aws:s3:::b/x", map[string][]string{"s3:authType": {"REST-HEADER"}}, nil, []Guard{{"Once", "s3:if-none-match"}}},
		{"two of two guards, so that neither decides alone", "s3:PutObject", "arn:aws:s3:::b/x", nil, nil, nil},
		{"another bucket", "s3:PutObject", "arn:aws:s3:::c/x", nil, nil, nil},
		{"what is denied", "s3:DeleteObject", "arn:aws:s3:::b/x", nil, nil, nil},
	} {
		r := Request{Role: role, Action: tt.action, Resource: tt.resource, Context: tt.context}
		if got := Allowing(r); !reflect.DeepEqual(got, tt.grants) {
			t.Errorf("%s: allowed by %+v", tt.name, got)
		}
		if got := Guarding(r); !reflect.DeepEqual(got, tt.guards) {
			t.Errorf("%s: refused by %+v", tt.name, got)
		}
		if allowed := Evaluate(r) == nil; allowed != (len(tt.grants) > 0) {
			t.Errorf("%s: it is allowed: %v", tt.name, allowed)
		}
	}
}
