package samtemplate

import (
	"maps"
	"testing"
)

func TestResourcesAreThoseWhoseConditionsHold(t *testing.T) {
	of := func(parameters map[string]string) map[string]Resource {
		e := env()
		delete(e.Parameters, "ClamdAddress")
		maps.Copy(e.Parameters, parameters)
		all, err := Resources("../../template.yaml", e)
		if err != nil {
			t.Fatal(err)
		}
		byID := map[string]Resource{}
		for _, r := range all {
			byID[r.ID] = r
		}
		return byID
	}
	fargate := of(map[string]string{"ClamdHost": "fargate", "ClamdImage": clamdImage})
	if r := fargate["ClamdService"]; r.Type != "AWS::ECS::Service" || r.Properties["TaskDefinition"] == nil {
		t.Errorf("on Fargate the service is %+v", r)
	}
	if got := fargate["ClamdTask"].Properties["Family"]; got != "vouch-clamd" {
		t.Errorf("the family of its task is resolved to %v", got)
	}
	// Only AWS knows this name.
	if got := fargate["ClamdScaling"].Properties["ResourceId"]; got == nil {
		t.Error("what only AWS can resolve is left out")
	}
	if r, there := of(map[string]string{"ClamdHost": "lambda"})["ClamdService"]; there {
		t.Errorf("with clamd in Lambda there is %+v", r)
	}
	if _, err := Resources("../../template.yaml", Env{}); err == nil {
		t.Error("a template without its parameters makes something")
	}
}
