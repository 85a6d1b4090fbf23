package samtemplate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestThePictureShowsEveryFunctionTableAndWorkflow(t *testing.T) {
	picture, err := os.ReadFile("../../docs/architecture.svg")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for id, r := range document(t)["Resources"].(object) {
		name := ""
		switch properties, _ := r.(object)["Properties"].(object); r.(object)["Type"] {
		case "AWS::Serverless::Function":
			uri, _ := properties["CodeUri"].(string)
			name = filepath.Base(uri)
		case "AWS::DynamoDB::Table", "AWS::Serverless::StateMachine":
			name = id
		}
		if name == "" {
			continue
		}
		seen++
		if !strings.Contains(string(picture), name) {
			t.Errorf("docs/architecture.svg does not show %s", name)
		}
	}
	if seen < 40 {
		t.Errorf("only %d functions, tables and workflows were found", seen)
	}
}
