package file

import "slices"

// Reason says why a file is rejected, or what was found in one that is
// flagged. The values are part of the API.
type Reason string

// The reasons for a rejection that no policy can turn off.
const (
	ObjectMissing       Reason = "object-missing"        // the pinned version is gone
	ObjectChanged       Reason = "object-changed"        // the version is not the one that was pinned
	SizeMismatch        Reason = "size-mismatch"         // not as long as promised
	ContentTypeMismatch Reason = "content-type-mismatch" // stored under another type than promised
	ChecksumMismatch    Reason = "checksum-mismatch"     // not the bytes that were promised
	MalwareDetected     Reason = "malware-detected"      // a scanner knows it
	VerificationFailed  Reason = "verification-failed"   // no verdict could be had; nothing unverified is ever ready
)

// The findings: what policy decides upon. They stand in the order of their
// gravity, and the first that policy refuses is the reason of a rejection.
const (
	ScanIncomplete     Reason = "scan-incomplete"     // a scanner did not look at all of it
	ArchiveRatio       Reason = "archive-ratio"       // unpacks to many times its size: a bomb
	ArchiveSize        Reason = "archive-size"        // unpacks to more bytes than are looked at
	ArchiveEntries     Reason = "archive-entries"     // more entries than are looked at
	ArchiveDepth       Reason = "archive-depth"       // archives within archives, deeper than is looked
	ArchiveUnsupported Reason = "archive-unsupported" // a kind of archive or compression that cannot be walked
	Encrypted          Reason = "encrypted"           // cannot be looked into
	Executable         Reason = "executable"          // a program
	OfficeMacros       Reason = "office-macros"       // an Office document with macros
	PDFActive          Reason = "pdf-active"          // a PDF with JavaScript, a launch action or an embedded file
	MarkupScript       Reason = "markup-script"       // SVG or HTML with script or what acts like it
	ContentMismatch    Reason = "content-mismatch"    // the bytes are of another type than declared
	Polyglot           Reason = "polyglot"            // the bytes can be read as a second type
	ArchivePath        Reason = "archive-path"        // an entry's name or link leaves the archive's folder
	ImageSize          Reason = "image-size"          // more pixels than viewers survive
	Malformed          Reason = "malformed"           // cut off, or not readable as what it seems to be
)

// Findings lists the reasons that policy decides upon, the gravest first.
func Findings() []Reason {
	return []Reason{
		ScanIncomplete, ArchiveRatio, ArchiveSize, ArchiveEntries, ArchiveDepth, ArchiveUnsupported,
		Encrypted, Executable, OfficeMacros, PDFActive, MarkupScript, ContentMismatch, Polyglot,
		ArchivePath, ImageSize, Malformed,
	}
}

// Reasons lists every reason.
func Reasons() []Reason {
	return append([]Reason{
		ObjectMissing, ObjectChanged, SizeMismatch, ContentTypeMismatch, ChecksumMismatch,
		MalwareDetected, VerificationFailed,
	}, Findings()...)
}

// Valid reports whether r is one of Reasons.
func (r Reason) Valid() bool { return slices.Contains(Reasons(), r) }
