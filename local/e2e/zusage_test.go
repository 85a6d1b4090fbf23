package e2e

import "testing"

// Whatever the tests before it did to their files, nothing that was counted of
// them is wrong; the file's name puts it last.
func TestAfterAllOfTheseTestsNothingHasDrifted(t *testing.T) {
	as(t, "quota-last").ask(t, "a.bin", []byte("x"), false)
	if report := reconciled(t); report.Accounts == 0 || report.Drifted != 0 || report.Busy != 0 {
		t.Errorf("%+v", report)
	}
}
