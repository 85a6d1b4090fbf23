package samtemplate

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// loadedWith is the deployed template with parameters beside those of env.
func loadedWith(parameters ...string) (*Stack, error) {
	e := env()
	for i := 0; i+1 < len(parameters); i += 2 {
		e.Parameters[parameters[i]] = parameters[i+1]
	}
	return Load("../../template.yaml", e)
}

// A route that one API has and the other has not, or that goes to another function
// or has another limit there, fails this.
func TestTheTwoAPIsAreOneButForWhomTheyTake(t *testing.T) {
	stack, err := loadedWith("MachineRoutes", "enabled")
	if err != nil {
		t.Fatal(err)
	}
	people, machines := stack.API, stack.MachineAPI
	want := map[string]Route{}
	for _, r := range people.Routes {
		if r.Authorizer == "NONE" {
			continue // whoever needs no token needs no signature
		}
		if r.Authorizer != "" || people.Authorizers[people.DefaultAuthorizer].Issuer == "" || len(r.Scopes) == 0 {
			t.Errorf("%s %s takes anybody's token: %+v", r.Method, r.Path, r)
		}
		r.Scopes = nil // IAM has none: a policy allows the route itself
		want[r.Method+" "+r.Path] = r
	}
	for _, r := range machines.Routes {
		key := r.Method + " " + r.Path
		if there, ok := want[key]; !ok || !reflect.DeepEqual(r, there) {
			t.Errorf("%s is %+v for machines, and %+v for people", key, r, there)
		}
		delete(want, key)
	}
	if len(want) > 0 {
		t.Errorf("machines have no %v: each HttpApi event of a function needs its MachineCall", slices.Sorted(maps.Keys(want)))
	}
	if machines.DefaultAuthorizer != IAM || len(machines.Authorizers) != 0 {
		t.Errorf("machines are authorised by %q, %v", machines.DefaultAuthorizer, machines.Authorizers)
	}
	if machines.RatePerSecond != people.RatePerSecond || machines.Burst != people.Burst {
		t.Errorf("all routes together take %v and %d of machines, %v and %d of people", machines.RatePerSecond, machines.Burst, people.RatePerSecond, people.Burst)
	}
	if machines.CORS != nil {
		t.Error("a page may call with AWS credentials")
	}
}

// The log is the only place that says why a signature was refused, and whose it was.
func TestBothAPIsWriteTheSameLogButForWhomItNames(t *testing.T) {
	formats := map[string]map[string]string{}
	eachResource(t, func(id, kind string, p object) {
		if kind != "AWS::Serverless::HttpApi" {
			return
		}
		settings := p["AccessLogSettings"]
		fields := map[string]string{}
		text, _ := at(settings, "Format").(string)
		if err := json.Unmarshal([]byte(text), &fields); err != nil {
			t.Errorf("%s: %v in %s", id, err, text)
		}
		fields["to"] = target(at(settings, "DestinationArn"))
		formats[id] = fields
	})
	people, machines := formats["Api"], formats["MachineApi"]
	for api, names := range map[string]map[string]string{
		"Api":        {"sub": "$context.authorizer.claims.sub"},
		"MachineApi": {"caller": "$context.identity.userArn", "callerId": "$context.identity.user"},
	} {
		for field, want := range names {
			if formats[api][field] != want {
				t.Errorf("%s says as %s %q", api, field, formats[api][field])
			}
			delete(formats[api], field)
		}
	}
	if len(people) == 0 || !reflect.DeepEqual(people, machines) {
		t.Errorf("one says %v, the other %v", people, machines)
	}
}

func TestMachinesHaveAnAddressOnlyIfItIsAskedFor(t *testing.T) {
	for value, enabled := range map[string]bool{"disabled": false, "enabled": true} {
		stack, err := loadedWith("MachineRoutes", value)
		if err != nil {
			t.Fatal(err)
		}
		if stack.MachineAPI.Disabled == enabled || (stack.Outputs["MachineApiUrl"] != "") != enabled {
			t.Errorf("%s: disabled is %v, at %q", value, stack.MachineAPI.Disabled, stack.Outputs["MachineApiUrl"])
		}
		for _, f := range stack.Functions {
			if f.Env["MACHINE_ROUTES"] != value {
				t.Errorf("%s: %s is told %q", value, f.Name, f.Env["MACHINE_ROUTES"])
			}
		}
	}
	if stack, err := Load("../../template.yaml", env()); err != nil || !stack.MachineAPI.Disabled {
		t.Errorf("by default they have one: %v", err)
	}
}

// For DisableExecuteApiEndpoint SAM writes a server without a URL, of which API Gateway
// warns as it reads the document (aws/serverless-application-model#2424): no stack with
// both could be deployed.
func TestNoAPIFailsOnTheWarningThatItMustCause(t *testing.T) {
	apis := 0
	eachResource(t, func(id, kind string, p object) {
		if kind != "AWS::Serverless::HttpApi" {
			return
		}
		apis++
		if p["DisableExecuteApiEndpoint"] != nil && p["FailOnWarnings"] != nil {
			t.Errorf("%s has both DisableExecuteApiEndpoint and FailOnWarnings", id)
		}
	})
	if apis != 2 {
		t.Errorf("there are %d APIs", apis)
	}
}

func TestMachinesHaveATenantWhereThereAreTenants(t *testing.T) {
	for name, tt := range map[string]struct {
		parameters []string
		want       string // of the error; empty for none
	}{
		"a tenant":                  {[]string{"MachineRoutes", "enabled", "TenantClaim", "tenant", "MachineTenant", "acme"}, ""},
		"no tenants":                {[]string{"MachineRoutes", "enabled"}, ""},
		"no machines":               {[]string{"TenantClaim", "tenant"}, ""},
		"none of several":           {[]string{"MachineRoutes", "enabled", "TenantClaim", "tenant"}, "needs MachineTenant"},
		"one where there are none":  {[]string{"MachineRoutes", "enabled", "MachineTenant", "acme"}, "MachineTenant is for"},
		"one of machines not taken": {[]string{"TenantClaim", "tenant", "MachineTenant", "acme"}, "MachineTenant is for"},
	} {
		stack, err := loadedWith(tt.parameters...)
		if tt.want != "" {
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := stack.Functions[0].Env["MACHINE_TENANT"]; (got == "acme") != (name == "a tenant") {
			t.Errorf("%s: functions are told the tenant %q", name, got)
		}
	}
}
