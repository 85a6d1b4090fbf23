package e2e

import (
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// What stands for S3 keeps a version while others of its key come and go.
func TestAVersionStaysWhereItIsWhileOthersComeAndGo(t *testing.T) {
	client, key := local.Objects(), "files/steady"
	put := func(body string) *string {
		out, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader(body)})
		if err != nil {
			t.Error(err)
			return nil
		}
		return out.VersionId
	}
	remove := func(version *string) {
		if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: &key, VersionId: version}); err != nil {
			t.Error(err)
		}
	}
	const kept = "this one stays"
	version := put(kept)
	defer remove(version)
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for range 25 {
				remove(put("another"))
			}
		})
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	defer func() { <-done }()
	for looks := 0; ; looks++ {
		out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &key, VersionId: version})
		if err != nil {
			t.Fatalf("at look %d: %v", looks, err)
		}
		body, err := io.ReadAll(out.Body)
		out.Body.Close()
		if err != nil || string(body) != kept {
			t.Fatalf("at look %d: %q, %v", looks, body, err)
		}
		select {
		case <-done:
			return
		default:
		}
	}
}
