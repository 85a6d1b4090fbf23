package file

import "testing"

// The lifecycle as the documentation promises it, spelt out pair by pair, so
// that a change of the table has to be meant twice.
func TestOnlyThePromisedTransitionsAreLegal(t *testing.T) {
	legal := map[[2]Status]bool{
		{Pending, Uploaded}: true, {Pending, Expired}: true, {Pending, Deleted}: true,
		{Uploaded, Verifying}: true, {Uploaded, Deleted}: true,
		{Verifying, Ready}: true, {Verifying, Rejected}: true, {Verifying, Deleted}: true,
		{Ready, Rejected}: true, {Ready, Deleted}: true, {Rejected, Deleted}: true, {Expired, Deleted}: true,
	}
	for _, from := range Statuses() {
		for _, to := range Statuses() {
			if got, want := from.CanBecome(to), legal[[2]Status{from, to}]; got != want {
				t.Errorf("%s → %s: legal is %v, want %v", from, to, got, want)
			}
		}
	}
}

func TestEveryStatusReachesAnEnd(t *testing.T) {
	for _, s := range Statuses() {
		seen := map[Status]bool{}
		var reachesEnd func(Status) bool
		reachesEnd = func(s Status) bool {
			if s.Final() {
				return true
			}
			seen[s] = true
			for _, to := range Statuses() {
				if s.CanBecome(to) && to != Deleted && !seen[to] && reachesEnd(to) {
					return true
				}
			}
			return false
		}
		if !reachesEnd(s) {
			t.Errorf("%s reaches no end state without the owner deleting it", s)
		}
	}
}

// A file that was found bad is never ready again: its bytes are what they are.
func TestNothingLeadsBackFromARejection(t *testing.T) {
	for _, to := range Statuses() {
		if Rejected.CanBecome(to) != (to == Deleted) {
			t.Errorf("rejected → %s: legal is %v", to, Rejected.CanBecome(to))
		}
	}
}

func TestReadyIsReachedOnlyFromVerifying(t *testing.T) {
	if from := Ready.From(); len(from) != 1 || from[0] != Verifying {
		t.Errorf("ready follows %v", from)
	}
}
