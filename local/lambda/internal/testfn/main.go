// Command testfn is a Lambda function that does as its event says. The tests
// of package lambda and of package cloud run it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do    string `json:"do"`
	Value string `json:"value"`
	MS    int    `json:"ms"`
}

type quotaExceeded struct{ of string }

func (e quotaExceeded) Error() string { return "no more " + e.of }

func main() {
	switch os.Getenv("TESTFN_INIT") {
	case "exit":
		os.Exit(3)
	case "slow":
		time.Sleep(200 * time.Millisecond)
	}
	lambda.Start(handle)
}

func handle(ctx context.Context, e event) (map[string]any, error) {
	lc, _ := lambdacontext.FromContext(ctx)
	fmt.Printf("{\"msg\":\"handling\",\"do\":%q,\"requestId\":%q}\n", e.Do, lc.AwsRequestID)
	answer := map[string]any{
		"value": e.Value, "pid": os.Getpid(), "requestId": lc.AwsRequestID, "arn": lc.InvokedFunctionArn,
	}
	switch e.Do {
	case "echo":
	case "env":
		answer["env"] = os.Environ()
	case "deadline":
		deadline, _ := ctx.Deadline()
		answer["left"] = time.Until(deadline).Milliseconds()
	case "error":
		return nil, errors.New(e.Value)
	case "typed-error":
		return nil, quotaExceeded{e.Value}
	case "panic":
		panic(e.Value)
	case "exit":
		os.Exit(7)
	case "sleep":
		time.Sleep(time.Duration(e.MS) * time.Millisecond)
	case "fail-until": // succeeds once the file named Value has MS bytes; adds one each time
		f, err := os.OpenFile(e.Value, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if _, err := f.WriteString("x"); err != nil {
			return nil, err
		}
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		if info.Size() < int64(e.MS) {
			return nil, errors.New("not yet")
		}
	default:
		return nil, fmt.Errorf("cannot do %q", e.Do)
	}
	return answer, nil
}
