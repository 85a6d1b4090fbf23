package receipt

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// content are the bytes that the receipts of these tests speak of; they stand
// in testdata/hello.txt too.
const content = "Hello, Vouch.\n"

var now = time.Date(2026, 11, 24, 15, 0, 5, 0, time.UTC)

// testKey is the key of RFC 7515, A.3, which everybody knows.
func testKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	d, err := base64.RawURLEncoding.DecodeString("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func otherKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// signer signs with a key in memory.
type signer struct{ key *ecdsa.PrivateKey }

func (s signer) Sign(_ context.Context, digest [sha256.Size]byte) ([]byte, error) {
	return ecdsa.SignASN1(rand.Reader, s.key, digest[:])
}

func (s signer) PublicKey(context.Context) (*ecdsa.PublicKey, error) { return &s.key.PublicKey, nil }

func issuer(key *ecdsa.PrivateKey) Issuer {
	return Issuer{Signer: signer{key}, Bucket: "vouch-filesbucket", Now: func() time.Time { return now }}
}

func verified() (file.File, file.Verdict) {
	const id = "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"
	sum := sha256.Sum256([]byte(content))
	f := file.File{
		ID: id, Owner: "alice", Filename: "hello.txt", ContentType: "text/plain", Size: int64(len(content)),
		ChecksumSHA256: file.EncodeChecksum(sum[:]), Status: file.Verifying,
		Key: file.Key("alice", id), VersionID: "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e", ETag: "e",
	}
	v := file.Verdict{
		Outcome: file.Clean, DetectedType: "text/plain",
		Coverage:  file.Coverage{Complete: true, Bytes: int64(len(content))},
		Scanners:  []file.Engine{{Name: "clamav", Version: "1.4.3", Database: "27800", DatabaseDate: time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)}},
		CheckedAt: time.Date(2026, 11, 24, 15, 0, 4, 0, time.UTC), DurationMillis: 12,
		Findings: []file.Finding{{Code: file.ContentMismatch, Where: "secret/name", Detail: "a signature's name"}},
	}
	return f, v
}

func issue(t testing.TB, key *ecdsa.PrivateKey) string {
	t.Helper()
	f, v := verified()
	receipt, err := issuer(key).Issue(t.Context(), f, v)
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

func keysOf(t testing.TB, all ...*ecdsa.PrivateKey) Keys {
	t.Helper()
	keys := Keys{}
	for _, private := range all {
		k, err := NewKey(&private.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		keys[k.ID] = &private.PublicKey
	}
	return keys
}

func TestWhatIsIssuedVerifiesAndSaysWhatWasVerified(t *testing.T) {
	f, v := verified()
	key := testKey(t)
	for short := 0; short < 3; { // until three times r or s began with a zero byte
		receipt := issue(t, key)
		signature, err := decode(receipt[strings.LastIndexByte(receipt, '.')+1:])
		if err != nil {
			t.Fatal(err)
		}
		if signature[0] == 0 || signature[32] == 0 {
			short++
		}
		c, err := Verify(receipt, keysOf(t, otherKey(t), key))
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(New(f, v, "vouch-filesbucket", now))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(c); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%s, %v\nwant %s", got, err, want)
		}
	}
}

// A receipt can be passed on with the bytes: it says nothing of whose they are.
func TestAReceiptTellsNeitherTheOwnerNorTheName(t *testing.T) {
	payload, err := decode(strings.Split(issue(t, testKey(t)), ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"alice", "hello.txt", "secret/name", "a signature's name"} {
		if bytes.Contains(payload, []byte(secret)) {
			t.Errorf("%q stands in %s", secret, payload)
		}
	}
}

func TestNoReceiptIsIssuedForWhatWasNotVerified(t *testing.T) {
	for name, spoil := range map[string]func(*file.File, *file.Verdict){
		"no id":                  func(f *file.File, _ *file.Verdict) { f.ID = "" },
		"no checksum":            func(f *file.File, _ *file.Verdict) { f.ChecksumSHA256 = "" },
		"a checksum in hex":      func(f *file.File, _ *file.Verdict) { f.ChecksumSHA256 = strings.Repeat("0", 64) },
		"no version":             func(f *file.File, _ *file.Verdict) { f.VersionID = "" },
		"no key":                 func(f *file.File, _ *file.Verdict) { f.Key = "" },
		"no bytes":               func(f *file.File, _ *file.Verdict) { f.Size = 0 },
		"no verdict":             func(_ *file.File, v *file.Verdict) { *v = file.Verdict{} },
		"refused":                func(_ *file.File, v *file.Verdict) { v.Outcome = file.Refused },
		"clean, but not scanned": func(_ *file.File, v *file.Verdict) { v.Scanners = nil },
		"clean, but not covered": func(_ *file.File, v *file.Verdict) { v.Coverage.Complete = false },
		"at no time":             func(_ *file.File, v *file.Verdict) { v.CheckedAt = time.Time{} },
		"too long":               func(_ *file.File, v *file.Verdict) { v.DetectedType = strings.Repeat("x", MaxLength) },
	} {
		f, v := verified()
		spoil(&f, &v)
		if receipt, err := issuer(testKey(t)).Issue(t.Context(), f, v); err == nil || receipt != "" {
			t.Errorf("%s: %q", name, receipt)
		}
	}
	f, v := verified()
	v.Outcome, v.Scanners, v.Coverage.Complete = file.Unscanned, nil, false
	if _, err := issuer(testKey(t)).Issue(t.Context(), f, v); err != nil {
		t.Errorf("a file that was let pass without a scanner: %v", err)
	}
}

// faulty signs with another key than it says, or not at all.
type faulty struct {
	signer
	sign func(digest []byte) ([]byte, error)
}

func (f faulty) Sign(_ context.Context, digest [sha256.Size]byte) ([]byte, error) {
	return f.sign(digest[:])
}

func TestASignatureThatDoesNotVerifyIsNeverHandedOut(t *testing.T) {
	f, v := verified()
	for name, sign := range map[string]func([]byte) ([]byte, error){
		"another key":   func(digest []byte) ([]byte, error) { return ecdsa.SignASN1(rand.Reader, otherKey(t), digest) },
		"another text":  func([]byte) ([]byte, error) { return ecdsa.SignASN1(rand.Reader, testKey(t), make([]byte, 32)) },
		"not DER":       func([]byte) ([]byte, error) { return make([]byte, 64), nil },
		"not available": func([]byte) ([]byte, error) { return nil, errors.New("throttled") },
	} {
		i := issuer(testKey(t))
		i.Signer = faulty{signer{testKey(t)}, sign}
		if receipt, err := i.Issue(t.Context(), f, v); err == nil || receipt != "" {
			t.Errorf("%s: %q", name, receipt)
		}
	}
}

func TestOnlyTheVeryBytesMatch(t *testing.T) {
	f, v := verified()
	c := New(f, v, "b", now)
	for name, tt := range map[string]struct {
		bytes string
		want  bool
	}{
		"the bytes": {content, true}, "one less": {content[1:], false}, "one more": {content + "\n", false},
		"one other": {"h" + content[1:], false}, "none": {"", false},
	} {
		err := c.Matches(iotest.OneByteReader(strings.NewReader(tt.bytes)))
		if (err == nil) != tt.want || err != nil && !errors.Is(err, ErrMismatch) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := c.Matches(endless{}); !errors.Is(err, ErrMismatch) {
		t.Errorf("bytes without an end: %v", err)
	}
	torn := errors.New("torn")
	if err := c.Matches(iotest.ErrReader(torn)); !errors.Is(err, torn) {
		t.Errorf("bytes that cannot be read: %v", err)
	}
	if err := (Claims{}).Matches(strings.NewReader("")); err == nil {
		t.Error("claims that say nothing match")
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// The example in docs/receipts.md is the receipt of the example in this
// package, whose testdata are real.
func TestTheExampleIsDocumentedAsItIs(t *testing.T) {
	read := func(path string) string {
		t.Helper()
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	doc := read("../../docs/receipts.md")
	parts := strings.Split(strings.TrimSpace(read("testdata/receipt.jwt")), ".")
	for _, part := range parts[:2] {
		decoded, err := decode(part)
		if err != nil {
			t.Fatal(err)
		}
		var indented bytes.Buffer
		if err := json.Indent(&indented, decoded, "", "  "); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(doc, indented.String()) {
			t.Errorf("docs/receipts.md lacks\n%s", indented.String())
		}
	}
	payload, err := decode(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	f, v := verified()
	want, err := json.Marshal(New(f, v, "vouch-filesbucket", now))
	if err != nil || !bytes.Equal(payload, want) {
		t.Errorf("testdata/receipt.jwt says %s, receipts now say %s", payload, want)
	}
	if read("testdata/hello.txt") != content {
		t.Error("testdata/hello.txt holds other bytes")
	}
}
