// Package kmskey signs with an asymmetric key that never leaves AWS KMS.
package kmskey

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// API is what a Key calls of KMS. A function that asks for one of the two
// needs no permission for the other.
type API interface {
	Sign(context.Context, *kms.SignInput, ...func(*kms.Options)) (*kms.SignOutput, error)
	GetPublicKey(context.Context, *kms.GetPublicKeyInput, ...func(*kms.Options)) (*kms.GetPublicKeyOutput, error)
}

// Key is a KMS key of the kind ECC_NIST_P256 for SIGN_VERIFY.
type Key struct {
	api API
	id  string

	mu     sync.Mutex
	public *ecdsa.PublicKey
}

// New returns the key with the id, or the ARN. An alias would do, but could
// name another key from one call to the next.
func New(api API, id string) *Key { return &Key{api: api, id: id} }

// Sign signs a SHA-256 and returns the signature as ASN.1 DER, as KMS answers.
func (k *Key) Sign(ctx context.Context, digest [sha256.Size]byte) ([]byte, error) {
	out, err := k.api.Sign(ctx, &kms.SignInput{
		KeyId:            &k.id,
		Message:          digest[:],
		MessageType:      types.MessageTypeDigest,
		SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256,
	})
	if err != nil {
		return nil, fmt.Errorf("sign with the key %s: %w", k.id, err)
	}
	return out.Signature, nil
}

// PublicKey returns the public key. KMS never changes that of a key, so it is
// asked only until it has answered once.
func (k *Key) PublicKey(ctx context.Context) (*ecdsa.PublicKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.public != nil {
		return k.public, nil
	}
	out, err := k.api.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: &k.id})
	if err != nil {
		return nil, fmt.Errorf("get the public key of %s: %w", k.id, err)
	}
	if out.KeySpec != types.KeySpecEccNistP256 || out.KeyUsage != types.KeyUsageTypeSignVerify {
		return nil, fmt.Errorf("get the public key of %s: it is %s for %s, not ECC_NIST_P256 for SIGN_VERIFY", aws.ToString(out.KeyId), out.KeySpec, out.KeyUsage)
	}
	parsed, err := x509.ParsePKIXPublicKey(out.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("read the public key of %s: %w", k.id, err)
	}
	public, ok := parsed.(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return nil, fmt.Errorf("read the public key of %s: it is not on P-256", k.id)
	}
	k.public = public
	return public, nil
}
