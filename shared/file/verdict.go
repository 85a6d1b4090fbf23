package file

import "time"

// Outcome is what verification makes of a file's bytes as a whole.
type Outcome string

// The outcomes of a verification that came to an end. The first three are of
// files that are ready; flagged and unscanned only come of settings that say so.
const (
	Clean     Outcome = "clean"     // every byte was looked at, and nothing was found
	Flagged   Outcome = "flagged"   // something was found that policy lets pass with a flag
	Unscanned Outcome = "unscanned" // no malware scanner was asked, by an explicit setting
	Refused   Outcome = "rejected"  // something was found that policy does not let pass
)

// Held is no outcome, but what the tag of a rejected version says in the place of
// Refused while the file is on hold: it opens nothing either, and the rule by which
// the object store forgets rejected versions does not go by it.
const Held Outcome = "held"

// Verdict is what verification found out about a file's bytes, and how it came
// to know. It is kept on the record, told to subscribers, and its safe part is
// shown to the owner.
type Verdict struct {
	Outcome Outcome `json:"outcome"`

	// Checks are those that were made, in their order. What was refused by one has
	// not come to those behind it.
	Checks []Check `json:"checks,omitempty"`

	// DetectedType is the media type that the bytes themselves show.
	DetectedType string `json:"detectedType,omitempty"`

	// Findings are what was found, the gravest first; at most MaxFindings.
	Findings []Finding `json:"findings,omitempty"`

	Coverage Coverage `json:"coverage"`

	// Scanners are those that were asked, each with what it knew.
	Scanners []Engine `json:"scanners,omitempty"`

	CheckedAt      time.Time `json:"checkedAt"`
	DurationMillis int64     `json:"durationMillis"`
}

// Check is one thing that verification holds a file to.
type Check string

// The checks, in the order in which they are made.
const (
	CheckedVersion  Check = "version"  // the store has the pinned version, with the same ETag, size and declared type
	CheckedType     Check = "type"     // the first bytes are of a type that may stand under the declared one
	CheckedMalware  Check = "malware"  // a scanner was sent every byte
	CheckedSize     Check = "size"     // as many bytes were read as promised
	CheckedChecksum Check = "checksum" // they have the SHA-256 that was promised
	CheckedContent  Check = "content"  // what is in them was inspected
)

// Checks lists every check.
func Checks() []Check {
	return []Check{CheckedVersion, CheckedType, CheckedMalware, CheckedSize, CheckedChecksum, CheckedContent}
}

// MaxFindings is how many findings a verdict lists: enough to act on, and few
// enough that a hostile archive cannot make a record large.
const MaxFindings = 20

// Finding is one thing that was found.
type Finding struct {
	Code Reason `json:"code"`

	// Where is the path of the entry within nested archives, each level behind a
	// "!/", empty for the file itself. It is made of names that the uploader
	// chose: data to show, never a path to use. At most MaxWhere bytes.
	Where string `json:"where,omitempty"`

	// Detail says more, for operators: a signature's name, a limit's value. It
	// is not shown to uploaders, who would tune their files by it.
	Detail string `json:"detail,omitempty"`
}

// MaxWhere is the longest Finding.Where, in bytes.
const MaxWhere = 512

// Coverage says how much was really looked at.
type Coverage struct {
	// Complete is whether every byte of the file, and of all that it unpacks
	// to, was looked at.
	Complete bool `json:"complete"`

	Bytes    int64 `json:"bytes"`    // of the file itself
	Unpacked int64 `json:"unpacked"` // bytes that its archives unpacked to, in all
	Entries  int64 `json:"entries"`  // of its archives, in all
	Depth    int   `json:"depth"`    // of archives within archives; 0 for no archive

	// Limits are the codes of the limits that were hit.
	Limits []Reason `json:"limits,omitempty"`
}

// Engine is a malware scanner that was asked.
type Engine struct {
	Name     string `json:"name"`               // clamav, guardduty
	Version  string `json:"version,omitempty"`  // of the program
	Database string `json:"database,omitempty"` // the version of its signatures

	// DatabaseDate is when its signatures were made; the zero time for one that
	// does not say.
	DatabaseDate time.Time `json:"databaseDate,omitzero"`
}
