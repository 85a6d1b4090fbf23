package e2e

import (
	"crypto/sha256"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	domain "github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/kmskey"
	"github.com/vouch-s3/vouch/shared/receipt"
)

// kmsAs is a KMS client with a function's own access key.
func kmsAs(t *testing.T, logicalID string) *kms.Client {
	t.Helper()
	cfg := local.Admin()
	cfg.Credentials = functionKey(t, logicalID)
	return kms.NewFromConfig(cfg)
}

func TestAnybodyCanCheckWhatMarkReadySigns(t *testing.T) {
	nobody := user{api: local.APIURL()}
	r := nobody.call(t, "GET", "/.well-known/jwks.json", "")
	if r.status != http.StatusOK || r.header.Get("Cache-Control") != "public, max-age=3600" {
		t.Fatalf("%d %v %s", r.status, r.header, r.body)
	}
	keys, err := receipt.ParseKeySet([]byte(r.body))
	if err != nil || len(keys) != 1 {
		t.Fatalf("%v, %v", keys, err)
	}
	issuer := receipt.Issuer{Signer: kmskey.New(kmsAs(t, "MarkReadyFunction"), local.Template.SigningKeys[0].ID), Bucket: bucket, Now: time.Now}
	data := random(t, 1000)
	id, err := domain.NewID()
	if err != nil {
		t.Fatal(err)
	}
	text, err := issuer.Issue(t.Context(),
		domain.File{ID: id, Key: domain.Key("alice", id), VersionID: "v1", Size: 1000, ContentType: octets, ChecksumSHA256: checksum(data)},
		domain.Verdict{Outcome: domain.Clean, Coverage: domain.Coverage{Complete: true, Bytes: 1000}, Scanners: []domain.Engine{{Name: "clamav"}}, CheckedAt: time.Now()},
	)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := receipt.Verify(text, keys)
	if err != nil {
		t.Fatal(err)
	}
	if err := claims.Matches(strings.NewReader(string(data))); err != nil {
		t.Error(err)
	}
}

// Whoever can sign can vouch for any bytes, so only two functions can, the one that
// issues receipts and the one that says what was erased, and only in the one way that
// they do.
func TestNoOtherFunctionSigns(t *testing.T) {
	key := local.Template.SigningKeys[0]
	digest := sha256.Sum256([]byte("x"))
	for _, f := range local.Template.Functions {
		for _, id := range []string{key.ID, key.ARN, key.Aliases[0]} {
			_, err := kmskey.New(kmsAs(t, f.LogicalID), id).Sign(t.Context(), digest)
			switch allowed := f.LogicalID == "MarkReadyFunction" || f.LogicalID == "ProveErasureFunction"; {
			case allowed && err != nil:
				t.Errorf("%s is kept from signing: %v", f.LogicalID, err)
			case !allowed && (err == nil || !strings.Contains(err.Error(), "AccessDenied")):
				t.Errorf("%s signs: %v", f.LogicalID, err)
			}
		}
	}
	for name, in := range map[string]*kms.SignInput{
		"a text of its own making": {Message: []byte("x"), MessageType: types.MessageTypeRaw, SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256},
		"by another algorithm":     {Message: digest[:], MessageType: types.MessageTypeDigest, SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha384},
		"with another key":         {KeyId: aws.String("other"), Message: digest[:], MessageType: types.MessageTypeDigest, SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256},
	} {
		if in.KeyId == nil {
			in.KeyId = &key.ID
		}
		if _, err := kmsAs(t, "MarkReadyFunction").Sign(t.Context(), in); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("mark-ready signs %s: %v", name, err)
		}
	}
}
