package awsapi

import (
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

func TestADenialIsToldOfWhoeverIsDenied(t *testing.T) {
	var mu sync.Mutex
	var told []string
	e, err := Start(t.Context(), Options{
		Addr: "127.0.0.1:0", DataDir: t.TempDir(), Region: "us-east-1", AdminKey: "ADMIN", AdminSecret: "secret",
		Accounts: map[string]string{"FUNCTION": "secret"}, Authorizer: &asked{refuse: true}, Log: slog.New(slog.NewJSONHandler(io.Discard, nil)),
		OnDenial: func(accessKey, operation string) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, accessKey+" "+operation)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	if err := e.CreateSigningKey("vouch-Key"); err != nil {
		t.Fatal(err)
	}
	for key, allowed := range map[string]bool{"FUNCTION": false, "ADMIN": true} {
		if _, err := e.as(key).GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: aws.String("vouch-Key")}); (err == nil) != allowed {
			t.Errorf("%s: %v", key, err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(told, []string{"FUNCTION TrentService.GetPublicKey"}) {
		t.Errorf("told %q", told)
	}
}
