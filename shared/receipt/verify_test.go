package receipt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// sign makes a receipt of any header and payload, truly signed.
func sign(t testing.TB, key *ecdsa.PrivateKey, header, payload string) string {
	t.Helper()
	text := encode([]byte(header)) + "." + encode([]byte(payload))
	digest := sha256.Sum256([]byte(text))
	der, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	raw, err := rawSignature(der)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + encode(raw)
}

// said are the header and the payload of a good receipt.
func said(t testing.TB, key *ecdsa.PrivateKey) (kid, header, payload string) {
	t.Helper()
	parts := strings.Split(issue(t, key), ".")
	h, err := decode(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	p, err := decode(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	for kid = range keysOf(t, key) {
	}
	return kid, string(h), string(p)
}

func TestEveryFlippedBitIsFound(t *testing.T) {
	key := testKey(t)
	receipt, keys := issue(t, key), keysOf(t, key)
	for i := range len(receipt) {
		for bit := range 8 {
			flipped := []byte(receipt)
			flipped[i] ^= 1 << bit
			if _, err := Verify(string(flipped), keys); err == nil {
				t.Errorf("bit %d of byte %d: it was taken", bit, i)
			}
		}
	}
	for i := range len(receipt) {
		if _, err := Verify(receipt[:i], keys); err == nil {
			t.Errorf("cut at %d: it was taken", i)
		}
	}
}

// Each of these is truly signed with a key that is known: what is refused is
// the form.
func TestAHeaderThatSaysAnythingElseIsRefused(t *testing.T) {
	key := testKey(t)
	kid, good, payload := said(t, key)
	if _, err := Verify(sign(t, key, good, payload), keysOf(t, key)); err != nil {
		t.Fatal(err)
	}
	for name, header := range map[string]string{
		"no algorithm":        `{"kid":"` + kid + `","typ":"vouch-receipt+jwt"}`,
		"none":                strings.Replace(good, "ES256", "none", 1),
		"None":                strings.Replace(good, "ES256", "None", 1),
		"ES384":               strings.Replace(good, "ES256", "ES384", 1),
		"ES256K":              strings.Replace(good, "ES256", "ES256K", 1),
		"es256":               strings.Replace(good, "ES256", "es256", 1),
		"HS256":               strings.Replace(good, "ES256", "HS256", 1),
		"RS256":               strings.Replace(good, "ES256", "RS256", 1),
		"algorithm in a list": strings.Replace(good, `"ES256"`, `["ES256"]`, 1),
		"algorithm null":      strings.Replace(good, `"ES256"`, `null`, 1),
		"no kid":              `{"alg":"ES256","typ":"vouch-receipt+jwt"}`,
		"empty kid":           strings.Replace(good, kid, "", 1),
		"another kid":         strings.Replace(good, kid, kid[1:]+"A", 1),
		"no typ":              `{"alg":"ES256","kid":"` + kid + `"}`,
		"typ JWT":             strings.Replace(good, "vouch-receipt+jwt", "JWT", 1),
		"typ at+jwt":          strings.Replace(good, "vouch-receipt+jwt", "at+jwt", 1),
		"typ in capitals":     strings.Replace(good, "vouch-receipt+jwt", "VOUCH-RECEIPT+JWT", 1),
		"crit":                strings.Replace(good, "{", `{"crit":["exp"],`, 1),
		"crit as text":        strings.Replace(good, "{", `{"crit":"exp",`, 1),
		"b64":                 strings.Replace(good, "{", `{"b64":false,`, 1),
		"jku":                 strings.Replace(good, "{", `{"jku":"https://evil.example/jwks.json",`, 1),
		"jwk":                 strings.Replace(good, "{", `{"jwk":{},`, 1),
		"alg twice":           strings.Replace(good, "{", `{"alg":"ES256",`, 1),
		"alg and Alg":         strings.Replace(good, "{", `{"Alg":"ES256",`, 1),
		"alg escaped":         strings.Replace(good, "{", `{"\u0061lg":"none",`, 1),
		"Alg for alg":         strings.Replace(good, "alg", "Alg", 1),
		"a list":              `[` + good + `]`,
		"something behind":    good + `{}`,
		"not closed":          strings.TrimSuffix(good, "}"),
		"empty":               ``,
		"null":                `null`,
		"broken UTF-8":        strings.Replace(good, kid, kid+"\xff", 1),
	} {
		if _, err := Verify(sign(t, key, header, payload), keysOf(t, key)); err == nil {
			t.Errorf("%s: %s was taken", name, header)
		}
	}
}

func TestClaimsThatAreNoReceiptAreRefusedEvenSigned(t *testing.T) {
	key := testKey(t)
	_, header, good := said(t, key)
	for name, payload := range map[string]string{
		"sub twice":        strings.Replace(good, "{", `{"sub":"0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8f",`, 1),
		"sub and Sub":      strings.Replace(good, "{", `{"Sub":"0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8f",`, 1),
		"size twice":       strings.Replace(good, `"size":`, `"size":1,"size":`, 1),
		"name deep twice":  strings.Replace(good, `"name":`, `"name":"a","name":`, 1),
		"K for k":          strings.Replace(good, `"key":`, "\"\u212aey\":\"x\",\"key\":", 1),
		"empty":            `{}`,
		"not JSON":         `receipt`,
		"text":             `"receipt"`,
		"something behind": good + `,`,
		"refused":          strings.Replace(good, `"clean"`, `"refused"`, 1),
		"size as text":     strings.Replace(good, `"size":14`, `"size":"14"`, 1),
		"size of a half":   strings.Replace(good, `"size":14`, `"size":14.5`, 1),
		"size too large":   strings.Replace(good, `"size":14`, `"size":9223372036854775808`, 1),
		"no version":       strings.Replace(good, "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e", "", 1),
		"too deep":         strings.Replace(good, "{", `{"x":`+strings.Repeat("[", 20)+strings.Repeat("]", 20)+`,`, 1),
	} {
		if payload == good {
			t.Fatalf("%s: nothing was replaced", name)
		}
		if c, err := Verify(sign(t, key, header, payload), keysOf(t, key)); err == nil || c.Subject != "" {
			t.Errorf("%s: %s was taken", name, payload)
		}
	}
	further := strings.Replace(good, "{", `{"further":{"a":[1,{}]},`, 1)
	if _, err := Verify(sign(t, key, header, further), keysOf(t, key)); err != nil {
		t.Errorf("a claim of the future: %v", err)
	}
}

func TestOtherTextsOfTheSameReceiptAreRefused(t *testing.T) {
	key := testKey(t)
	good, keys := issue(t, key), keysOf(t, key)
	parts := strings.Split(good, ".")
	// The last character of a signature of 64 bytes carries 4 bits that must be zero.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, good[len(good)-1])
	for name, receipt := range map[string]string{
		"nothing":            "",
		"space before":       " " + good,
		"line break behind":  good + "\n",
		"line break within":  good[:10] + "\r\n" + good[10:],
		"space within":       good[:10] + " " + good[10:],
		"padding":            good + "==",
		"one padding":        good + "=",
		"padded payload":     parts[0] + "." + parts[1] + "=." + parts[2],
		"trailing bits":      good[:len(good)-1] + string(alphabet[last|1]),
		"standard base64":    parts[0] + "." + parts[1] + "+/." + parts[2],
		"a fourth part":      good + ".",
		"a part before":      "." + good,
		"no signature":       parts[0] + "." + parts[1] + ".",
		"no third part":      parts[0] + "." + parts[1],
		"JSON serialization": `{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`,
		"Bearer":             "Bearer " + good,
		"too long":           good + strings.Repeat("A", MaxLength),
		"detached":           parts[0] + ".." + parts[2],
	} {
		if _, err := Verify(receipt, keys); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
}

func TestASignatureOfAnotherKindIsRefused(t *testing.T) {
	key := testKey(t)
	_, header, payload := said(t, key)
	text := encode([]byte(header)) + "." + encode([]byte(payload))
	digest := sha256.Sum256([]byte(text))
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, public)
	mac.Write([]byte(text))
	der, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	long := sha512.Sum384([]byte(text))
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	es384, err := p384.Sign(rand.Reader, long[:], crypto.SHA384)
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Split(sign(t, otherKey(t), header, payload), ".")[2]
	good, err := rawSignature(der)
	if err != nil {
		t.Fatal(err)
	}
	order := elliptic.P256().Params().N.Bytes()
	for name, signature := range map[string]string{
		"an HMAC with the public key": encode(mac.Sum(nil)),
		"DER":                         encode(der),
		"of another curve":            encode(es384),
		"of another key":              other,
		"all zero":                    encode(make([]byte, 64)),
		"r zero":                      encode(append(make([]byte, 32), good[32:]...)),
		"s zero":                      encode(append(good[:32:32], make([]byte, 32)...)),
		"r the order":                 encode(append(order[:32:32], good[32:]...)),
		"s the order":                 encode(append(good[:32:32], order...)),
		"a zero more":                 encode(append([]byte{0}, good...)),
		"s and r":                     encode(append(good[32:64:64], good[:32]...)),
	} {
		if _, err := Verify(text+"."+signature, keysOf(t, key)); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
	if _, err := Verify(text+"."+encode(good), keysOf(t, key)); err != nil {
		t.Error(err)
	}
	for kid := range keysOf(t, key) {
		if _, err := Verify(text+"."+encode(good), Keys{kid: &p384.PublicKey}); err == nil {
			t.Error("a key of another curve verifies")
		}
		if _, err := Verify(text+"."+encode(good), Keys{kid: nil}); !errors.Is(err, ErrUnknownKey) {
			t.Errorf("no key: %v", err)
		}
	}
}

func TestAKeyThatIsNotKnownIsToldFromAForgery(t *testing.T) {
	key := testKey(t)
	if _, err := Verify(issue(t, key), keysOf(t, otherKey(t))); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("%v", err)
	}
	forged := issue(t, key)
	forged = forged[:len(forged)-4] + "AAAA"
	if _, err := Verify(forged, keysOf(t, key)); err == nil || errors.Is(err, ErrUnknownKey) {
		t.Errorf("%v", err)
	}
}

func FuzzVerify(f *testing.F) {
	key := testKey(f)
	keys, good := keysOf(f, key), issue(f, key)
	_, header, payload := said(f, key)
	f.Add(good)
	f.Add(good + "=")
	f.Add(sign(f, key, strings.Replace(header, "{", `{"crit":[],`, 1), payload))
	f.Add(sign(f, key, header, `{"sub":"a","sub":"b"}`))
	f.Add("..")
	f.Fuzz(func(t *testing.T, receipt string) {
		c, err := Verify(receipt, keys)
		// Nobody but this test has signed anything, so all that verifies says
		// what the one receipt says.
		if said, encodeErr := json.Marshal(c); err == nil && (encodeErr != nil || string(said) != payload) {
			t.Errorf("%q verifies", receipt)
		}
		if err != nil && c.Subject != "" {
			t.Errorf("%q: claims came with the error %v", receipt, err)
		}
	})
}

// unambiguous is asked of texts that nobody has signed yet.
func FuzzUnambiguous(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":{"a":[{}]}}`, `{"a":1,"A":2}`, `{"\u0061":1,"a":2}`, `[]`, `{"a":{"b":1,"b":2}}`, `{}{}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if unambiguous(data) != nil {
			return
		}
		var object map[string]any
		if err := json.Unmarshal(data, &object); err != nil {
			t.Fatalf("%q is not an object: %v", data, err)
		}
		seen := map[string]bool{}
		for name := range object {
			if folded := strings.ToLower(name); seen[folded] {
				t.Errorf("%q has %s twice", data, folded)
			} else {
				seen[folded] = true
			}
		}
	})
}
