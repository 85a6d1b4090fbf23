package file

import "slices"

// Status is where a file stands in its life.
type Status string

// The statuses. A file begins pending and ends in one for which Final is true.
const (
	Pending   Status = "pending"   // a URL was given out, no object is known yet
	Uploaded  Status = "uploaded"  // an object version is pinned, verification is due
	Verifying Status = "verifying" // the workflow is looking at that version
	Ready     Status = "ready"     // that version may be downloaded, until a re-scan revokes it
	Rejected  Status = "rejected"  // that version must never be downloaded
	Expired   Status = "expired"   // nothing arrived while the URL lived
	Deleted   Status = "deleted"   // the owner took it away
)

// transitions is the one table of what may follow what. Store writes, the
// documentation (docs/lifecycle.md) and the tests all follow from it.
var transitions = []struct{ From, To Status }{
	{Pending, Uploaded},
	{Pending, Expired},
	{Uploaded, Verifying},
	{Verifying, Ready},
	{Verifying, Rejected},
	{Ready, Rejected}, // revoked by a re-scan, and by nothing else

	{Pending, Deleted},
	{Uploaded, Deleted},
	{Verifying, Deleted},
	{Ready, Deleted},
	{Rejected, Deleted},
	{Expired, Deleted},
}

// Statuses lists every status in the order of a file's life.
func Statuses() []Status {
	return []Status{Pending, Uploaded, Verifying, Ready, Rejected, Expired, Deleted}
}

// Valid reports whether s is one of Statuses.
func (s Status) Valid() bool { return slices.Contains(Statuses(), s) }

// Final reports whether verification has nothing more to say about the file by
// itself. A final file can still be deleted, and a ready one can be revoked.
func (s Status) Final() bool {
	return s == Ready || s == Rejected || s == Expired || s == Deleted
}

// From lists the statuses that may turn into s.
func (s Status) From() []Status {
	var from []Status
	for _, t := range transitions {
		if t.To == s {
			from = append(from, t.From)
		}
	}
	return from
}

// CanBecome reports whether a file in status s may turn into to.
func (s Status) CanBecome(to Status) bool { return slices.Contains(to.From(), s) }
