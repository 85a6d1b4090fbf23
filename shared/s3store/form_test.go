package s3store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/vouch-s3/vouch/shared/upload"
)

// postPolicy is the policy of a form, with each condition as JSON.
func postPolicy(t *testing.T, fields map[string]string) (expires time.Time, conditions []string) {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(fields["policy"])
	if err != nil {
		t.Fatal(err)
	}
	var p struct {
		Expiration time.Time         `json:"expiration"`
		Conditions []json.RawMessage `json:"conditions"`
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	for _, c := range p.Conditions {
		conditions = append(conditions, string(c))
	}
	slices.Sort(conditions)
	return p.Expiration, conditions
}

func TestAFormsPolicyHoldsItToWhatWasPromisedAndNothingElse(t *testing.T) {
	for _, tt := range []struct {
		name       string
		form       upload.Form
		conditions []string          // besides those of every form
		fields     map[string]string // likewise
	}{
		{
			"exact",
			upload.Form{ContentType: "text/plain;charset=utf-8", Size: 5},
			[]string{`["content-length-range",5,5]`, `{"Content-Type":"text/plain;charset=utf-8"}`},
			map[string]string{"Content-Type": "text/plain;charset=utf-8"},
		},
		{
			"checksum",
			upload.Form{ContentType: "image/png", Size: 5, ChecksumSHA256: sum},
			[]string{`["content-length-range",5,5]`, `{"Content-Type":"image/png"}`, `{"x-amz-checksum-sha256":"` + sum + `"}`},
			map[string]string{"Content-Type": "image/png", "x-amz-checksum-sha256": sum},
		},
		{
			"open",
			upload.Form{ContentType: "image/*", MaxSize: 1000},
			[]string{`["content-length-range",1,1000]`, `["starts-with","$Content-Type","image/"]`},
			nil,
		},
	} {
		tt.form.Key, tt.form.Life = "files/a/b", 15*time.Minute
		got, err := store(static()).PresignForm(t.Context(), tt.form)
		if err != nil {
			t.Fatal(err)
		}
		if got.Method != "POST" || got.URL != "https://bucket.s3.eu-west-1.amazonaws.com" {
			t.Errorf("%s: %s %s", tt.name, got.Method, got.URL)
		}
		date := got.Fields["X-Amz-Date"]
		fields := map[string]string{
			"key": "files/a/b", "success_action_status": "201",
			"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Date": date, "X-Amz-Security-Token": "session",
			"X-Amz-Credential": "AKIDEXAMPLE/" + date[:8] + "/eu-west-1/s3/aws4_request",
		}
		want := append([]string{`{"bucket":"bucket"}`}, tt.conditions...)
		for name, value := range fields {
			want = append(want, `{"`+name+`":"`+value+`"}`)
		}
		slices.Sort(want)
		expires, conditions := postPolicy(t, got.Fields)
		if !slices.Equal(conditions, want) {
			t.Errorf("%s: the conditions are\n%s, want\n%s", tt.name, strings.Join(conditions, "\n"), strings.Join(want, "\n"))
		}
		if d := time.Until(expires); d < 14*time.Minute || d > 15*time.Minute {
			t.Errorf("%s: the policy ends in %v", tt.name, d)
		}
		maps.Copy(fields, tt.fields)
		fields["policy"], fields["X-Amz-Signature"] = got.Fields["policy"], sign(date, got.Fields["policy"])
		if !maps.Equal(got.Fields, fields) {
			t.Errorf("%s: the fields are\n%v, want\n%v", tt.name, got.Fields, fields)
		}
	}
}

// sign signs a policy by the steps of "Authenticating Requests: Browser-Based
// Uploads Using POST (AWS Signature Version 4)", Amazon S3 API Reference.
func sign(date, policy string) string {
	key := []byte("AWS4" + "secret")
	for _, part := range []string{date[:8], "eu-west-1", "s3", "aws4_request", policy} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

func TestAFormNeverOutlivesTheCredentialsThatSignedIt(t *testing.T) {
	ends := time.Now().Add(time.Minute)
	form := upload.Form{Key: "k", ContentType: "image/png", Size: 5, Life: 15 * time.Minute}
	got, err := store(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "A", SecretAccessKey: "S", CanExpire: true, Expires: ends}, nil
	})).PresignForm(t.Context(), form)
	if err != nil {
		t.Fatal(err)
	}
	// The policy tells seconds, and is signed a moment after its end was chosen.
	if expires, _ := postPolicy(t, got.Fields); expires.After(ends.Add(time.Second)) || got.ExpiresAt.After(ends) {
		t.Errorf("it ends at %v and is said to at %v, the credentials at %v", expires, got.ExpiresAt, ends)
	}
	if _, token := got.Fields["X-Amz-Security-Token"]; token {
		t.Error("it has the token of no session")
	}
	if _, err := store(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "A", SecretAccessKey: "S", CanExpire: true, Expires: time.Now().Add(-time.Second)}, nil
	})).PresignForm(t.Context(), form); err == nil {
		t.Error("it was signed with dead credentials")
	}
}
