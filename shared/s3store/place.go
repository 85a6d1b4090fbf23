package s3store

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/shared/sigv4"
)

// signerOf returns the Signer of URLs to a bucket, at the place where a client with
// these options would reach it: by the bucket's own host in AWS, and by a path at a
// stand-in for it.
func signerOf(o s3.Options, bucket string) (*sigv4.Signer, error) {
	at, err := o.EndpointResolverV2.ResolveEndpoint(context.Background(), s3.EndpointParameters{
		Bucket: &bucket, Region: &o.Region, Endpoint: o.BaseEndpoint, ForcePathStyle: &o.UsePathStyle,
		UseFIPS:      aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
	}.WithDefaults())
	if err != nil {
		return nil, fmt.Errorf("find where bucket %s is reached: %w", bucket, err)
	}
	host := at.URI.Host
	if port := ":" + map[string]string{"http": "80", "https": "443"}[at.URI.Scheme]; strings.HasSuffix(host, port) {
		host = strings.TrimSuffix(host, port) // as clients leave it out
	}
	return sigv4.New(sigv4.Place{Scheme: at.URI.Scheme, Host: host, Path: strings.TrimSuffix(at.URI.EscapedPath(), "/")}, o.Region), nil
}
