// Package acting says who acts in an invocation that is nobody's call: the
// function itself.
package acting

import (
	"context"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/vouch-s3/vouch/shared/audit"
)

// As returns ctx as one in which the function with the name acts, as
// "sweep-uploads", in the request that Lambda names.
func As(ctx context.Context, function string) context.Context {
	a := audit.Actor{Subject: audit.Service(function)}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		a.RequestID = lc.AwsRequestID
	}
	return audit.With(ctx, a)
}
