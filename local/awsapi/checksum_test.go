package awsapi

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/logging"
)

// What is answered here and not by kumo has a checksum too: the SDK warns of one
// that is missing, in the functions' logs.
func TestEveryAnswerOfDynamoDBHasItsChecksum(t *testing.T) {
	e := start(t, t.TempDir(), nil)
	files, _ := tables(t, e)
	config := e.Admin()
	config.Logger = logging.LoggerFunc(func(_ logging.Classification, format string, v ...any) { t.Errorf(format, v...) })
	client := dynamodb.NewFromConfig(config)
	query := dynamodb.QueryInput{
		TableName: &files, KeyConditionExpression: aws.String("id = :id"), Limit: aws.Int32(1),
		ExpressionAttributeValues: map[string]types.AttributeValue{":id": &types.AttributeValueMemberS{Value: "1"}},
	}
	if _, err := client.Query(t.Context(), &query); err != nil {
		t.Error(err)
	}
	query.TableName = aws.String("nothing")
	if _, err := client.Query(t.Context(), &query); err == nil {
		t.Error("a table that is not there was asked")
	}
}
