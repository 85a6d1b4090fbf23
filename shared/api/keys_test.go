package api

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/receipt"
)

// publicKey is a key in memory, or an error in its place.
type publicKey struct {
	key *ecdsa.PublicKey
	err error
}

func (p publicKey) PublicKey(context.Context) (*ecdsa.PublicKey, error) { return p.key, p.err }

func generate(t *testing.T, c elliptic.Curve) publicKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return publicKey{key: &key.PublicKey}
}

func TestThePublicKeysAreForEverybodyAndMayBeKept(t *testing.T) {
	current, former := generate(t, elliptic.P256()), generate(t, elliptic.P256())
	anonymous := event("", "")
	anonymous.RequestContext.Authorizer = nil
	reply, err := PublicLambda(GetKeys(current, former))(t.Context(), anonymous)
	if err != nil || reply.StatusCode != 200 || reply.Headers["Cache-Control"] != "public, max-age=3600" || reply.Headers["Content-Type"] != "application/json" {
		t.Fatalf("%+v, %v", reply, err)
	}
	keys, err := receipt.ParseKeySet([]byte(reply.Body))
	if err != nil || len(keys) != 2 {
		t.Fatalf("%v, %v", keys, err)
	}
	for _, want := range []publicKey{current, former} {
		found := false
		for _, got := range keys {
			found = found || want.key.Equal(got)
		}
		if !found {
			t.Error("a key is not listed")
		}
	}
}

// A list with a key left out would have subscribers refuse good receipts for
// as long as they keep it.
func TestKeysThatCannotAllBeHadAreNotListedAndNothingIsTold(t *testing.T) {
	good := generate(t, elliptic.P256())
	for name, bad := range map[string]publicKey{
		"KMS fails":     {err: errors.New("AccessDeniedException: arn:aws:kms:secret")},
		"another curve": generate(t, elliptic.P384()),
	} {
		reply, err := PublicLambda(GetKeys(good, bad))(t.Context(), Event{})
		if err != nil {
			t.Fatal(err)
		}
		if p := problem(t, reply); p.Status != 500 || strings.Contains(reply.Body, "secret") || strings.Contains(reply.Headers["Cache-Control"], "public") {
			t.Errorf("%s: %v %s", name, reply.Headers, reply.Body)
		}
	}
}

func TestAPublicHandlerThatPanicsAnswersAnInternalProblem(t *testing.T) {
	reply, err := PublicLambda(func(context.Context) (Response, error) { panic("x") })(t.Context(), Event{})
	if err != nil || problem(t, reply).Status != 500 {
		t.Errorf("%+v, %v", reply, err)
	}
}
