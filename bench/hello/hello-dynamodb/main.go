// Command hello-dynamodb is hello with a client of DynamoDB, which nearly every
// function of Vouch has: what of their cold starts is the SDK's.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

func main() {
	client := dynamodb.NewFromConfig(aws.Config{Region: os.Getenv("AWS_REGION")})
	lambda.Start(func(ctx context.Context) error {
		_, err := client.GetItem(ctx, &dynamodb.GetItemInput{})
		return err
	})
}
