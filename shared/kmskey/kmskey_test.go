package kmskey

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// answers answers like a KMS that has another key than it should, or none. A
// real one is asked in local/awsapi.
type answers struct {
	out   *kms.GetPublicKeyOutput
	err   error
	asked int
}

func (a *answers) GetPublicKey(context.Context, *kms.GetPublicKeyInput, ...func(*kms.Options)) (*kms.GetPublicKeyOutput, error) {
	a.asked++
	return a.out, a.err
}

func (a *answers) Sign(context.Context, *kms.SignInput, ...func(*kms.Options)) (*kms.SignOutput, error) {
	return nil, a.err
}

func spki(t *testing.T, public any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func onCurve(t *testing.T, c elliptic.Curve) *ecdsa.PublicKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &key.PublicKey
}

func TestAKeyOfAnotherKindIsRefused(t *testing.T) {
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p256 := spki(t, onCurve(t, elliptic.P256()))
	for name, out := range map[string]*kms.GetPublicKeyOutput{
		"for another use":        {KeySpec: types.KeySpecEccNistP256, KeyUsage: types.KeyUsageTypeKeyAgreement, PublicKey: p256},
		"said to be P-384":       {KeySpec: types.KeySpecEccNistP384, KeyUsage: types.KeyUsageTypeSignVerify, PublicKey: p256},
		"of no kind":             {PublicKey: p256},
		"P-384 in fact":          {KeySpec: types.KeySpecEccNistP256, KeyUsage: types.KeyUsageTypeSignVerify, PublicKey: spki(t, onCurve(t, elliptic.P384()))},
		"an Edwards key in fact": {KeySpec: types.KeySpecEccNistP256, KeyUsage: types.KeyUsageTypeSignVerify, PublicKey: spki(t, edwards)},
		"no key":                 {KeySpec: types.KeySpecEccNistP256, KeyUsage: types.KeyUsageTypeSignVerify},
	} {
		if public, err := New(&answers{out: out}, "k").PublicKey(t.Context()); err == nil {
			t.Errorf("%s: %+v", name, public)
		}
	}
}

func TestThePublicKeyIsAskedForUntilItIsKnownAndThenNoMore(t *testing.T) {
	throttled := errors.New("throttled")
	want := onCurve(t, elliptic.P256())
	api := &answers{err: throttled}
	key := New(api, "k")
	for range 2 {
		if _, err := key.PublicKey(t.Context()); !errors.Is(err, throttled) {
			t.Errorf("%v", err)
		}
	}
	api.err, api.out = nil, &kms.GetPublicKeyOutput{KeySpec: types.KeySpecEccNistP256, KeyUsage: types.KeyUsageTypeSignVerify, PublicKey: spki(t, want)}
	for range 3 {
		if got, err := key.PublicKey(t.Context()); err != nil || !want.Equal(got) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if api.asked != 3 {
		t.Errorf("it was asked for %d times", api.asked)
	}
}

func TestASignatureThatCannotBeHadIsAnError(t *testing.T) {
	throttled := errors.New("throttled")
	if _, err := New(&answers{err: throttled}, "k").Sign(t.Context(), [32]byte{}); !errors.Is(err, throttled) {
		t.Errorf("%v", err)
	}
}
