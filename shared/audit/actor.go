package audit

import (
	"context"
	"strings"
)

// Actor is who acts, and in which request.
type Actor struct {
	// Subject and Tenant are those of the token, or Service's name of a function
	// that acts by itself.
	Subject string
	Tenant  string // empty where there are no tenants

	// RequestID is API Gateway's id of the call, which its access log has too, or
	// Lambda's of the invocation.
	RequestID string
}

// Service is the subject of a function of Vouch that acts by itself, as
// ":vouch/sweep-uploads". No token has it: access.Claims takes no subject that
// begins with a colon.
func Service(function string) string { return services + function }

const services = ":vouch/"

// ByVouch reports whether a is a function of Vouch that acts by itself.
func (a Actor) ByVouch() bool { return strings.HasPrefix(a.Subject, services) }

type actorKey struct{}

// With returns ctx as one in which a acts.
func With(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// By returns who acts in ctx, and whether somebody does.
func By(ctx context.Context) (Actor, bool) {
	a, ok := ctx.Value(actorKey{}).(Actor)
	return a, ok && a.Subject != ""
}
