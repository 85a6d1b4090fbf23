package step

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"

	"github.com/vouch-s3/vouch/shared/dynamo"
)

// Throttled is a step that failed for nothing but that AWS lets no more calls through
// at the moment. Lambda names an error by its type ("Lambda function errors in Go", AWS
// Lambda Developer Guide), and by this name the workflow tries again for hours, as where
// Lambda itself throttles: that many files come at once is nothing to reject a file for.
type Throttled struct{ cause error }

func (t *Throttled) Error() string { return t.cause.Error() }
func (t *Throttled) Unwrap() error { return t.cause }

// named returns err, as Throttled where it is that.
func named(err error) error {
	if dynamo.Passes(err) {
		return &Throttled{err}
	}
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		if _, throttled := retry.DefaultThrottleErrorCodes[e.ErrorCode()]; throttled {
			return &Throttled{err}
		}
	}
	return err
}
