// Command testfn is a function for the tests of package lambdas: what it does
// is what its payload says.
package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type request struct {
	Do     string
	Millis int
}

func main() {
	if os.Getenv("FAIL_INIT") != "" {
		os.Exit(3)
	}
	served := 0
	lambda.Start(func(ctx context.Context, r request) (map[string]any, error) {
		served++
		time.Sleep(time.Duration(r.Millis) * time.Millisecond)
		switch r.Do {
		case "error":
			return nil, errors.New("as asked")
		case "panic":
			panic("as asked")
		case "exit":
			os.Exit(7)
		}
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		return map[string]any{
			"pid": os.Getpid(), "served": served, "requestId": lc.AwsRequestID, "arn": lc.InvokedFunctionArn,
			"name": lambdacontext.FunctionName, "memory": lambdacontext.MemoryLimitInMB, "greeting": os.Getenv("GREETING"),
			"home": os.Getenv("HOME"), "leftMillis": time.Until(deadline).Milliseconds(),
		}, nil
	})
}
