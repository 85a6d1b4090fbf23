package receipt

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Type is the typ of a receipt's header. No other JWT that the same key may
// ever sign passes for a receipt (RFC 8725, 3.11).
const Type = "vouch-receipt+jwt"

// algorithm is the only alg: ECDSA on P-256 with SHA-256. A receipt has no say
// in how it is verified (RFC 8725, 3.1).
const algorithm = "ES256"

// MaxLength is the longest receipt that is issued or looked at, in bytes.
const MaxLength = 8 << 10

// ErrUnknownKey says that a receipt names a key that is not among those given:
// the keys may have to be fetched again, and if that does not help, it is
// nobody's receipt.
var ErrUnknownKey = errors.New("the key is not known")

// Verify returns what a receipt says if one of the keys has signed it. It takes
// exactly the form that Issue gives a receipt, and no other text that could be
// read as the same, such as one with padding or a further header parameter.
// Claims that it does not know are passed over (RFC 7519, 4).
//
// What the receipt says of the bytes still has to be held against them, with
// Claims.Matches.
func Verify(receipt string, keys Keys) (Claims, error) {
	c, err := verify(receipt, keys)
	if err != nil {
		return Claims{}, fmt.Errorf("verify a receipt: %w", err)
	}
	return c, nil
}

func verify(receipt string, keys Keys) (Claims, error) {
	if len(receipt) > MaxLength {
		return Claims{}, fmt.Errorf("it has %d bytes", len(receipt))
	}
	parts := strings.Split(receipt, ".")
	if len(parts) != 3 {
		return Claims{}, errors.New("it does not have three parts")
	}
	header, err := decode(parts[0])
	if err != nil {
		return Claims{}, fmt.Errorf("the header: %w", err)
	}
	payload, err := decode(parts[1])
	if err != nil {
		return Claims{}, fmt.Errorf("the payload: %w", err)
	}
	signature, err := decode(parts[2])
	if err != nil {
		return Claims{}, fmt.Errorf("the signature: %w", err)
	}
	kid, err := keyID(header)
	if err != nil {
		return Claims{}, fmt.Errorf("the header: %w", err)
	}
	key := keys[kid]
	if key == nil {
		return Claims{}, fmt.Errorf("%w: %q", ErrUnknownKey, kid)
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !verifies(key, digest[:], signature) {
		return Claims{}, errors.New("the signature does not match")
	}
	if err := unambiguous(payload); err != nil {
		return Claims{}, fmt.Errorf("the payload: %w", err)
	}
	var c Claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return Claims{}, fmt.Errorf("the payload: %w", err)
	}
	return c, c.check()
}

// keyID returns the kid of a header that holds exactly alg, kid and typ: with
// nothing else there, no crit, jwk or jku has to be thought of.
func keyID(header []byte) (string, error) {
	if err := unambiguous(header); err != nil {
		return "", err
	}
	var p map[string]string
	if err := json.Unmarshal(header, &p); err != nil {
		return "", err
	}
	switch {
	case len(p) != 3:
		return "", errors.New("it has other parameters than alg, kid and typ")
	case p["alg"] != algorithm:
		return "", fmt.Errorf("the algorithm is %q, not %s", p["alg"], algorithm)
	case p["typ"] != Type:
		return "", fmt.Errorf("the type is %q, not %s", p["typ"], Type)
	case p["kid"] == "":
		return "", errors.New("it names no key")
	}
	return p["kid"], nil
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// decode reads base64url as RFC 7515 has it. Go's decoder passes over line
// breaks, even when it is strict, so the text is written again.
func decode(s string) ([]byte, error) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, err
	}
	if encode(data) != s {
		return nil, errors.New("there are line breaks in the base64url")
	}
	return data, nil
}
