package awsapi

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// signingKey is a KMS key of the one kind that there is here: ECC_NIST_P256
// for SIGN_VERIFY.
type signingKey struct {
	arn     string
	private *ecdsa.PrivateKey
}

// The algorithm and the lengths that KMS has for such keys ("Sign", AWS KMS
// API Reference).
const (
	signingAlgorithm = "ECDSA_SHA_256"
	maxRawMessage    = 4096 // bytes
)

// CreateSigningKey makes a key known under its id and its aliases, before the
// endpoint is used. The key itself is kept through restarts.
func (e *Endpoint) CreateSigningKey(id string, aliases ...string) error {
	private, err := openSigningKey(filepath.Join(e.DataDir, "kms"), id)
	if err != nil {
		return fmt.Errorf("create key %s: %w", id, err)
	}
	prefix := "arn:aws:kms:" + e.Region + ":" + AccountID + ":"
	key := &signingKey{arn: prefix + "key/" + id, private: private}
	names := []string{id, key.arn}
	for _, alias := range aliases {
		names = append(names, alias, prefix+alias)
	}
	for _, name := range names {
		e.signingKeys[name] = key
	}
	return nil
}

// openSigningKey reads a key, or makes it, whole or not at all. No second
// process works in the folder of a stack.
func openSigningKey(dir, id string) (*ecdsa.PrivateKey, error) {
	path := filepath.Join(dir, id+".pem")
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return makeSigningKey(dir, path)
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s is not PEM", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%s holds no key on P-256", path)
	}
	return private, nil
}

func makeSigningKey(dir, path string) (*ecdsa.PrivateKey, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, ".key-*") // with mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	err = pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	return private, os.Rename(f.Name(), path)
}

// keyRequest is what the operations of KMS that are offered here take.
type keyRequest struct {
	KeyId, MessageType, SigningAlgorithm string
	Message                              []byte
	DryRun                               bool
}

// authorizeKey checks the permission for an operation of KMS ("Actions,
// resources, and condition keys for AWS Key Management Service").
func (e *Endpoint) authorizeKey(key string, c call) error {
	var in keyRequest
	if err := json.Unmarshal(c.body, &in); err != nil {
		return fmt.Errorf("the body of %s is not as described", c.operation)
	}
	k, ok := e.signingKeys[in.KeyId]
	if !ok {
		return fmt.Errorf("there is no key %s that anybody may use", in.KeyId)
	}
	context := map[string][]string{}
	if _, alias, ok := strings.Cut(in.KeyId, "alias/"); ok {
		context["kms:RequestAlias"] = []string{"alias/" + alias}
	}
	if c.operation == "Sign" {
		context["kms:SigningAlgorithm"] = []string{in.SigningAlgorithm}
		context["kms:MessageType"] = []string{messageType(in)}
	}
	return e.Authorizer.Authorize(key, "kms:"+c.operation, k.arn, context)
}

func messageType(in keyRequest) string {
	if in.MessageType == "" {
		return "RAW"
	}
	return in.MessageType
}

// useKey answers an operation of KMS.
func (e *Endpoint) useKey(c call) (int, http.Header, []byte, error) {
	operation, offered := map[string]func(*signingKey, keyRequest) (int, http.Header, []byte, error){
		"GetPublicKey": publicKey, "Sign": sign,
	}[c.operation]
	if !offered {
		return refused("UnknownOperationException", "the local stack offers no operation "+c.service+"."+c.operation)
	}
	var in keyRequest
	if err := json.Unmarshal(c.body, &in); err != nil {
		return refused("SerializationException", "the body is not as described")
	}
	k, ok := e.signingKeys[in.KeyId]
	if !ok {
		return refused("NotFoundException", "Key '"+in.KeyId+"' does not exist")
	}
	return operation(k, in)
}

func refused(code, message string) (int, http.Header, []byte, error) {
	return failure(http.StatusBadRequest, code, message)
}

func publicKey(k *signingKey, _ keyRequest) (int, http.Header, []byte, error) {
	der, err := x509.MarshalPKIXPublicKey(&k.private.PublicKey)
	if err != nil {
		return 0, nil, nil, err
	}
	return success(map[string]any{
		"KeyId": k.arn, "PublicKey": der, "KeyUsage": "SIGN_VERIFY", "SigningAlgorithms": []string{signingAlgorithm},
		"KeySpec": "ECC_NIST_P256", "CustomerMasterKeySpec": "ECC_NIST_P256",
	})
}

func sign(k *signingKey, in keyRequest) (int, http.Header, []byte, error) {
	if in.SigningAlgorithm != signingAlgorithm {
		return refused("InvalidKeyUsageException", "Algorithm "+in.SigningAlgorithm+" is incompatible with key spec ECC_NIST_P256.")
	}
	digest := in.Message
	switch messageType(in) {
	case "DIGEST":
		if len(digest) != sha256.Size {
			return refused("ValidationException", "Digest is invalid length for algorithm "+signingAlgorithm+".")
		}
	case "RAW":
		if len(in.Message) == 0 || len(in.Message) > maxRawMessage {
			return refused("ValidationException", fmt.Sprintf("The message must have from 1 to %d bytes.", maxRawMessage))
		}
		sum := sha256.Sum256(in.Message)
		digest = sum[:]
	default:
		return refused("ValidationException", "MessageType "+in.MessageType+" is not offered for this key.")
	}
	if in.DryRun {
		return failure(http.StatusPreconditionFailed, "DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
	}
	signature, err := ecdsa.SignASN1(rand.Reader, k.private, digest)
	if err != nil {
		return 0, nil, nil, err
	}
	return success(map[string]any{"KeyId": k.arn, "Signature": signature, "SigningAlgorithm": signingAlgorithm})
}
