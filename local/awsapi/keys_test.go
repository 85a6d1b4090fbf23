package awsapi

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/kmskey"
	"github.com/vouch-s3/vouch/shared/receipt"
)

// asked notes what a caller was asked the permission for.
type asked struct {
	action, resource string
	context          map[string][]string
	refuse           bool
}

func (a *asked) Authorize(_, action, resource string, context map[string][]string) error {
	a.action, a.resource, a.context = action, resource, context
	if a.refuse {
		return errors.New("no policy allows it")
	}
	return nil
}

// start starts an endpoint with one key on dir's data.
func start(t *testing.T, dir string, a Authorizer) *Endpoint {
	t.Helper()
	e, err := Start(t.Context(), Options{
		Addr: "127.0.0.1:0", DataDir: dir, Region: "us-east-1", AdminKey: "ADMIN", AdminSecret: "secret",
		Accounts: map[string]string{"FUNCTION": "secret"}, Authorizer: a, Log: slog.New(slog.NewJSONHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	if err := e.CreateSigningKey("vouch-Key", "alias/receipts"); err != nil {
		t.Fatal(err)
	}
	return e
}

func (e *Endpoint) as(key string) *kms.Client {
	cfg := e.Admin()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(key, "secret", "")
	return kms.NewFromConfig(cfg)
}

func codeOf(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

func TestAKeySignsAndIsTheSameAfterARestart(t *testing.T) {
	dir := t.TempDir()
	first := start(t, dir, &asked{})
	key := kmskey.New(first.as("ADMIN"), "vouch-Key")
	public, err := key.PublicKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("x"))
	signature, err := key.Sign(t.Context(), digest)
	if err != nil || !ecdsa.VerifyASN1(public, digest[:], signature) {
		t.Fatalf("%x, %v", signature, err)
	}
	first.Close()

	again, err := kmskey.New(start(t, dir, &asked{}).as("ADMIN"), "alias/receipts").PublicKey(t.Context())
	if err != nil || !public.Equal(again) {
		t.Errorf("after a restart the key is another, %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, "kms", "vouch-Key.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "kms", ".key-*")); err != nil || len(left) > 0 {
		t.Errorf("%v was left behind, %v", left, err)
	}
}

func TestAKeyFileThatIsDamagedIsNeverReplaced(t *testing.T) {
	for name, data := range map[string]string{"empty": "", "not PEM": "x", "not a key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		dir := t.TempDir()
		path := filepath.Join(dir, "k.pem")
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openSigningKey(dir, "k"); err == nil {
			t.Errorf("%s: it was taken", name)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != data {
			t.Errorf("%s: the file is now %q, %v", name, after, err)
		}
	}
}

func TestTheNameAndTheErrorsAreThoseOfKMS(t *testing.T) {
	e := start(t, t.TempDir(), &asked{})
	const arn = "arn:aws:kms:us-east-1:000000000000:key/vouch-Key"
	good := func() *kms.SignInput {
		return &kms.SignInput{KeyId: aws.String("vouch-Key"), Message: make([]byte, 32), MessageType: types.MessageTypeDigest, SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256}
	}
	for name, tt := range map[string]struct {
		spoil func(*kms.SignInput)
		code  string
	}{
		"by id":             {func(*kms.SignInput) {}, ""},
		"by ARN":            {func(in *kms.SignInput) { in.KeyId = aws.String(arn) }, ""},
		"by alias":          {func(in *kms.SignInput) { in.KeyId = aws.String("alias/receipts") }, ""},
		"by the alias' ARN": {func(in *kms.SignInput) { in.KeyId = aws.String("arn:aws:kms:us-east-1:000000000000:alias/receipts") }, ""},
		"a whole message":   {func(in *kms.SignInput) { in.MessageType, in.Message = types.MessageTypeRaw, []byte("x") }, ""},
		"of no type":        {func(in *kms.SignInput) { in.MessageType, in.Message = "", []byte("x") }, ""},
		"another key":       {func(in *kms.SignInput) { in.KeyId = aws.String("other") }, "NotFoundException"},
		"half an ARN":       {func(in *kms.SignInput) { in.KeyId = aws.String("key/vouch-Key") }, "NotFoundException"},
		"another algorithm": {func(in *kms.SignInput) { in.SigningAlgorithm = types.SigningAlgorithmSpecEcdsaSha384 }, "InvalidKeyUsageException"},
		"a short digest":    {func(in *kms.SignInput) { in.Message = make([]byte, 31) }, "ValidationException"},
		"a long message":    {func(in *kms.SignInput) { in.MessageType, in.Message = types.MessageTypeRaw, make([]byte, 4097) }, "ValidationException"},
		"another type":      {func(in *kms.SignInput) { in.MessageType = types.MessageTypeExternalMu }, "ValidationException"},
		"a rehearsal":       {func(in *kms.SignInput) { in.DryRun = aws.Bool(true) }, "DryRunOperationException"},
	} {
		in := good()
		tt.spoil(in)
		out, err := e.as("ADMIN").Sign(t.Context(), in)
		if codeOf(err) != tt.code || err == nil && (*out.KeyId != arn || out.SigningAlgorithm != in.SigningAlgorithm) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := e.as("ADMIN").ListKeys(t.Context(), &kms.ListKeysInput{}); codeOf(err) != "UnknownOperationException" {
		t.Errorf("an operation that is not offered: %v", err)
	}
}

func TestAFunctionIsAskedForThePermissionOfTheVeryCall(t *testing.T) {
	a := &asked{}
	client := start(t, t.TempDir(), a).as("FUNCTION")
	key := kmskey.New(client, "alias/receipts")
	if _, err := key.Sign(t.Context(), [32]byte{}); err != nil {
		t.Fatal(err)
	}
	one := func(name string) string {
		if v := a.context[name]; len(v) == 1 {
			return v[0]
		}
		return ""
	}
	if a.action != "kms:Sign" || a.resource != "arn:aws:kms:us-east-1:000000000000:key/vouch-Key" || one("kms:SigningAlgorithm") != "ECDSA_SHA_256" || one("kms:MessageType") != "DIGEST" || one("kms:RequestAlias") != "alias/receipts" {
		t.Errorf("%+v", a)
	}
	if _, err := client.Sign(t.Context(), &kms.SignInput{KeyId: aws.String("vouch-Key"), Message: []byte("x"), SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256}); err != nil || one("kms:MessageType") != "RAW" || one("kms:RequestAlias") != "" {
		t.Errorf("%v, %+v", err, a)
	}
	if _, err := key.PublicKey(t.Context()); err != nil || a.action != "kms:GetPublicKey" {
		t.Errorf("%v, %+v", err, a)
	}
	a.refuse = true
	if _, err := key.Sign(t.Context(), [32]byte{}); codeOf(err) != "AccessDeniedException" {
		t.Errorf("%v", err)
	}
	a.refuse = false
	for _, id := range []string{"other", ""} {
		if _, err := client.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: &id}); codeOf(err) != "AccessDeniedException" {
			t.Errorf("the key %q: %v", id, err)
		}
	}
	if _, err := client.ListKeys(t.Context(), &kms.ListKeysInput{}); codeOf(err) != "AccessDeniedException" {
		t.Errorf("%v", err)
	}
}

// Another implementation of JOSE reads the receipts and the keys as ours does.
func TestAReceiptSignedByKMSVerifiesWithAnotherLibrary(t *testing.T) {
	key := kmskey.New(start(t, t.TempDir(), &asked{}).as("ADMIN"), "vouch-Key")
	const id = "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"
	sum := sha256.Sum256([]byte("x"))
	issuer := receipt.Issuer{Signer: key, Bucket: "b", Now: time.Now}
	text, err := issuer.Issue(t.Context(),
		file.File{ID: id, Key: file.Key("alice", id), VersionID: "v1", Size: 1, ContentType: "text/plain", ChecksumSHA256: file.EncodeChecksum(sum[:])},
		file.Verdict{Outcome: file.Clean, Coverage: file.Coverage{Complete: true, Bytes: 1}, Scanners: []file.Engine{{Name: "clamav"}}, CheckedAt: time.Now()},
	)
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ours, err := receipt.NewKey(public)
	if err != nil {
		t.Fatal(err)
	}
	theirs := jose.JSONWebKey{Key: public, KeyID: ours.ID, Algorithm: "ES256", Use: "sig"}
	data, err := theirs.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := receipt.ParseKeySet([]byte(`{"keys":[` + string(data) + `]}`))
	if err != nil {
		t.Fatalf("their JWK %s: %v", data, err)
	}
	if _, err := receipt.Verify(text, keys); err != nil {
		t.Error(err)
	}
	thumbprint, err := theirs.Thumbprint(crypto.SHA256)
	if encoded := base64.RawURLEncoding.EncodeToString(thumbprint); err != nil || encoded != ours.ID {
		t.Errorf("their thumbprint is %s, ours %s, %v", encoded, ours.ID, err)
	}
	parsed, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	var claims jwt.Claims
	if err := parsed.Claims(theirs, &claims); err != nil || claims.Subject != id {
		t.Errorf("%+v, %v", claims, err)
	}
	if typ, _ := parsed.Headers[0].ExtraHeaders[jose.HeaderType].(string); typ != receipt.Type {
		t.Errorf("the type is %q", typ)
	}
}
