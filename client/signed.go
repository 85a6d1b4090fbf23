package client

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// signer signs requests to the API.
type signer struct {
	credentials aws.CredentialsProvider
	region      string
	v4          *v4.Signer
}

// SignedBy has every request to the API signed with AWS credentials, by AWS
// Signature Version 4, in place of a token: for programs that have a role and an API
// that takes them (docs/machines.md). region is that of the API, as "eu-west-1".
//
//	cfg, err := config.LoadDefaultConfig(ctx)
//	…
//	c, err := client.New(machineAPIURL, nil, client.SignedBy(cfg.Credentials, cfg.Region))
//
// credentials are asked for every request: those of a role end, and
// aws.NewCredentialsCache, which config uses, renews them in time. Requests to S3 are
// not signed by it; whoever has a presigned URL needs no more.
func SignedBy(credentials aws.CredentialsProvider, region string) Option {
	return func(o *options) { o.signer = &signer{credentials: credentials, region: region, v4: v4.NewSigner()} }
}

// sign signs a request with the hash of the body that it is sent with, as of now. It
// is called when all headers are set.
func (s *signer) sign(r *http.Request, body []byte) error {
	credentials, err := s.credentials.Retrieve(r.Context())
	if err != nil {
		return fmt.Errorf("get AWS credentials: %w", err)
	}
	sum := sha256.Sum256(body)
	if err := s.v4.SignHTTP(r.Context(), credentials, r, hex.EncodeToString(sum[:]), "execute-api", s.region, time.Now()); err != nil {
		return fmt.Errorf("sign the request: %w", err)
	}
	return nil
}
