package samtemplate

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// alarmsOf returns the properties of every alarm of the template, by logical id.
func alarmsOf(t *testing.T) map[string]map[string]any {
	t.Helper()
	alarms := map[string]map[string]any{}
	for id, r := range document(t)["Resources"].(map[string]any) {
		if r := r.(map[string]any); r["Type"] == "AWS::CloudWatch::Alarm" {
			alarms[id] = r["Properties"].(map[string]any)
		}
	}
	if len(alarms) == 0 {
		t.Fatal("the template has no alarm")
	}
	return alarms
}

func TestEveryAlarmSaysWhatToDoAndNoOtherIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/alarms.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for line := range strings.Lines(string(doc)) {
		rest, ok := strings.CutPrefix(line, "| `")
		if !ok {
			continue
		}
		id, cells, _ := strings.Cut(rest, "` | ")
		meaning, action, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(cells), " |"), " | ")
		if meaning == "" || action == "" {
			t.Errorf("the row of %s does not say what it means and what to do", id)
		}
		documented = append(documented, id)
	}
	slices.Sort(documented)
	if alarms := slices.Sorted(maps.Keys(alarmsOf(t))); !slices.Equal(alarms, documented) {
		t.Errorf("the template has the alarms\n%v\nand docs/alarms.md explains\n%v", alarms, documented)
	}
}

func TestEveryAlarmTellsSomebodyAndKnowsWhatSilenceMeans(t *testing.T) {
	topic := fmt.Sprint([]any{map[string]any{"Ref": "AlarmTopic"}})
	for id, p := range alarmsOf(t) {
		if fmt.Sprint(p["AlarmActions"]) != topic || p["AlarmDescription"] == nil {
			t.Errorf("%s tells %v", id, p["AlarmActions"])
		}
		want := "notBreaching"
		if strings.HasSuffix(id, "SilentAlarm") {
			want = "breaching"
		}
		if p["TreatMissingData"] != want {
			t.Errorf("%s takes missing data as %v, want %s", id, p["TreatMissingData"], want)
		}
	}
}
