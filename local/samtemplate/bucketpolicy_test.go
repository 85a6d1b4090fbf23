package samtemplate

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/local/policies"
	"github.com/vouch-s3/vouch/shared/policy/override"
)

const anObject = "arn:aws:s3:::vouch-filesbucket/files/a/b"

// toBucket asks the bucket's policy about a role that is allowed everything
// elsewhere, so that only the bucket can refuse it. Each change is made to the
// context of a request that was signed a second ago, in a header.
func toBucket(s *Stack, roleARN, action string, change ...string) error {
	all := policies.Policy{Statements: policies.Statements{{Effect: "Allow", Action: policies.Strings{"*"}, Resource: policies.Strings{"*"}}}}
	context := map[string][]string{
		"aws:SecureTransport": {"true"}, "s3:signatureversion": {"AWS4-HMAC-SHA256"}, "s3:authType": {"REST-HEADER"},
		"s3:signatureAge": {"1000"}, "s3:ExistingObjectTag/vouch-verdict": {"clean"},
	}
	for i := 0; i+1 < len(change); i += 2 {
		delete(context, change[i])
		if change[i+1] != "" {
			context[change[i]] = []string{change[i+1]}
		}
	}
	role := policies.Role{Name: roleARN, ARN: roleARN, Policies: []policies.Policy{all}}
	return policies.Evaluate(policies.Request{Role: role, Action: action, Resource: anObject, Context: context}, s.Buckets[0].Policies...)
}

func loaded(t *testing.T, parameters ...string) *Stack {
	t.Helper()
	e := env()
	for i := 0; i+1 < len(parameters); i += 2 {
		e.Parameters[parameters[i]] = parameters[i+1]
	}
	stack, err := Load("../../template.yaml", e)
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

// grants reports whether a role's own policy allows an action on objects of the
// bucket, under whatever condition.
func grants(r policies.Role, action string) bool {
	for _, p := range r.Policies {
		for _, s := range p.Statements {
			if s.Effect == "Allow" && slices.Contains(s.Action, action) && slices.ContainsFunc(s.Resource, func(arn string) bool {
				return strings.HasPrefix(arn, "arn:aws:s3:::vouch-filesbucket/")
			}) {
				return true
			}
		}
	}
	return false
}

// ReadOnlyAccess, or s3:* for another application of the account, opens nothing.
func TestTheBucketRefusesEveryRoleThatHasNoPartInIt(t *testing.T) {
	stack := loaded(t)
	for _, action := range []string{"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectVersionTagging", "s3:DeleteObjectVersionTagging", "s3:DeleteObject", "s3:DeleteObjectVersion"} {
		granted := 0
		for _, f := range stack.Functions {
			own := grants(f.Role, action)
			if own {
				granted++
			}
			// One permission may stand for another: who reads versions may read at all.
			own = own || action == "s3:GetObject" && grants(f.Role, "s3:GetObjectVersion") || action == "s3:GetObjectVersion" && grants(f.Role, "s3:GetObject") ||
				strings.HasSuffix(action, "Tagging") && grants(f.Role, "s3:PutObjectVersionTagging") ||
				action == "s3:DeleteObject" && grants(f.Role, "s3:DeleteObjectVersion")
			if err := toBucket(stack, f.Role.ARN, action); (err == nil) != own {
				t.Errorf("%s: the bucket says %v, and its own policy allows it %s: %v", f.LogicalID, err, action, own)
			}
		}
		if granted == 0 && !slices.Contains([]string{"s3:PutObjectTagging", "s3:DeleteObjectVersionTagging", "s3:DeleteObject"}, action) {
			t.Errorf("no function is allowed %s: the bucket names one for nothing", action)
		}
		for _, other := range []string{
			"arn:aws:iam::000000000000:role/auditor", "arn:aws:iam::000000000000:user/alice", "arn:aws:iam::000000000000:root",
			"arn:aws:iam::000000000000:role/vouch-MarkReadyFunctionRole2", "arn:aws:iam::111111111111:role/vouch-CreateDownloadFunctionRole", "",
		} {
			if toBucket(stack, other, action) == nil {
				t.Errorf("%q may %s", other, action)
			}
		}
	}
}

func TestGuardDutyReadsAndNeverTagsAndOnlyWhereItIsAsked(t *testing.T) {
	const arn = "arn:aws:iam::000000000000:role/vouch-ProtectionRole"
	for scanners, asked := range map[string]bool{"clamav": false, "clamav+guardduty": true} {
		stack := loaded(t, "Scanners", scanners)
		for action, want := range map[string]bool{"s3:GetObjectVersion": asked, "s3:PutObject": asked, "s3:PutObjectVersionTagging": false} {
			if err := toBucket(stack, arn, action); (err == nil) != want {
				t.Errorf("%s: %s: %v", scanners, action, err)
			}
		}
	}
}

func TestARoleThatIsAddedReadsAndWritesAndMakesNoURL(t *testing.T) {
	stack := loaded(t, "AdditionalPrincipals", "arn:aws:iam::000000000000:role/restore, arn:aws:iam::000000000000:role/aws-reserved/*/Admin_*")
	for arn, added := range map[string]bool{
		"arn:aws:iam::000000000000:role/restore":                      true,
		"arn:aws:iam::000000000000:role/aws-reserved/sso/Admin_12345": true,
		"arn:aws:iam::000000000000:role/restores":                     false,
	} {
		for _, action := range []string{"s3:GetObject", "s3:PutObject", "s3:PutObjectVersionTagging", "s3:DeleteObjectVersion"} {
			if err := toBucket(stack, arn, action); (err == nil) != added {
				t.Errorf("%s: %s: %v", arn, action, err)
			}
			if toBucket(stack, arn, action, "s3:authType", "REST-QUERY-STRING") == nil {
				t.Errorf("%s may %s by a URL", arn, action)
			}
		}
	}
}

// What is not a signature of today's kind is refused, even in the name of a role
// that may.
func TestTheBucketTakesNoSignatureButVersion4OverTLS(t *testing.T) {
	stack := loaded(t)
	role := function(t, stack, "CreateDownloadFunction").Role.ARN
	if err := toBucket(stack, role, "s3:GetObjectVersion"); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][]string{
		"version 2":   {"s3:signatureversion", "AWS", "s3:signatureAge", "0"},
		"none":        {"s3:signatureversion", "", "s3:authType", "", "s3:signatureAge", ""},
		"without TLS": {"aws:SecureTransport", "false"},
	} {
		if toBucket(stack, role, "s3:GetObjectVersion", change...) == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
}

func TestOnlySignersMakeURLs(t *testing.T) {
	stack := loaded(t)
	signers := []string{"CreateUploadFunction", "PresignPartsFunction", "CreateDownloadFunction", "RunCanaryFunction"}
	for _, f := range stack.Functions {
		for _, authType := range []string{"REST-QUERY-STRING", "POST"} {
			for _, action := range []string{"s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObjectVersion"} {
				if toBucket(stack, f.Role.ARN, action, "s3:authType", authType) == nil && !slices.Contains(signers, f.LogicalID) {
					t.Errorf("%s may %s by %s", f.LogicalID, action, authType)
				}
			}
		}
	}
	for _, signer := range signers[:2] {
		if err := toBucket(stack, function(t, stack, signer).Role.ARN, "s3:PutObject", "s3:authType", "REST-QUERY-STRING"); err != nil {
			t.Error(err)
		}
	}
}

// The bucket's bound and the policy's belong together: no life that a policy may
// give a URL is one that the bucket cuts short, and the bucket allows no longer
// one. "Establishing guardrails and monitoring for presigned URLs" (AWS
// Prescriptive Guidance) warns of random failures under two minutes.
func TestTheBucketLetsASignatureLiveAsLongAsThePolicyMaySay(t *testing.T) {
	stack := loaded(t)
	var bound time.Duration
	for _, s := range stack.Buckets[0].Policies[0].Statements {
		if ages := s.Condition["NumericGreaterThan"]["s3:signatureAge"]; len(ages) == 1 {
			milliseconds, err := strconv.Atoi(ages[0])
			if err != nil {
				t.Fatal(err)
			}
			bound = time.Duration(milliseconds) * time.Millisecond
		}
	}
	if bound < 5*time.Minute {
		t.Fatalf("a signature lives %v", bound)
	}
	for _, name := range []string{"uploadLife", "downloadLife"} {
		if _, err := override.Load(fmt.Sprintf("%s: %v", name, bound)); err != nil {
			t.Errorf("the bucket allows more than a policy may: %v", err)
		}
		if _, err := override.Load(fmt.Sprintf("%s: %v", name, bound+time.Second)); err == nil {
			t.Errorf("%s may be longer than %v, which the bucket allows", name, bound)
		}
	}
	role := function(t, stack, "CreateDownloadFunction").Role.ARN
	for _, by := range []string{"REST-HEADER", "REST-QUERY-STRING"} {
		age := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
		if err := toBucket(stack, role, "s3:GetObjectVersion", "s3:authType", by, "s3:signatureAge", age(bound)); err != nil {
			t.Error(err)
		}
		if toBucket(stack, role, "s3:GetObjectVersion", "s3:authType", by, "s3:signatureAge", age(bound+time.Millisecond)) == nil {
			t.Errorf("%s: a signature older than %v was taken", by, bound)
		}
	}
}

// No policy and no ACL that is ever put there can make the bucket public.
func TestTheBucketsAreClosedToThePublic(t *testing.T) {
	buckets := 0
	for id, r := range document(t)["Resources"].(map[string]any) {
		r := r.(map[string]any)
		if r["Type"] != "AWS::S3::Bucket" {
			continue
		}
		buckets++
		p := r["Properties"].(map[string]any)
		block, _ := p["PublicAccessBlockConfiguration"].(map[string]any)
		for _, name := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
			if block[name] != true {
				t.Errorf("%s: %s is %v", id, name, block[name])
			}
		}
		ownership := "BucketOwnerEnforced"
		if id == "WebLogsBucket" { // CloudFront's logs come by an ACL, of objects that are the bucket owner's
			ownership = "BucketOwnerPreferred"
		}
		if owner := fmt.Sprint(p["OwnershipControls"]); !strings.Contains(owner, ownership) {
			t.Errorf("%s has ACLs: %s", id, owner)
		}
	}
	if buckets == 0 {
		t.Error("there is no bucket")
	}
}

func TestEveryStatementOfTheBucketIsExplained(t *testing.T) {
	doc, err := os.ReadFile("../../docs/presigned.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range loaded(t).Buckets[0].Policies[0].Statements {
		if s.Sid == "" || !strings.Contains(string(doc), "`"+s.Sid+"`") {
			t.Errorf("docs/presigned.md does not say what %q refuses", s.Sid)
		}
	}
}
