package samtemplate

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// rolesIn returns the roles that a list names, by Ref, GetAtt and in both branches
// of an If, sorted.
func rolesIn(v any) []string {
	all := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		if id := target(v); strings.HasSuffix(id, "Role") {
			all[id] = true
			return
		}
		switch v := v.(type) {
		case object:
			for _, e := range v {
				walk(e)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(v)
	return slices.Sorted(maps.Keys(all))
}

// Who may not reach an object needs no key, and who may cannot without it.
func TestTheObjectsKeyIsForThoseWhomTheBucketLetsThrough(t *testing.T) {
	resources := document(t)["Resources"].(object)
	named := map[string][]string{} // by the Sid of the bucket's policy
	for _, st := range at(resources["FilesBucketPolicy"], "Properties", "PolicyDocument", "Statement").([]any) {
		named[at(st, "Sid").(string)] = rolesIn(at(st, "Condition", "ArnNotEquals"))
	}
	holders := func(id string) []string { return rolesIn(at(resources[id], "Properties", "Roles")) }
	writers, readers, guard := holders("FilesKeyForWriters"), holders("FilesKeyForReaders"), holders("FilesKeyForGuardDuty")
	if want := named["OnlyTheseWrite"]; len(writers) != 4 || !slices.Equal(slices.Sorted(slices.Values(slices.Concat(writers, guard))), want) {
		t.Errorf("the key is for the writers %v and %v, and the bucket for %v", writers, guard, want)
	}
	// list-parts reads no object, and needs the key all the same.
	want := append(slices.Clone(named["OnlyTheseRead"]), "ListPartsFunctionRole")
	all := slices.Concat(readers, guard)
	for _, w := range writers {
		if slices.Contains(want, w) {
			all = append(all, w)
		}
	}
	slices.Sort(want)
	slices.Sort(all)
	if !slices.Equal(all, want) {
		t.Errorf("the key is for the readers %v, and the bucket for %v", all, want)
	}
}

// The local stack has no KMS that S3 would ask, and does not pretend to.
func TestTheLocalStackRefusesAKeyForObjects(t *testing.T) {
	e := env()
	e.Parameters["BucketKey"] = "kms"
	if _, err := Load("../../template.yaml", e); err == nil || !strings.Contains(err.Error(), "neither has nor stands in for AWS::IAM::Policy") {
		t.Error(err)
	}
}
