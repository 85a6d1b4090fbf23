package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// putter is what table calls of DynamoDB.
type putter interface {
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
}

// table keeps files in DynamoDB, an item each.
type table struct {
	api  putter
	name string
}

// keep writes f where nothing is written, or a lower revision: one write that is both
// the check for a repeat and the act, so that nothing can come between.
func (t table) keep(ctx context.Context, f known) (bool, error) {
	item, err := attributevalue.MarshalMap(f)
	if err != nil {
		return false, fmt.Errorf("encode file %s: %w", f.FileID, err)
	}
	_, err = t.api.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                 &t.name,
		Item:                      item,
		ConditionExpression:       aws.String("attribute_not_exists(fileId) OR revision < :revision"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":revision": item["revision"]},
	})
	if _, known := errors.AsType[*types.ConditionalCheckFailedException](err); known {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("write file %s: %w", f.FileID, err)
	}
	return true, nil
}
