package policies

import (
	"strings"
	"testing"
)

const downloader = "arn:aws:iam::1:role/download"

func must(t *testing.T) func(Policy, error) Policy {
	return func(p Policy, err error) Policy {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
}

func TestDecisionsFollowTheEvaluationLogic(t *testing.T) {
	allow := `{"Statement":{"Effect":"Allow","Action":"s3:GetObject*","Resource":"arn:aws:s3:::b/files/*"}}`
	denyUntagged := `{"Statement":[{"Effect":"Deny","Principal":{"AWS":"` + downloader + `"},"Action":["s3:GetObject","s3:GetObjectVersion"],"Resource":"arn:aws:s3:::b/*","Condition":{"StringNotEquals":{"s3:ExistingObjectTag/v":"clean"}}}]}`
	denyPlain := `{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}}`
	allowByBucket := `{"Statement":{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::1:role/x","` + downloader + `"]},"Action":"s3:DeleteObject","Resource":"arn:aws:s3:::b/*"}}`
	allowAccount := `{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:root"},"Action":"s3:DeleteObject","Resource":"arn:aws:s3:::b/*"}}`
	denyAccount := `{"Statement":{"Effect":"Deny","Principal":{"AWS":"1"},"Action":"s3:GetObject","Resource":"*"}}`
	denyOther := `{"Statement":{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::11:root"},"Action":"s3:GetObject","Resource":"*"}}`
	once := `{"Statement":{"Effect":"Allow","Action":"s3:PutObject","Resource":"*","Condition":{"Null":{"s3:if-none-match":"false"}}}}`
	clean := map[string][]string{"s3:existingobjecttag/V": {"clean"}}
	for _, tt := range []struct {
		name, identity, resource, action, target string
		context                                  map[string][]string
		want                                     bool
	}{
		{"allowed", allow, "", "s3:GetObject", "arn:aws:s3:::b/files/1", nil, true},
		{"another prefix", allow, "", "s3:GetObject", "arn:aws:s3:::b/other", nil, false},
		{"another bucket", allow, "", "s3:GetObject", "arn:aws:s3:::bb/files/1", nil, false},
		{"another action", allow, "", "s3:PutObject", "arn:aws:s3:::b/files/1", nil, false},
		{"action in other case", allow, "", "S3:getobjectversion", "arn:aws:s3:::b/files/1", nil, true},
		{"no tag", allow, denyUntagged, "s3:GetObjectVersion", "arn:aws:s3:::b/files/1", nil, false},
		{"clean tag", allow, denyUntagged, "s3:GetObjectVersion", "arn:aws:s3:::b/files/1", clean, true},
		{"rejected tag", allow, denyUntagged, "s3:GetObjectVersion", "arn:aws:s3:::b/files/1", map[string][]string{"s3:ExistingObjectTag/v": {"rejected"}}, false},
		{"over TLS", allow, denyPlain, "s3:GetObject", "arn:aws:s3:::b/files/1", map[string][]string{"aws:SecureTransport": {"true"}}, true},
		{"not over TLS", allow, denyPlain, "s3:GetObject", "arn:aws:s3:::b/files/1", map[string][]string{"aws:SecureTransport": {"false"}}, false},
		{"by the bucket's policy", allow, allowByBucket, "s3:DeleteObject", "arn:aws:s3:::b/x", nil, true},
		{"the account is named to allow", allow, allowAccount, "s3:DeleteObject", "arn:aws:s3:::b/x", nil, false},
		{"the account is named to deny", allow, denyAccount, "s3:GetObject", "arn:aws:s3:::b/files/1", nil, false},
		{"another account is denied", allow, denyOther, "s3:GetObject", "arn:aws:s3:::b/files/1", nil, true},
		{"key that must be there", once, "", "s3:PutObject", "arn:aws:s3:::b/x", nil, false},
		{"key that is there", once, "", "s3:PutObject", "arn:aws:s3:::b/x", map[string][]string{"s3:if-none-match": {"*"}}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Request{Role: Role{Name: "download", ARN: downloader, Policies: []Policy{must(t)(ParseIdentity([]byte(tt.identity)))}}, Action: tt.action, Resource: tt.target, Context: tt.context}
			var resource []Policy
			if tt.resource != "" {
				resource = append(resource, must(t)(ParseResource([]byte(tt.resource))))
			}
			if err := Evaluate(r, resource...); (err == nil) != tt.want {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAKeyIsUsedOnlyIfItsOwnPolicyLetsItBe(t *testing.T) {
	const arn = "arn:aws:kms:r:1:key/k"
	allow := `{"Statement":{"Effect":"Allow","Action":"kms:Sign","Resource":"` + arn + `"}}`
	other := `{"Statement":{"Effect":"Allow","Action":"kms:GetPublicKey","Resource":"` + arn + `"}}`
	account := `{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:root"},"Action":"kms:*","Resource":"*"}}`
	stranger := `{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::11:root"},"Action":"kms:*","Resource":"*"}}`
	byName := `{"Statement":{"Effect":"Allow","Principal":{"AWS":"` + downloader + `"},"Action":"kms:Sign","Resource":"*"}}`
	readOnly := `{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:root"},"Action":"kms:GetPublicKey","Resource":"*"}}`
	denied := `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:root"},"Action":"kms:*","Resource":"*"},{"Effect":"Deny","Principal":{"AWS":"` + downloader + `"},"Action":"kms:Sign","Resource":"*"}]}`
	for _, tt := range []struct {
		name, identity, key string
		want                bool
	}{
		{"both allow", allow, account, true},
		{"the key speaks of another account", allow, stranger, false},
		{"the key allows another action", allow, readOnly, false},
		{"the role is allowed another action", other, account, false},
		{"the key names the role", other, byName, true},
		{"the key denies the role", allow, denied, false},
	} {
		r := Request{Role: Role{Name: "download", ARN: downloader, Policies: []Policy{must(t)(ParseIdentity([]byte(tt.identity)))}}, Action: "kms:Sign", Resource: arn}
		if err := EvaluateKey(r, must(t)(ParseResource([]byte(tt.key)))); (err == nil) != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// A policy that denies whoever is not named denies those who name themselves as
// nobody too.
func TestWhoHasNotSignedIsNobodyThatAPolicyNames(t *testing.T) {
	allow := `{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}}`
	deny := `{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"ArnNotEquals":{"aws:PrincipalArn":"` + downloader + `"}}}}`
	for arn, want := range map[string]bool{downloader: true, "arn:aws:iam::1:role/other": false, "": false} {
		r := Request{Role: Role{ARN: arn}, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k"}
		if err := Evaluate(r, must(t)(ParseResource([]byte(allow))), must(t)(ParseResource([]byte(deny)))); (err == nil) != want {
			t.Errorf("%q: %v", arn, err)
		}
		if err := Evaluate(r, must(t)(ParseResource([]byte(allow)))); err != nil {
			t.Errorf("%q, where everybody may: %v", arn, err)
		}
	}
}

func TestARoleWithoutPoliciesMayDoNothing(t *testing.T) {
	if Evaluate(Request{Action: "s3:GetObject", Resource: "*"}) == nil {
		t.Error("it was allowed")
	}
}

func TestOperatorsTreatMissingKeysAsIAMDoes(t *testing.T) {
	for _, tt := range []struct {
		operator   string
		have, want []string
		holds      bool
	}{
		{"StringEquals", nil, []string{"a"}, false},
		{"StringNotEquals", nil, []string{"a"}, true},
		{"StringEqualsIfExists", nil, []string{"a"}, true},
		{"StringEquals", []string{"a"}, []string{"b", "a"}, true},
		{"StringNotEquals", []string{"a"}, []string{"b", "a"}, false},
		{"StringLike", []string{"files/x"}, []string{"files/*"}, true},
		{"StringLike", []string{"file"}, []string{"files/*"}, false},
		{"StringEqualsIgnoreCase", []string{"A"}, []string{"a"}, true},
		{"NumericLessThan", []string{"299999"}, []string{"300000"}, true},
		{"NumericLessThan", []string{"x"}, []string{"300000"}, false},
		{"NumericGreaterThanEquals", []string{"5"}, []string{"5"}, true},
		{"IpAddress", []string{"10.1.2.3"}, []string{"10.0.0.0/8"}, true},
		{"IpAddress", []string{"11.1.2.3"}, []string{"10.0.0.0/8"}, false},
		{"NotIpAddress", []string{"::ffff:10.1.2.3"}, []string{"10.0.0.0/8"}, false},
		{"ArnLike", []string{"arn:aws:s3:::b/k"}, []string{"arn:aws:s3:::b/*"}, true},
		{"ArnLike", []string{"arn:aws:iam::1:role/x"}, []string{"arn:aws:*:role/x"}, false},
		{"Null", nil, []string{"true"}, true},
		{"Null", []string{"x"}, []string{"true"}, false},
	} {
		if got := holds(tt.operator, tt.have, tt.want); got != tt.holds {
			t.Errorf("%s of %q and %q is %v", tt.operator, tt.have, tt.want, got)
		}
	}
}

func TestWhatIsNotUnderstoodIsRefusedNotSkipped(t *testing.T) {
	for name, document := range map[string]string{
		"unknown element":  `{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Conditon":{}}}`,
		"unknown operator": `{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringSame":{"a":"b"}}}}`,
		"principal":        `{"Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}`,
		"no resource":      `{"Statement":{"Effect":"Allow","Action":"*"}}`,
		"no number":        `{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"NumericLessThan":{"a":"ten"}}}}`,
		"no address":       `{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"IpAddress":{"a":"10.0.0.0/99"}}}}`,
		"no boolean":       `{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"a":"yes"}}}}`,
		"no ARN":           `{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"ArnLike":{"a":"*"}}}}`,
		"two documents":    `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}{}`,
		"policy variable":  `{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:username}"}}`,
		"no effect":        `{"Statement":{"Action":"*","Resource":"*"}}`,
		"no action":        `{"Statement":{"Effect":"Allow","Resource":"*"}}`,
		"both resources":   `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","NotResource":"a"}}`,
		"no statement":     `{"Version":"2012-10-17"}`,
		"object as action": `{"Statement":{"Effect":"Allow","Action":{"a":"b"},"Resource":"*"}}`,
		"empty condition":  `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"a":[]}}}}`,
	} {
		if _, err := ParseIdentity([]byte(document)); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
}

func TestAResourcePolicyThatSpeaksOfNobodyIsRefused(t *testing.T) {
	for name, document := range map[string]string{
		"no principal":       `{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`,
		"unknown principal":  `{"Statement":{"Effect":"Deny","Principal":{"Everybody":"*"},"Action":"*","Resource":"*"}}`,
		"wildcard in an ARN": `{"Statement":{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::1:role/*"},"Action":"*","Resource":"*"}}`,
		"no ARN":             `{"Statement":{"Effect":"Deny","Principal":{"AWS":"download"},"Action":"*","Resource":"*"}}`,
	} {
		if _, err := ParseResource([]byte(document)); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Null":{"a":"true"}}}}`))
	f.Add([]byte(`{"Statement":[{"Effect":"Deny","NotAction":["a"],"Principal":{"AWS":"*"}}]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		r := Request{Role: Role{ARN: downloader}, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k"}
		if p, err := ParseIdentity(document); err == nil {
			r.Role.Policies = []Policy{p}
			byParts := true
			for _, s := range p.Statements {
				byParts = byParts && len(s.NotAction)+len(s.NotResource) == 0 && s.Effect == "Allow"
			}
			if allowed := Evaluate(r) == nil; byParts && allowed != (len(Allowing(r)) > 0) {
				t.Errorf("allowed: %v, by %+v", allowed, Allowing(r))
			}
			Guarding(r)
		}
		if p, err := ParseResource(document); err == nil {
			Evaluate(r, p)
		}
		Evaluate(r)
	})
}

func FuzzLike(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add("*", "")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if !strings.ContainsAny(pattern, "*?") && like(pattern, s) != (pattern == s) {
			t.Errorf("%q matches %q: %v", pattern, s, like(pattern, s))
		}
		if !like("*", s) || !like(s+"*", s) && !strings.ContainsAny(s, "*?") {
			t.Errorf("* does not match %q", s)
		}
	})
}
