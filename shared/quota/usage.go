// Package quota counts what the files of an account use, and holds it to
// limits. What a file counts for follows from its record alone, so that every
// counter is the sum over the records: a store changes both in one transaction,
// and the Reconciler proves that they have not parted. docs/quotas.md explains it.
package quota

import "github.com/vouch-s3/vouch/shared/file"

// Usage is what one file counts for, what an account uses, or a difference of
// the two.
type Usage struct {
	Bytes   int64 // of pending files: as many as may still come
	Files   int64
	Pending int64 // of the files, those whose bytes have not arrived
}

// Of returns what a file counts for. A rejected one counts for nothing, though
// its bytes may be kept for a while: that is the deployment's choice, not the
// owner's.
func Of(f file.File) Usage {
	switch f.Status {
	case file.Pending:
		return Usage{Bytes: max(f.Size, f.MaxSize), Files: 1, Pending: 1}
	case file.Uploaded, file.Verifying, file.Ready:
		return Usage{Bytes: f.Size, Files: 1}
	}
	return Usage{}
}

// Delta is what a change from before to after adds to the accounts of the file.
func Delta(before, after file.File) Usage { return Of(after).Plus(Of(before).negated()) }

// Plus returns the sum of u and v.
func (u Usage) Plus(v Usage) Usage {
	return Usage{Bytes: u.Bytes + v.Bytes, Files: u.Files + v.Files, Pending: u.Pending + v.Pending}
}

// Zero reports whether u is nothing at all.
func (u Usage) Zero() bool { return u == Usage{} }

// Negative reports whether any part of u is less than nothing.
func (u Usage) Negative() bool { return u.Bytes < 0 || u.Files < 0 || u.Pending < 0 }

func (u Usage) negated() Usage {
	return Usage{Bytes: -u.Bytes, Files: -u.Files, Pending: -u.Pending}
}
