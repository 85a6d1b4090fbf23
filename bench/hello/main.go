// Command hello is the least that a Go function on AWS Lambda can be: what the
// others' cold starts are measured against.
package main

import "github.com/aws/aws-lambda-go/lambda"

func main() { lambda.Start(func() error { return nil }) }
