package receipt

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
)

// Key is a public key as a JWK (RFC 7517; RFC 7518, 6.2.1).
type Key struct {
	Type      string `json:"kty"` // EC
	Curve     string `json:"crv"` // P-256
	X         string `json:"x"`   // base64url of 32 bytes
	Y         string `json:"y"`
	Use       string `json:"use"` // sig
	Algorithm string `json:"alg"` // ES256
	ID        string `json:"kid"` // the thumbprint
}

// KeySet is a JWKS (RFC 7517, 5).
type KeySet struct {
	Keys []Key `json:"keys"`
}

// Keys are the public keys that receipts are verified with, by their kid.
type Keys map[string]*ecdsa.PublicKey

// MaxKeySetLength is the longest JWKS that is read, in bytes.
const MaxKeySetLength = 64 << 10

// NewKey returns a public key on P-256 as a JWK. Its kid is its SHA-256
// thumbprint (RFC 7638), so that a kid can never stand for another key.
func NewKey(public *ecdsa.PublicKey) (Key, error) {
	if public == nil || public.Curve != elliptic.P256() {
		return Key{}, errors.New("the key is not on P-256")
	}
	point, err := public.Bytes() // 4, x, y (SEC 1, 2.3.3)
	if err != nil {
		return Key{}, fmt.Errorf("encode the key: %w", err)
	}
	k := Key{
		Type: "EC", Curve: "P-256", Use: "sig", Algorithm: algorithm,
		X: encode(point[1 : 1+scalarSize]), Y: encode(point[1+scalarSize:]),
	}
	// The members that define the key, in the order of their names, without
	// white space. No value needs an escape.
	sum := sha256.Sum256([]byte(`{"crv":"` + k.Curve + `","kty":"` + k.Type + `","x":"` + k.X + `","y":"` + k.Y + `"}`))
	k.ID = encode(sum[:])
	return k, nil
}

// ParseKeySet reads the keys of a JWKS that receipts can be signed with. Keys
// of another kind are passed over (RFC 7517, 5); one of the right kind that is
// not whole, not on the curve, or whose kid is not its thumbprint is an error.
func ParseKeySet(data []byte) (Keys, error) {
	keys, err := parseKeySet(data)
	if err != nil {
		return nil, fmt.Errorf("read a JWKS: %w", err)
	}
	return keys, nil
}

func parseKeySet(data []byte) (Keys, error) {
	if len(data) > MaxKeySetLength {
		return nil, fmt.Errorf("it has %d bytes", len(data))
	}
	if err := unambiguous(data); err != nil {
		return nil, err
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, err
	}
	if set.Keys == nil {
		return nil, errors.New("it has no keys")
	}
	keys := Keys{}
	for _, raw := range set.Keys {
		// The members of another kind of key may be of any type.
		var kind struct {
			Type      any `json:"kty"`
			Curve     any `json:"crv"`
			Use       any `json:"use"`
			Algorithm any `json:"alg"`
		}
		if err := json.Unmarshal(raw, &kind); err != nil {
			return nil, err
		}
		if kind.Type != "EC" || kind.Curve != "P-256" || kind.Use != "sig" || kind.Algorithm != algorithm {
			continue
		}
		var k Key
		if err := json.Unmarshal(raw, &k); err != nil {
			return nil, err
		}
		public, err := k.public()
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", k.ID, err)
		}
		keys[k.ID] = public
	}
	return keys, nil
}

func (k Key) public() (*ecdsa.PublicKey, error) {
	point := []byte{4}
	for _, coordinate := range []string{k.X, k.Y} {
		b, err := decode(coordinate)
		if err != nil || len(b) != scalarSize {
			return nil, fmt.Errorf("a coordinate is not base64url of %d bytes", scalarSize)
		}
		point = append(point, b...)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return nil, err
	}
	again, err := NewKey(public)
	if err != nil {
		return nil, err
	}
	if again.ID != k.ID {
		return nil, errors.New("the kid is not its thumbprint")
	}
	return public, nil
}
