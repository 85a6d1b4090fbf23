package receipt

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// algorithm is the only alg: ECDSA on P-256 with SHA-256. A receipt has no say
// in how it is verified (RFC 8725, 3.1).
const algorithm = "ES256"

// MaxLength is the longest receipt that is issued or looked at, in bytes.
const MaxLength = 8 << 10

// ErrUnknownKey says that a receipt names a key that is not among those given:
// the keys may have to be fetched again, and if that does not help, it is
// nobody's receipt.
var ErrUnknownKey = errors.New("the key is not known")

// Sign signs claims, which are encoded as JSON, as a JWT of the type. What it
// returns opens with the public key: nothing is handed out that would be refused.
//
// The key signs statements of other kinds than receipts too, each by a type of its
// own, so that none passes for another (RFC 8725, 3.11).
func Sign(ctx context.Context, s Signer, typ string, claims any) (string, error) {
	public, err := s.PublicKey(ctx)
	if err != nil {
		return "", err
	}
	key, err := NewKey(public)
	if err != nil {
		return "", err
	}
	header, err := json.Marshal(map[string]string{"alg": algorithm, "kid": key.ID, "typ": typ})
	if err != nil {
		return "", fmt.Errorf("encode the header: %w", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode the claims: %w", err)
	}
	signed := encode(header) + "." + encode(payload)
	der, err := s.Sign(ctx, sha256.Sum256([]byte(signed)))
	if err != nil {
		return "", err
	}
	raw, err := rawSignature(der)
	if err != nil {
		return "", err
	}
	text := signed + "." + encode(raw)
	if _, err := Open(text, typ, Keys{key.ID: public}); err != nil {
		return "", fmt.Errorf("verify what was signed: %w", err)
	}
	return text, nil
}

// Open returns the claims of a JWT of the type, JSON that can be read in one way
// only, if one of the keys has signed it. It takes exactly the form that Sign gives
// it. Whether the claims make sense is for the caller to say.
func Open(text, typ string, keys Keys) ([]byte, error) {
	if len(text) > MaxLength {
		return nil, fmt.Errorf("it has %d bytes", len(text))
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, errors.New("it does not have three parts")
	}
	header, err := decode(parts[0])
	if err != nil {
		return nil, fmt.Errorf("the header: %w", err)
	}
	payload, err := decode(parts[1])
	if err != nil {
		return nil, fmt.Errorf("the payload: %w", err)
	}
	signature, err := decode(parts[2])
	if err != nil {
		return nil, fmt.Errorf("the signature: %w", err)
	}
	kid, err := keyID(header, typ)
	if err != nil {
		return nil, fmt.Errorf("the header: %w", err)
	}
	key := keys[kid]
	if key == nil {
		return nil, fmt.Errorf("%w: %q", ErrUnknownKey, kid)
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !verifies(key, digest[:], signature) {
		return nil, errors.New("the signature does not match")
	}
	if err := unambiguous(payload); err != nil {
		return nil, fmt.Errorf("the payload: %w", err)
	}
	return payload, nil
}

// keyID returns the kid of a header that holds exactly alg, kid and this typ: with
// nothing else there, no crit, jwk or jku has to be thought of.
func keyID(header []byte, typ string) (string, error) {
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
	case p["typ"] != typ:
		return "", fmt.Errorf("the type is %q, not %s", p["typ"], typ)
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
