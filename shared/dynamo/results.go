package dynamo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/guardduty"
)

// ResultsAPI is what ScanResults call of DynamoDB.
type ResultsAPI interface {
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

// ScanResults keep GuardDuty's results and the tasks that wait for them in a
// table of their own, an item for each object version: id, result (JSON) with
// its weight, token, and expiresAt, after which DynamoDB forgets it. DynamoDB
// carries out the updates of one item one after the other, and each returns the
// item as it has left it.
type ScanResults struct {
	api   ResultsAPI
	table string
}

// NewScanResults returns the ScanResults in the table.
func NewScanResults(api ResultsAPI, table string) *ScanResults {
	return &ScanResults{api: api, table: table}
}

// Await implements guardduty.Results.
func (s *ScanResults) Await(ctx context.Context, v guardduty.Version, token string, until time.Time) (*guardduty.Result, error) {
	u := newUpdate()
	u.set("token", text(token))
	u.set("expiresAt", seconds(until))
	out, err := s.api.UpdateItem(ctx, s.input(v, u))
	if err != nil {
		return nil, fmt.Errorf("update the results on %s: %w", v.Key, err)
	}
	if out.Attributes["result"] == nil {
		return nil, nil
	}
	r, err := decodeResult(out.Attributes)
	return &r, err
}

// Arrive implements guardduty.Results.
func (s *ScanResults) Arrive(ctx context.Context, r guardduty.Result, until time.Time) (guardduty.Result, string, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return guardduty.Result{}, "", fmt.Errorf("encode the result on %s: %w", r.Key, err)
	}
	u := newUpdate()
	u.conditions = append(u.conditions, "(attribute_not_exists(#weight) OR #weight <= :weight)")
	u.set("result", text(string(data)))
	u.set("weight", number(int64(r.Status.Weight())))
	u.set("expiresAt", seconds(until))
	out, err := s.api.UpdateItem(ctx, s.input(r.Version, u))
	if outweighed, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return decodeArrival(outweighed.Item)
	}
	if err != nil {
		return guardduty.Result{}, "", fmt.Errorf("update the results on %s: %w", r.Key, err)
	}
	return decodeArrival(out.Attributes)
}

func (s *ScanResults) input(v guardduty.Version, u *update) *dynamodb.UpdateItemInput {
	// Neither a version id nor an ETag holds a line break, so that no two
	// versions share an id.
	in := &dynamodb.UpdateItemInput{
		TableName:                           &s.table,
		Key:                                 key(v.Key + "\n" + v.VersionID + "\n" + v.ETag),
		UpdateExpression:                    aws.String(u.expression()),
		ExpressionAttributeNames:            u.names,
		ExpressionAttributeValues:           u.values,
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if len(u.conditions) > 0 {
		in.ConditionExpression = aws.String(u.condition())
	}
	return in
}

func decodeArrival(item map[string]types.AttributeValue) (guardduty.Result, string, error) {
	r, err := decodeResult(item)
	token, _ := item["token"].(*types.AttributeValueMemberS)
	if token == nil {
		return r, "", err
	}
	return r, token.Value, err
}

func decodeResult(item map[string]types.AttributeValue) (guardduty.Result, error) {
	data, ok := item["result"].(*types.AttributeValueMemberS)
	if !ok {
		return guardduty.Result{}, errors.New("decode a result: there is none in the item")
	}
	var r guardduty.Result
	if err := json.Unmarshal([]byte(data.Value), &r); err != nil {
		return guardduty.Result{}, fmt.Errorf("decode a result: %w", err)
	}
	return r, nil
}
