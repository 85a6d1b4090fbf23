// Package receipt makes and checks verdict receipts: signed statements that
// exactly these bytes were verified, by whom and with what outcome. A receipt
// is a JWT (RFC 7519) in the compact serialization of JWS (RFC 7515), signed
// with ES256 (RFC 7518, 3.4), so that a subscriber can check it offline with
// this package or any JOSE library. docs/receipts.md describes it.
//
// Whoever checks one needs Verify, with the keys that ParseKeySet reads, and
// Claims.Matches.
package receipt

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// Claims are what a receipt says: registered claims of RFC 7519, and one of
// its own that holds the statement. There is no exp, for what was verified
// once stays verified, and no aud, for a receipt may be shown to anybody.
type Claims struct {
	Subject string `json:"sub"` // the file's id

	// ID is the same only for receipts that say the same: the file's id and the
	// second of issue.
	ID string `json:"jti"`

	IssuedAt int64     `json:"iat"` // seconds since 1970 (NumericDate)
	Vouch    Statement `json:"vouch"`
}

// Statement names one object version and its bytes, and says what verification
// made of them. It tells neither the owner nor the file's name, so that a
// receipt can be passed on with the bytes; of the owner there is only the hash
// that is in every object key.
type Statement struct {
	Bucket    string `json:"bucket"`
	Key       string `json:"key"`
	VersionID string `json:"versionId"`

	// ChecksumSHA256 is the SHA-256 of the bytes in standard base64.
	ChecksumSHA256 string `json:"checksumSHA256"`
	Size           int64  `json:"size"` // bytes

	ContentType  string `json:"contentType"`            // as declared
	DetectedType string `json:"detectedType,omitempty"` // as the bytes show

	Outcome   file.Outcome  `json:"outcome"`
	Coverage  file.Coverage `json:"coverage"`
	Scanners  []file.Engine `json:"scanners,omitempty"`
	CheckedAt time.Time     `json:"checkedAt"` // RFC 3339, UTC
}

// outcomes are those that a receipt may be issued for: of a file that can be
// downloaded.
var outcomes = []file.Outcome{file.Clean, file.Flagged, file.Unscanned}

// New returns what a receipt for f says that is issued at a time. f must hold
// the checksum that verification has found, and the version that it looked at.
func New(f file.File, v file.Verdict, bucket string, at time.Time) Claims {
	return Claims{
		Subject:  f.ID,
		ID:       f.ID + "." + strconv.FormatInt(at.Unix(), 10),
		IssuedAt: at.Unix(),
		Vouch: Statement{
			Bucket: bucket, Key: f.Key, VersionID: f.VersionID,
			ChecksumSHA256: f.ChecksumSHA256, Size: f.Size,
			ContentType: f.ContentType, DetectedType: v.DetectedType,
			Outcome: v.Outcome, Coverage: v.Coverage, Scanners: v.Scanners, CheckedAt: v.CheckedAt.UTC(),
		},
	}
}

// check refuses claims that leave open which bytes they speak of, or that
// contradict themselves. Nothing else is ever signed or accepted.
func (c Claims) check() error {
	s := c.Vouch
	switch {
	case !file.ValidID(c.Subject):
		return fmt.Errorf("the subject %q is not the id of a file", c.Subject)
	case c.ID == "" || c.IssuedAt <= 0:
		return errors.New("the id or the time of issue is missing")
	case s.Bucket == "" || s.Key == "" || s.VersionID == "":
		return errors.New("no object version is named")
	case s.Size <= 0:
		return fmt.Errorf("the size is %d bytes", s.Size)
	case !slices.Contains(outcomes, s.Outcome):
		return fmt.Errorf("there is no receipt for the outcome %q", s.Outcome)
	case s.Outcome == file.Clean && (!s.Coverage.Complete || len(s.Scanners) == 0):
		return errors.New("the outcome is clean, but not everything was scanned")
	case s.CheckedAt.IsZero():
		return errors.New("the time of the verification is missing")
	}
	return file.CheckChecksum(s.ChecksumSHA256)
}

// ErrMismatch says that bytes are not those of the receipt.
var ErrMismatch = errors.New("the bytes are not those that the receipt speaks of")

// Matches reads r to its end, and says whether its bytes are exactly those
// that the receipt speaks of: ErrMismatch if not. It reads at most one byte
// more than they are, and holds none of them.
func (c Claims) Matches(r io.Reader) error {
	want, err := base64.StdEncoding.Strict().DecodeString(c.Vouch.ChecksumSHA256)
	if err != nil {
		return fmt.Errorf("read the checksum of a receipt: %w", err)
	}
	hash := sha256.New()
	n, err := io.Copy(hash, io.LimitReader(r, c.Vouch.Size+1))
	if err != nil {
		return fmt.Errorf("read the bytes of %s: %w", c.Subject, err)
	}
	if n != c.Vouch.Size || subtle.ConstantTimeCompare(hash.Sum(nil), want) != 1 {
		return ErrMismatch
	}
	return nil
}
