package stack

import (
	"testing"

	"github.com/vouch-s3/vouch/local/objectstorage"
	"github.com/vouch-s3/vouch/local/policies"
	"github.com/vouch-s3/vouch/local/samtemplate"
)

// The front of S3 asks the bucket's policy about whoever comes: a role that may
// do everything by its own policies has no part in this bucket.
func TestAnotherRoleOfTheAccountIsRefusedByTheBucket(t *testing.T) {
	template, err := samtemplate.Load("../../template.yaml", samtemplate.Env{Region: Region, AccountID: "000000000000", StackName: Name, Parameters: map[string]string{
		"JwtIssuer": "http://127.0.0.1:8080", "JwtAudience": Audience, "AllowedOrigins": "http://127.0.0.1:8080", "ClamdHost": "address", "ClamdAddress": "127.0.0.1:3310",
	}})
	if err != nil {
		t.Fatal(err)
	}
	s := &Stack{Template: template, keys: keys{functions: map[string]key{}}}
	for _, f := range template.Functions {
		s.keys.functions[f.LogicalID] = key{ID: f.LogicalID}
	}
	a := objectAuthorizer{s.authorizer()}
	all, err := policies.ParseIdentity([]byte(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`))
	if err != nil {
		t.Fatal(err)
	}
	a.roles["auditor"] = policies.Role{Name: "auditor", ARN: "arn:aws:iam::000000000000:role/auditor", Policies: []policies.Policy{all}}

	bucket := "arn:aws:s3:::" + template.Buckets[0].Name
	ask := func(key, action, resource string) error {
		return a.Authorize(objectstorage.Access{AccessKeyID: key, Action: action, BucketARN: bucket, Resource: resource, Context: map[string][]string{
			"aws:SecureTransport": {"true"}, "s3:signatureversion": {"AWS4-HMAC-SHA256"}, "s3:authType": {"REST-HEADER"}, "s3:signatureAge": {"0"},
		}})
	}
	for _, action := range []string{"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectVersionTagging"} {
		if ask("auditor", action, bucket+"/files/a/b") == nil {
			t.Errorf("it may %s", action)
		}
	}
	// What it is not denied its own policies decide, as they do everywhere.
	if err := ask("auditor", "s3:ListBucket", bucket); err != nil {
		t.Error(err)
	}
	if err := ask("ScanObjectFunction", "s3:GetObjectVersion", bucket+"/files/a/b"); err != nil {
		t.Error(err)
	}
}
