package step_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/vouch-s3/vouch/shared/step"
	"github.com/vouch-s3/vouch/shared/verify"
)

func TestAStepThatAWSThrottlesSaysSoByTheNameOfItsError(t *testing.T) {
	cancelled := func(reasons ...string) error {
		e := &types.TransactionCanceledException{}
		for _, r := range reasons {
			e.CancellationReasons = append(e.CancellationReasons, types.CancellationReason{Code: aws.String(r)})
		}
		return e
	}
	for name, tt := range map[string]struct {
		err       error
		throttled bool
	}{
		"KMS":                            {&smithy.GenericAPIError{Code: "ThrottlingException"}, true},
		"S3":                             {&smithy.GenericAPIError{Code: "SlowDown"}, true},
		"a table":                        {&types.ProvisionedThroughputExceededException{}, true},
		"a transaction's table":          {cancelled("None", "ThrottlingError"), true},
		"a transaction that met another": {cancelled("TransactionConflict", "None"), true},
		"a condition besides":            {cancelled("ConditionalCheckFailed", "TransactionConflict"), false},
		"no permission":                  {&smithy.GenericAPIError{Code: "AccessDeniedException"}, false},
		"a fault of its own":             {errors.New("no scanner answers"), false},
	} {
		run := step.Lambda("mark-ready", func(context.Context, step.Task) (verify.Result, error) {
			return verify.Result{}, fmt.Errorf("mark file ready: %w", tt.err)
		})
		_, err := run(t.Context(), step.Task{})
		// As aws-lambda-go names it (lambda/errors.go): the type that a pointer is to.
		kind := reflect.TypeOf(err)
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		if got := kind.Name() == "Throttled"; got != tt.throttled || !errors.Is(err, tt.err) {
			t.Errorf("%s: a %s, %v", name, kind.Name(), err)
		}
	}
}

func TestTheWorkflowWaitsForWhatIsThrottled(t *testing.T) {
	data, err := os.ReadFile("../../statemachines/verify-file.asl.json")
	if err != nil {
		t.Fatal(err)
	}
	var machine struct {
		States map[string]struct {
			Type, Resource string
			Retry          []struct{ ErrorEquals []string }
		}
	}
	if err := json.Unmarshal(data, &machine); err != nil {
		t.Fatal(err)
	}
	name := reflect.TypeFor[step.Throttled]().Name()
	steps := 0
	for state, s := range machine.States {
		if s.Type != "Task" || s.Resource != "arn:aws:states:::lambda:invoke" {
			continue
		}
		steps++
		if !slices.Contains(s.Retry[0].ErrorEquals, name) {
			t.Errorf("%s does not wait for %s", state, name)
		}
	}
	if steps < 4 {
		t.Errorf("%d steps were found", steps)
	}
}
