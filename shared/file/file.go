// Package file is the domain at the centre of Vouch: one uploaded file, the
// record kept of it, the states that record passes through, and the errors
// that every layer speaks. It knows no AWS and no HTTP; adapters wrap those
// and depend on this package, never the other way round.
package file

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/google/uuid"
)

// File is the record of one file from the moment an upload is asked for.
type File struct {
	// ID is a UUIDv7 (RFC 9562) in its canonical form. Being time-ordered, it
	// also sorts an owner's files by age.
	ID string

	// Owner is who asked for the upload: a subject, and its tenant where there are
	// tenants, as JoinOwner writes them. To whoever is neither the
	// owner nor a grantee the file does not exist. It is empty, and so nobody, in
	// a Tombstone.
	Owner string

	// Grants are what the owner, or whoever manages the file, has let others do.
	Grants []Grant

	// Filename is what the owner calls the file. It is shown and used in a
	// download's Content-Disposition, never as a path or an object key.
	Filename string

	// Method is how the bytes are sent.
	Method Method

	// ContentType is the declared media type in lower case (RFC 9110, 8.3.1). Of
	// a form it may be a range, as image/*, until an object is pinned.
	ContentType string

	// Size is the promised length in bytes, always positive; but of a form that
	// promises MaxSize it is 0 until an object is pinned.
	Size int64

	// MaxSize is the most bytes that a form may send which has not promised how
	// many it will; 0 for every other file.
	MaxSize int64

	// PartSize is the length in bytes of every part but the last, and UploadID
	// S3's id of the upload that the parts belong to; both for Multipart only.
	// UploadID is empty until S3 has begun the upload.
	PartSize int64
	UploadID string

	// ChecksumSHA256 is the SHA-256 of the bytes in standard base64 (44
	// characters). It is empty until known: the owner may promise it, and
	// otherwise verification computes it.
	ChecksumSHA256 string

	Status Status

	// Reason says why a file is rejected; empty in every other status.
	Reason Reason

	// Verdict is what verification found out about the pinned version; nil
	// until then, and where verification did not get as far as the bytes.
	Verdict *Verdict

	// Receipt is the signed statement that the pinned version was verified, a
	// JWS in compact form; empty in every status but ready.
	Receipt string

	// Key is the object key that the bytes were or will be put under. The owner
	// never chooses any part of it.
	Key string

	// VersionID and ETag name the one object version that verification looks
	// at, and that downloads are presigned for. Empty while pending. The ETag
	// is kept without its quotes.
	VersionID string
	ETag      string

	CreatedAt time.Time
	UpdatedAt time.Time

	// UploadExpiresAt is when nothing can be sent any more: the presigned upload
	// URL or form stops being accepted, and no part is presigned from then on.
	UploadExpiresAt time.Time

	// UploadedAt is when an object was pinned; the zero time until then.
	UploadedAt time.Time

	// SweepAt is when the sweeper looks at the record next; the zero time means
	// that nothing is left to do for it but what DeleteAt says.
	SweepAt time.Time

	// ExpiresAt is how long the file is kept: from then on nothing of it is
	// presigned, and unless there is a Hold it is deleted. The zero time is for as
	// long as nobody deletes it.
	ExpiresAt time.Time

	// Hold is what keeps anybody, and retention too, from deleting the file; nil
	// for none.
	Hold *Hold

	// Discarded says that the bytes of a rejected file are being deleted, or are,
	// as the policy's rejectedBytes says. No hold can be put on it any more.
	Discarded bool

	// Counted names the kinds of account whose usage the file is counted in, by
	// commas (package quota); empty for a file that was created before there were
	// quotas.
	Counted string

	// Revision counts the writes of the record, beginning at 1.
	Revision int64
}

// NewID returns a new file id.
// It fails only when the system has no randomness to give.
func NewID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	return id.String(), nil
}

// ValidID reports whether id has the canonical form that NewID gives out, so
// that nothing else is ever used to look up a record.
func ValidID(id string) bool {
	u, err := uuid.Parse(id)
	return err == nil && u.String() == id
}

// KeyPrefix begins every object key. Policies in template.yaml are limited to it.
const KeyPrefix = "files/"

// Key returns the object key for a file. The owner enters only as a hash, so a
// key leaks no name and no character of a subject can shape it.
func Key(owner, id string) string { return KeyPrefix + Pseudonym(owner) + "/" + id }

// Pseudonym stands for a subject in keys: the first 128 bits of its SHA-256, in
// hex.
func Pseudonym(subject string) string {
	sum := sha256.Sum256([]byte(subject))
	return hex.EncodeToString(sum[:16])
}

// Object is one stored version of an object, as the object store describes it.
type Object struct {
	Key         string
	VersionID   string
	ETag        string // without quotes
	Size        int64  // bytes
	ContentType string

	// ChecksumSHA256 is the store's own checksum of the whole object in base64,
	// empty when it holds none.
	ChecksumSHA256 string
}
