package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/quota"
)

// countedTenant is the tenant that the record counts for as it stands, or empty.
func countedTenant(f file.File) string {
	if quota.Of(f).Zero() {
		return ""
	}
	for _, a := range quota.Counted(f) {
		if a.Kind == quota.Tenant {
			return a.Subject
		}
	}
	return ""
}

// ListTenant implements quota.Records. It reads the index byTenant, which follows
// the table within moments and has of each record its id, status and sizes only.
func (s *Store) ListTenant(ctx context.Context, tenant, after string, limit int) (files []file.File, next string, err error) {
	input := &dynamodb.QueryInput{
		TableName:                 &s.table,
		IndexName:                 aws.String("byTenant"),
		KeyConditionExpression:    aws.String("countedTenant = :tenant"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":tenant": text(tenant)},
		Limit:                     aws.Int32(int32(limit)), // #nosec G115 -- a page of the Reconciler
	}
	if after != "" {
		input.ExclusiveStartKey = key(after)
		input.ExclusiveStartKey["countedTenant"] = text(tenant)
	}
	out, err := s.api.Query(ctx, input)
	if err != nil {
		return nil, "", fmt.Errorf("query the files of a tenant: %w", err)
	}
	for _, m := range out.Items {
		f, err := decodeSizes(m)
		if err != nil {
			return nil, "", err
		}
		files = append(files, f)
	}
	if len(out.LastEvaluatedKey) > 0 && len(files) > 0 {
		next = files[len(files)-1].ID
	}
	return files, next, nil
}

// decodeSizes reads what the index byTenant holds of a record.
func decodeSizes(m map[string]types.AttributeValue) (file.File, error) {
	var it item
	if err := attributevalue.UnmarshalMap(m, &it); err != nil {
		return file.File{}, fmt.Errorf("decode a record of byTenant: %w", err)
	}
	f := file.File{ID: it.ID, Status: file.Status(it.Status), Size: it.Size, MaxSize: it.MaxSize}
	if !file.ValidID(f.ID) || !f.Status.Valid() {
		return file.File{}, fmt.Errorf("decode a record of byTenant: id %q, status %q", it.ID, it.Status)
	}
	return f, nil
}
