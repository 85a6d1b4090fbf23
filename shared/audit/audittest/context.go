// Package audittest says for tests who acts.
package audittest

import (
	"context"
	"testing"

	"github.com/vouch-s3/vouch/shared/audit"
)

// As is the context of the test as one in which the subject acts.
func As(t testing.TB, subject string) context.Context {
	return audit.With(t.Context(), audit.Actor{Subject: subject, RequestID: "request"})
}
