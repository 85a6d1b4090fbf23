package file

import "time"

// Change is one step of a record from a status to the next. A store applies it
// only if the record's status may become To by the table of transitions, and
// otherwise fails with a *ConflictError that carries the record as it stands. A
// change to deleted takes the grants away, and applies to no record on hold.
type Change struct {
	To Status
	At time.Time

	// IfStatus, when not empty, applies the change only to a record in this
	// status: for whoever decided by the status that was read. The table of
	// transitions holds all the same.
	IfStatus Status

	// IfVersion, when not empty, applies the change only to a record whose
	// pinned object version is this one.
	IfVersion string

	// IfRevision, when not 0, applies the change only to a record that nobody has
	// written since it was read.
	IfRevision int64

	// Object, when not nil, pins its version and ETag on the record, which was
	// then uploaded At.
	Object *Object

	// Size and ContentType, when not zero, are recorded as those of the object
	// that a form has sent, where the form had not promised them.
	Size        int64 // bytes
	ContentType string

	// ChecksumSHA256, when not empty, is recorded as the checksum of the bytes.
	ChecksumSHA256 string

	// Reason is recorded for a rejection.
	Reason Reason

	// Verdict, when not nil, is recorded as what was found out about the bytes.
	Verdict *Verdict

	// Receipt, when not empty, is recorded as the statement of the verdict. A
	// change to any status but ready takes away the one that is there.
	Receipt string

	// Discard records with a rejection that the bytes are to be deleted at once,
	// unless the record is on hold: which of the two came first is decided by the
	// write.
	Discard bool

	// SweepAt is when the sweeper looks next; zero for never again.
	SweepAt time.Time

	// PurgeAt, when not zero, is when the store may forget the record.
	PurgeAt time.Time
}

// Renewal is a new verdict on a file that is ready and stays so. It is no
// Change, since no status follows another: a store applies it only to a ready
// record that pins this version and whose verdict is older, and otherwise fails
// with a *ConflictError that carries the record as it stands.
type Renewal struct {
	VersionID string
	Verdict   Verdict
	Receipt   string // of the new verdict; empty for none
	At        time.Time
}

// Query asks for a page of an owner's files, newest first.
type Query struct {
	Owner  string
	Status Status // empty for every status but deleted
	Limit  int    // 1 and up

	// After is the id of the last file of the page before; empty for the first.
	After string
}
