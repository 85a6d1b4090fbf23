package s3store

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/upload"
)

// PresignForm signs the one object that a form may send ("POST Policy", Amazon S3
// API Reference). Every field of it is signed with its exact value, but for the
// content type where that is a range; S3 takes no field that the policy does not
// name, and as many bytes as it says. Unlike a PUT a form serves as often as it
// is sent while it lives: a POST knows no If-None-Match.
func (s *Store) PresignForm(ctx context.Context, form upload.Form) (upload.Instructions, error) {
	t, err := s.terms(ctx, form.Life, time.Time{})
	if err != nil {
		return upload.Instructions{}, err
	}
	fields := map[string]string{"success_action_status": "201"}
	if form.ChecksumSHA256 != "" {
		fields["x-amz-checksum-sha256"] = form.ChecksumSHA256
	}
	least, most := form.Size, form.Size
	if form.MaxSize > 0 {
		least, most = 1, form.MaxSize
	}
	conditions := []any{[]any{"content-length-range", least, most}}
	if file.IsRange(form.ContentType) {
		conditions = append(conditions, []any{"starts-with", "$Content-Type", strings.TrimSuffix(form.ContentType, "*")})
	} else {
		fields["Content-Type"] = form.ContentType
	}
	for name, value := range fields {
		conditions = append(conditions, map[string]string{name: value})
	}
	// The SDK adds the conditions on the bucket, the key and the fields of the
	// signature, each exact.
	signed, err := s3.NewPresignClient(s.client).PresignPostObject(ctx, &s3.PutObjectInput{Bucket: &s.bucket, Key: &form.Key}, func(o *s3.PresignPostOptions) {
		o.Expires, o.Conditions = t.life, conditions
	})
	if err != nil {
		return upload.Instructions{}, fmt.Errorf("presign a POST: %w", err)
	}
	maps.Copy(fields, signed.Values)
	return upload.Instructions{Method: "POST", URL: signed.URL, Fields: fields, ExpiresAt: t.end()}, nil
}
