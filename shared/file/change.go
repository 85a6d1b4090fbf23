package file

import "time"

// Change is one step of a record from a status to the next. A store applies it
// only if the record's status may become To by the table of transitions, and
// otherwise fails with a *ConflictError that carries the record as it stands.
type Change struct {
	To Status
	At time.Time

	// IfVersion, when not empty, applies the change only to a record whose
	// pinned object version is this one.
	IfVersion string

	// Object, when not nil, pins its version and ETag on the record.
	Object *Object

	// ChecksumSHA256, when not empty, is recorded as the checksum of the bytes.
	ChecksumSHA256 string

	// Reason is recorded for a rejection.
	Reason Reason

	// Verdict, when not nil, is recorded as what was found out about the bytes.
	Verdict *Verdict

	// Receipt, when not empty, is recorded as the statement of the verdict.
	Receipt string

	// SweepAt is when the sweeper looks next; zero for never again.
	SweepAt time.Time

	// PurgeAt, when not zero, is when the store may forget the record.
	PurgeAt time.Time
}

// Query asks for a page of an owner's files, newest first.
type Query struct {
	Owner  string
	Status Status // empty for every status but deleted
	Limit  int    // 1 and up

	// After is the id of the last file of the page before; empty for the first.
	After string
}
