package samtemplate

import (
	"slices"
	"strings"
	"testing"
)

// What only somebody who operates it in AWS has use for is taken, and said to be left out.
func TestWhatOnlyMattersInAWSIsTakenAndSaidToBeLeftOut(t *testing.T) {
	stack := loaded(t, "EventArchiveDays", "30", "SchemaRegistry", "enabled")
	for _, kind := range []string{"AWS::CloudWatch::Dashboard", "AWS::CloudWatch::Alarm", "AWS::Events::Archive", "AWS::EventSchemas::Registry", "AWS::EventSchemas::Schema"} {
		if !slices.ContainsFunc(stack.StoodIn, func(s string) bool { return strings.HasPrefix(s, kind+" ") }) {
			t.Errorf("nothing is said of %s: %v", kind, stack.StoodIn)
		}
	}
}
