package main

import "github.com/vouch-s3/vouch/shared/file"

// sentences say in plain words why a file was rejected, or what was found in it,
// for whoever sent it: what it is, and where there is something to be done
// about it, what.
var sentences = map[file.Reason]string{
	file.ObjectMissing:       "The bytes were gone before they could be looked at. Send the file again.",
	file.ObjectChanged:       "The bytes were replaced while they were looked at. Send the file again.",
	file.SizeMismatch:        "More or fewer bytes arrived than were announced. Send the file again.",
	file.ContentTypeMismatch: "The bytes were sent under another type than was announced. Send the file again.",
	file.ChecksumMismatch:    "The bytes that arrived are not those that were announced. Send the file again.",
	file.MalwareDetected:     "A malware scanner recognised it.",
	file.VerificationFailed:  "It could not be verified, and what is not verified is not given out. Send it again later.",

	file.ScanIncomplete:     "A malware scanner could not look at all of it.",
	file.ArchiveRatio:       "It unpacks to many times its size, as archives do that are made to fill a disk.",
	file.ArchiveSize:        "It unpacks to more bytes than are looked at.",
	file.ArchiveEntries:     "It holds more entries than are looked at.",
	file.ArchiveDepth:       "It holds archives within archives, deeper than is looked.",
	file.ArchiveUnsupported: "It is an archive, or holds one, of a kind that cannot be looked into. Pack it as an ordinary zip or tar.gz.",
	file.Encrypted:          "It is encrypted, or holds something that is, and cannot be looked into. Send it without a password.",
	file.Executable:         "It is a program, or holds one.",
	file.OfficeMacros:       "It is an Office document with macros, or holds one. Save it without them.",
	file.PDFActive:          "It is a PDF that runs something or carries a file, or holds one. Print it to a new PDF.",
	file.MarkupScript:       "It holds a page or a drawing with script in it.",
	file.ContentMismatch:    "Its bytes are of another type than its name or --type says.",
	file.Polyglot:           "Its bytes can be read as files of two types.",
	file.ArchivePath:        "It is an archive with a name or a link that leads out of the folder it is unpacked to.",
	file.ImageSize:          "It is an image with more pixels than viewers survive.",
	file.Malformed:          "It is cut off, or damaged.",
}

// sentence returns what is said to people of a reason. A server may know
// reasons that this program does not.
func sentence(reason string) string {
	if s, ok := sentences[file.Reason(reason)]; ok {
		return s
	}
	return "The server says: " + plain(reason) + "."
}
