package receipt

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// Signer holds a private key on P-256 and signs with it.
type Signer interface {
	// Sign signs a SHA-256 and returns the signature as ASN.1 DER (SEC 1, C.8).
	Sign(ctx context.Context, digest [sha256.Size]byte) ([]byte, error)

	// PublicKey returns the key that verifies what Sign signs.
	PublicKey(ctx context.Context) (*ecdsa.PublicKey, error)
}

// Issuer issues receipts for the files in a bucket.
type Issuer struct {
	Signer Signer
	Bucket string
	Now    func() time.Time
}

// Issue returns a receipt for what v says of f, which must hold the version
// that was verified and the checksum that was found. What it returns has been
// verified with the public key, so that nothing is handed out that a
// subscriber would refuse.
func (i Issuer) Issue(ctx context.Context, f file.File, v file.Verdict) (string, error) {
	receipt, err := i.issue(ctx, New(f, v, i.Bucket, i.Now()))
	if err != nil {
		return "", fmt.Errorf("issue the receipt of file %s: %w", f.ID, err)
	}
	return receipt, nil
}

func (i Issuer) issue(ctx context.Context, c Claims) (string, error) {
	if err := c.check(); err != nil {
		return "", err
	}
	return Sign(ctx, i.Signer, Type, c)
}
