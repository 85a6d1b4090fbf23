package api

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/rescan"
)

type runs struct{ started []rescan.Position }

func (r *runs) StartRescan(_ context.Context, _ string, p rescan.Position) (time.Time, error) {
	r.started = append(r.started, p)
	return now, nil
}

// API Gateway asks for the scope. The function does not count upon a route that
// was set up right.
func TestAReScanNeedsTheScopeWhateverTheGatewayLetThrough(t *testing.T) {
	for name, tt := range map[string]struct {
		claims map[string]string
		status int
	}{
		"admin":                {map[string]string{"scope": "files:admin"}, 202},
		"admin among others":   {map[string]string{"scope": "files:read files:admin"}, 202},
		"admin as scp":         {map[string]string{"scp": "[files:read files:admin]"}, 202},
		"admin of Cognito":     {map[string]string{"scope": "openid vouch/files:admin"}, 202},
		"another server's":     {map[string]string{"scope": "other/files:admin /files:admin vouch/vouch/files:admin"}, 403},
		"none":                 {map[string]string{}, 403},
		"an ordinary one":      {map[string]string{"scope": "files:read files:write"}, 403},
		"one that contains it": {map[string]string{"scope": "xfiles:admin files:admins files:admin,x"}, 403},
		"scp beside scope":     {map[string]string{"scope": "files:read", "scp": "files:admin"}, 403},
		"the route's scope":    {map[string]string{"scope": ""}, 403},
	} {
		var w runs
		e := event("operator", "")
		for claim, value := range tt.claims {
			e.RequestContext.Authorizer.JWT.Claims[claim] = value
		}
		e.RequestContext.Authorizer.JWT.Scopes = []string{ScopeAdmin} // what the route asks for, not what the token has
		reply := call(t, Rescan(rescan.Starter{Workflow: &w, Now: func() time.Time { return now }}), e)
		if reply.StatusCode != tt.status || (len(w.started) == 1) != (tt.status == 202) {
			t.Errorf("%s: %d %s, started %v", name, reply.StatusCode, reply.Body, w.started)
		}
	}
}

func TestAReScanReadsItsTime(t *testing.T) {
	for body, tt := range map[string]struct {
		status int
		before time.Time
	}{
		``:                                       {202, now},
		` {} `:                                   {202, now},
		`{"before":"2026-11-24T14:00:00Z"}`:      {202, now.Add(-time.Hour)},
		`{"before":"2026-11-24T15:00:00+01:00"}`: {202, now.Add(-time.Hour)},
		`{"before":"2026-11-24T15:00:01Z"}`:      {400, time.Time{}},
		`{"before":"0001-01-01T00:00:00Z"}`:      {400, time.Time{}},
		`{"before":""}`:                          {400, time.Time{}},
		`{"before":null}`:                        {400, time.Time{}},
		`{"before":1}`:                           {400, time.Time{}},
		`{"Before":"2026-11-24T14:00:00Z"}`:      {400, time.Time{}},
		`before`:                                 {400, time.Time{}},
	} {
		var w runs
		e := event("operator", body)
		e.RequestContext.Authorizer.JWT.Claims["scope"] = ScopeAdmin
		reply := call(t, Rescan(rescan.Starter{Workflow: &w, Now: func() time.Time { return now }}), e)
		if reply.StatusCode != tt.status {
			t.Errorf("%s: %d %s", body, reply.StatusCode, reply.Body)
			continue
		}
		if tt.status != 202 {
			if p := problem(t, reply); p.Accepted == "" || len(w.started) != 0 {
				t.Errorf("%s: %+v, started %v", body, p, w.started)
			}
			continue
		}
		var r Run
		if err := json.Unmarshal([]byte(reply.Body), &r); err != nil {
			t.Fatal(err)
		}
		if r.Before != stamp(tt.before) || r.StartedAt != stamp(now) || r.ID != w.started[0].Run || !w.started[0].Before.Equal(tt.before) {
			t.Errorf("%s: %+v, started %+v", body, r, w.started)
		}
	}
}
