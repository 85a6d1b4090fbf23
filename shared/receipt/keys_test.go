package receipt

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
)

func setOf(t testing.TB, all ...*ecdsa.PrivateKey) string {
	t.Helper()
	var set KeySet
	for _, private := range all {
		k, err := NewKey(&private.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		set.Keys = append(set.Keys, k)
	}
	data, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestAKeySetKeepsOldReceiptsVerifiableWhileItListsTheirKey(t *testing.T) {
	before, after := otherKey(t), otherKey(t)
	old, recent := issue(t, before), issue(t, after)
	both, err := ParseKeySet([]byte(setOf(t, before, after)))
	if err != nil {
		t.Fatal(err)
	}
	for _, receipt := range []string{old, recent} {
		if _, err := Verify(receipt, both); err != nil {
			t.Error(err)
		}
	}
	withdrawn, err := ParseKeySet([]byte(setOf(t, after)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(old, withdrawn); err == nil {
		t.Error("a key that is listed no more verifies")
	}
}

// The coordinates are those of RFC 7515, A.3; the thumbprint was computed by
// openssl from the text that RFC 7638, 3 describes.
func TestAKeyIsWrittenAsTheRFCsHaveIt(t *testing.T) {
	k, err := NewKey(&testKey(t).PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	want := Key{
		Type: "EC", Curve: "P-256", Use: "sig", Algorithm: "ES256",
		X:  "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
		Y:  "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
		ID: "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",
	}
	if k != want {
		t.Errorf("%+v", k)
	}
}

func TestOnlyKeysOnP256AreWritten(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []*ecdsa.PublicKey{nil, {}, &p384.PublicKey} {
		if k, err := NewKey(key); err == nil {
			t.Errorf("%+v", k)
		}
	}
}

func TestAKeySetThatIsNotWholeIsRefused(t *testing.T) {
	good := setOf(t, testKey(t))
	for name, tt := range map[string]struct {
		set  string
		keys int // -1 for refused
	}{
		"good":              {good, 1},
		"none":              {`{"keys":[]}`, 0},
		"an RSA key too":    {strings.Replace(good, "[", `[{"kty":"RSA","n":1,"use":["sig"]},`, 1), 1},
		"a key to encrypt":  {strings.Replace(good, `"sig"`, `"enc"`, 1), 0},
		"another algorithm": {strings.Replace(good, "ES256", "ES384", 1), 0},
		"another curve":     {strings.Replace(good, `"P-256"`, `"P-384"`, 1), 0},
		"another kid":       {strings.Replace(good, `"kid":"`, `"kid":"a`, 1), -1},
		"not on the curve":  {strings.Replace(good, `"x":"f`, `"x":"g`, 1), -1},
		"short coordinate":  {strings.Replace(good, `"x":"f83O`, `"x":"`, 1), -1},
		"no coordinate":     {strings.Replace(good, `"x"`, `"X1"`, 1), -1},
		"padded coordinate": {strings.Replace(good, `VEU"`, `VEU="`, 1), -1},
		"x twice":           {strings.Replace(good, `"x"`, `"x":"a","x"`, 1), -1},
		"keys twice":        {strings.Replace(good, "{", `{"keys":[],`, 1), -1},
		"no keys":           {`{}`, -1},
		"null":              {`{"keys":null}`, -1},
		"a key that is not": {`{"keys":[1]}`, -1},
		"a list":            {`[]`, -1},
		"HTML":              {`<html>`, -1},
		"too long":          {good + strings.Repeat(" ", MaxKeySetLength), -1},
	} {
		keys, err := ParseKeySet([]byte(tt.set))
		if (err != nil) != (tt.keys < 0) || err == nil && len(keys) != tt.keys {
			t.Errorf("%s: %d keys, %v", name, len(keys), err)
		}
	}
}

func FuzzParseKeySet(f *testing.F) {
	f.Add([]byte(setOf(f, testKey(f))))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","use":"sig","alg":"ES256","x":"","y":"","kid":""}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := ParseKeySet(data)
		if err != nil {
			return
		}
		for kid, public := range keys {
			if k, err := NewKey(public); err != nil || k.ID != kid {
				t.Errorf("%q: the key %s is %+v, %v", data, kid, k, err)
			}
		}
	})
}
