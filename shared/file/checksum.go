package file

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

// CheckChecksum says whether s is a SHA-256 in standard base64 with padding,
// the form of the x-amz-checksum-sha256 header. The *Error it returns says
// what would be.
func CheckChecksum(s string) error {
	raw, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) != sha256.Size || base64.StdEncoding.EncodeToString(raw) != s {
		return &Error{
			Code:     CodeInvalidChecksum,
			Field:    "checksumSHA256",
			Detail:   "The checksum is not a base64-encoded SHA-256.",
			Accepted: "44 characters of standard base64, as `openssl dgst -sha256 -binary FILE | base64` prints",
		}
	}
	return nil
}

// EncodeChecksum writes the SHA-256 sum in the form that CheckChecksum accepts.
func EncodeChecksum(sum []byte) string { return base64.StdEncoding.EncodeToString(sum) }

// SameChecksum compares two checksums in constant time.
func SameChecksum(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// CheckCRC64NVME says whether s is a CRC-64/NVME in standard base64 with
// padding, the form of the x-amz-checksum-crc64nvme header. field is the member
// of the request that it stands in, for the *Error.
func CheckCRC64NVME(s, field string) error {
	raw, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) != 8 || base64.StdEncoding.EncodeToString(raw) != s {
		return &Error{
			Code:     CodeInvalidChecksum,
			Field:    field,
			Detail:   "The checksum is not a base64-encoded CRC-64/NVME.",
			Accepted: "12 characters of standard base64, the 8 bytes in network order",
		}
	}
	return nil
}
