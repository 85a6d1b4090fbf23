package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"github.com/vouch-s3/vouch/client"
)

// errCredentials says that there is nothing to sign with.
var errCredentials = errors.New("no AWS credentials")

// byIAM returns the option that has requests signed with AWS credentials, which are
// found where every program of AWS finds them: the environment, the shared files,
// and what a machine in AWS is given ("Standardized credential providers", AWS SDKs
// and Tools Reference Guide).
func byIAM(api string) (client.Option, error) {
	cfg, err := awsconfig.LoadDefaultConfig(context.Background())
	if err != nil {
		return nil, usageError{fmt.Errorf("read the configuration of AWS: %w", err)}
	}
	region := cmp.Or(regionOf(api), cfg.Region)
	if region == "" {
		return nil, usage("--iam needs the region of the API: export AWS_REGION=eu-west-1, or region in the profile")
	}
	return client.SignedBy(aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		c, err := cfg.Credentials.Retrieve(ctx)
		if err != nil {
			return aws.Credentials{}, fmt.Errorf("%w: %w", errCredentials, err)
		}
		return c, nil
	}), region), nil
}

// regionOf returns the region that is part of an address of API Gateway's own, as
// https://abc123.execute-api.eu-west-1.amazonaws.com, and is empty for any other.
func regionOf(api string) string {
	u, err := url.Parse(api)
	if err != nil {
		return ""
	}
	host := strings.Split(u.Hostname(), ".")
	if len(host) < 4 || host[1] != "execute-api" || host[3] != "amazonaws" {
		return ""
	}
	return host[2]
}
