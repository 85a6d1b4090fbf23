package idempotency

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
)

// MaxKey is the longest key that is taken, in characters: that of Stripe, whose
// clients many know.
const MaxKey = 255

// errKey is the error of every value that is no key. It does not say what was
// sent, which is nothing for a log.
var errKey = errors.New("not an idempotency key")

// ParseKey reads the value of an Idempotency-Key field: a String of Structured
// Fields (RFC 9651, 3.3.3) without parameters, as
// draft-ietf-httpapi-idempotency-key-header says, or the key without its quotes,
// as clients of before that draft send it. Both are the same key, 1 to MaxKey
// visible characters of ASCII. A field that was sent twice, which gateways join by
// a comma, is none.
func ParseKey(field string) (string, error) {
	field = strings.Trim(field, " \t")
	rest, quoted := strings.CutPrefix(field, `"`)
	if !quoted {
		if strings.ContainsAny(field, `",;\`) || !visible(field) {
			return "", errKey
		}
		return field, nil
	}
	var key strings.Builder
	for i := 0; i < len(rest); i++ {
		switch rest[i] {
		case '"':
			if i != len(rest)-1 || !visible(key.String()) {
				return "", errKey
			}
			return key.String(), nil
		case '\\':
			if i++; i == len(rest) || rest[i] != '"' && rest[i] != '\\' {
				return "", errKey
			}
		}
		key.WriteByte(rest[i])
	}
	return "", errKey
}

func visible(key string) bool {
	for i := range len(key) {
		if key[i] < '!' || key[i] > '~' {
			return false
		}
	}
	return key != "" && len(key) <= MaxKey
}

// ID returns the name under which a call is remembered: a SHA-256, in hex, of
// what tells it from every other. Nobody's key is another's: caller is who calls,
// target is what is called and on what.
func ID(caller, key string, target ...string) string {
	h := sha256.New()
	for _, part := range append([]string{caller, key}, target...) {
		// By its length first, so that no two lists of parts are the same bytes.
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		h.Write(n[:])
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Fingerprint returns the SHA-256 of a body, in hex.
func Fingerprint(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
