package api

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/rescan"
)

// signed is a call as API Gateway hands it over for a session of a role, with more
// behind the authorizer that it describes.
func signed(t *testing.T, more string) Event {
	t.Helper()
	var e Event
	err := json.Unmarshal([]byte(`{"version":"2.0","routeKey":"TEST","requestContext":{"authorizer":{"iam":{
		"accessKey":"ASIAEXAMPLEACCESSKEY1","accountId":"123456789012","callerId":"AROAEXAMPLEROLEID0001:i-0123","cognitoIdentity":null,
		"principalOrgId":null,"userArn":"arn:aws:sts::123456789012:assumed-role/Uploader/i-0123","userId":"AROAEXAMPLEROLEID0001:i-0123"`+more+`}}}}`), &e)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestACallThatIAMLetThroughIsItsRolesWhereMachinesAreTaken(t *testing.T) {
	const role = ":iam:123456789012:role:AROAEXAMPLEROLEID0001"
	machines := access.Claims{Owner: "sub", Machines: access.Machines{Taken: true}}
	both := signed(t, "")
	both.RequestContext.Authorizer.JWT = event("alice", "").RequestContext.Authorizer.JWT
	empty := signed(t, "")
	empty.RequestContext.Authorizer.IAM.UserID = ""
	for name, tt := range map[string]struct {
		claims access.Claims
		event  Event
		want   string // the subject; empty for refused
	}{
		"a role":                       {machines, signed(t, ""), role},
		"a role where none are taken":  {bySub, signed(t, ""), ""},
		"a person where they are":      {machines, event("alice", ""), "alice"},
		"a person who says to be one":  {machines, event(role, ""), ""},
		"one of an identity pool":      {machines, signed(t, `,"cognitoIdentity":{"amr":["unauthenticated"],"identityId":"us-east-1:1","identityPoolId":"us-east-1:2"}`), ""},
		"of an identity pool unnamed":  {machines, signed(t, `,"cognitoIdentity":{"amr":["unauthenticated"]}`), ""},
		"a signature and a token":      {machines, both, ""},
		"a signature that names none":  {machines, empty, ""},
		"the root user":                {machines, signed(t, `,"userArn":"arn:aws:iam::123456789012:root","userId":"123456789012"`), ""},
		"a role of a tenant, unsaid":   {access.Claims{Owner: "sub", Tenant: "tenant", Machines: access.Machines{Taken: true}}, signed(t, ""), ""},
		"another account's, as it is":  {machines, signed(t, `,"accountId":"999999999999","userArn":"arn:aws:sts::999999999999:assumed-role/Uploader/i-0123"`), ":iam:999999999999:role:AROAEXAMPLEROLEID0001"},
		"an account that is not whole": {machines, signed(t, `,"accountId":"999999999999"`), ""},
	} {
		var got *Request
		reply, err := Lambda(tt.claims, func(_ context.Context, r Request) (Response, error) {
			got = &r
			return Response{Status: http.StatusOK}, nil
		})(t.Context(), tt.event)
		switch {
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case tt.want == "":
			if reply.StatusCode != http.StatusUnauthorized || got != nil {
				t.Errorf("%s: %d, %+v", name, reply.StatusCode, got)
			}
		case got == nil || got.Principal.Subject != tt.want || got.ByIAM != (tt.want != "alice"):
			t.Errorf("%s: %d, %+v", name, reply.StatusCode, got)
		}
	}
}

// IAM was asked for this method and path, which a scope would only say again.
func TestWhoeverIAMLetThroughToARouteHasWhatTheRouteAsksFor(t *testing.T) {
	var w runs
	h := Lambda(access.Claims{Owner: "sub", Machines: access.Machines{Taken: true}}, Requiring(ScopeAdmin, Rescan(rescan.Starter{Workflow: &w, Now: func() time.Time { return now }})))
	if reply, err := h(t.Context(), signed(t, "")); err != nil || reply.StatusCode != http.StatusAccepted || len(w.started) != 1 {
		t.Errorf("a machine: %d %s, %v", reply.StatusCode, reply.Body, err)
	}
	if reply, err := h(t.Context(), event("alice", "")); err != nil || reply.StatusCode != http.StatusForbidden || len(w.started) != 1 {
		t.Errorf("a person without the scope: %d %s, %v", reply.StatusCode, reply.Body, err)
	}
}
