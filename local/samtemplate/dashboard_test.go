package samtemplate

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dashboard returns the body of the dashboard, with the names as they are in the
// template.
func dashboard(t *testing.T) string {
	t.Helper()
	sub, ok := at(document(t), "Resources", "Dashboard", "Properties", "DashboardBody", "Fn::Sub").([]any)
	if !ok {
		t.Fatal("the dashboard's body is no Fn::Sub")
	}
	return sub[0].(string)
}

func TestTheDashboardIsJSONAndShowsEveryAlarmThatIsAlwaysThere(t *testing.T) {
	body := dashboard(t)
	var parsed struct {
		Widgets []struct {
			Type       string
			Properties struct{ Alarms []string }
		}
	}
	if err := json.Unmarshal([]byte(variable.ReplaceAllString(body, "x")), &parsed); err != nil {
		t.Fatal(err)
	}
	if len(parsed.Widgets) < 10 || parsed.Widgets[0].Type != "alarm" {
		t.Errorf("%d widgets, the first is of the type %s", len(parsed.Widgets), parsed.Widgets[0].Type)
	}
	resources := document(t)["Resources"].(object)
	for id := range alarmsOf(t) {
		conditional := at(resources[id], "Condition") != nil
		if shown := strings.Contains(body, `"${`+id+`.Arn}"`); shown == conditional {
			t.Errorf("%s is on the dashboard: %v, and not in every stack: %v", id, shown, conditional)
		}
	}
}

// CloudWatch draws nothing, and says nothing, for a metric that it does not understand:
// namespace, name, and a name and a value of each dimension, where "." stands for what
// the metric before has at this place, and "..." for all that is not said.
func TestEveryGraphIsOfMetricsThatCloudWatchUnderstands(t *testing.T) {
	var parsed struct {
		Widgets []struct {
			Properties struct {
				Title   string
				Metrics [][]any
			}
		}
	}
	if err := json.Unmarshal([]byte(variable.ReplaceAllString(dashboard(t), "x")), &parsed); err != nil {
		t.Fatal(err)
	}
	drawn := 0
	for _, w := range parsed.Widgets {
		var last []string
		for _, m := range w.Properties.Metrics {
			if options, ok := m[len(m)-1].(object); ok {
				m = m[:len(m)-1]
				if options["expression"] != nil {
					continue
				}
			}
			var words []string
			for i, v := range m {
				word := v.(string)
				switch word {
				case ".":
					words = append(words, last[i])
				case "...":
					words = append(words, last[:len(last)-(len(m)-1)]...)
				default:
					words = append(words, word)
				}
			}
			if drawn++; len(words) != 4 {
				t.Errorf("%s: the metric %v", w.Properties.Title, words)
			}
			for i, word := range words {
				if word == "" || (i == 2) != slices.Contains([]string{"FunctionName", "ApiId", "QueueName", "TableName", "StateMachineArn"}, word) {
					t.Errorf("%s: the metric %v", w.Properties.Title, words)
				}
			}
			last = words
		}
	}
	if drawn < 40 {
		t.Errorf("%d metrics are drawn", drawn)
	}
}

// A metric that is misspelt is a graph without a line, and an alarm that never goes off.
func TestEveryMetricOfOursThatIsLookedAtIsPublished(t *testing.T) {
	published := map[string]bool{}
	named := regexp.MustCompile(`\bName: "([A-Za-z]+)"`)
	for _, dir := range []string{"../../shared", "../../functions"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			for _, m := range named.FindAllStringSubmatch(string(source), -1) {
				published[m[1]] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	looked := map[string]string{}
	for _, m := range regexp.MustCompile(`\["Vouch", "([A-Za-z]+)"`).FindAllStringSubmatch(dashboard(t), -1) {
		looked[m[1]] = "the dashboard"
	}
	for id, p := range alarmsOf(t) {
		if p["Namespace"] == "Vouch" {
			looked[p["MetricName"].(string)] = id
		}
		queries, _ := p["Metrics"].([]any)
		for _, q := range queries {
			if metric := at(q, "MetricStat", "Metric"); at(metric, "Namespace") == "Vouch" {
				looked[at(metric, "MetricName").(string)] = id
			}
		}
	}
	if len(looked) < 8 {
		t.Errorf("only %v are looked at", looked)
	}
	for name, by := range looked {
		if !published[name] {
			t.Errorf("%s looks at %s, which nothing publishes", by, name)
		}
	}
}
