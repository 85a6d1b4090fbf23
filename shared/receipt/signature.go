package receipt

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
)

// scalarSize is the length of r, of s, and of a coordinate on P-256, in bytes.
const scalarSize = 32

// rawSignature turns an ECDSA signature from ASN.1 DER, where r and s have the
// length that they need, into the form of JWS: r and s, each of 32 bytes with
// leading zeros (RFC 7518, 3.4).
func rawSignature(der []byte) ([]byte, error) {
	var sig struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &sig); err != nil {
		return nil, fmt.Errorf("read a signature: %w", err)
	}
	// encoding/asn1 passes over what stands behind s, within the sequence and
	// after it. DER is one text for one value.
	again, err := asn1.Marshal(sig)
	if err != nil {
		return nil, fmt.Errorf("read a signature: %w", err)
	}
	if !bytes.Equal(again, der) {
		return nil, errors.New("read a signature: there is something behind it")
	}
	raw := make([]byte, 2*scalarSize)
	for i, n := range []*big.Int{sig.R, sig.S} {
		if n.Sign() <= 0 || n.BitLen() > 8*scalarSize {
			return nil, errors.New("read a signature: it is not one on P-256")
		}
		n.FillBytes(raw[i*scalarSize : (i+1)*scalarSize])
	}
	return raw, nil
}

// verifies reports whether raw is key's signature of digest.
func verifies(key *ecdsa.PublicKey, digest, raw []byte) bool {
	if key.Curve != elliptic.P256() || len(raw) != 2*scalarSize {
		return false
	}
	r, s := new(big.Int).SetBytes(raw[:scalarSize]), new(big.Int).SetBytes(raw[scalarSize:])
	return ecdsa.Verify(key, digest, r, s)
}
