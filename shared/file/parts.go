package file

import "time"

// Begun is that S3 has begun the upload that a file's parts belong to. It is no
// Change, since no status follows another: a store applies it only to a pending
// record that is sent in parts and has no UploadID yet, and otherwise fails with
// a *ConflictError that carries the record as it stands.
type Begun struct {
	UploadID  string
	ExpiresAt time.Time // the record's UploadExpiresAt from now on
	SweepAt   time.Time
	At        time.Time
}

// Promise is a checksum that an owner promises when the bytes are sent already.
// It is no Change either: a store applies it only to a pending record that has no
// checksum, or this one, and otherwise fails with a *ConflictError that carries
// the record as it stands.
type Promise struct {
	ChecksumSHA256 string
	At             time.Time
}

// Part is one part of a file that S3 holds.
type Part struct {
	Number            int
	Size              int64  // bytes
	ETag              string // without quotes
	ChecksumCRC64NVME string // base64, or empty where S3 tells none
}
