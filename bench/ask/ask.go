// Package ask has what is measured of POST /files: the handler as the function
// create-upload is wired, but with DynamoDB answered from memory; the least that any
// handler has to do for the same URL; and others' presigners.
package ask

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/vouch-s3/vouch/shared/upload"
)

// What every signer is given: keys as long as those of a Lambda function's role, whose
// session's token is most of the URL.
const (
	region    = "eu-west-1"
	bucket    = "vouch-files-123456789012-eu-west-1"
	accessKey = "ASIAIOSFODNN7EXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" // #nosec G101 -- AWS's own example
)

var sessionToken = strings.Repeat("IQoJb3JpZ2luX2VjEJr//", 40)

// configuration is that of clients with these keys.
func configuration() aws.Config {
	return aws.Config{Region: region, Credentials: credentials.NewStaticCredentialsProvider(accessKey, secretKey, sessionToken)}
}

// thePut is the PUT that is presigned everywhere.
func thePut() upload.Put {
	return upload.Put{
		Key:         "files/4f0c1b2a3d5e6f708192a3b4c5d6e7f8/0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e",
		ContentType: "image/png", Size: 5242880, ChecksumSHA256: "u1H2ULRs4+cT4Mzkgh4vDDoaQsvE1j5/0bqdONgEp8o=", Life: 15 * time.Minute,
	}
}

// Event is the payload that API Gateway hands to a function for POST /files, with an
// Idempotency-Key unless that is empty.
func Event(idempotencyKey string) ([]byte, error) {
	body, err := json.Marshal(map[string]any{
		"filename": "holiday.png", "contentType": thePut().ContentType, "size": thePut().Size, "checksumSHA256": thePut().ChecksumSHA256,
	})
	if err != nil {
		return nil, fmt.Errorf("write the body: %w", err)
	}
	headers := map[string]string{
		"accept": "*/*", "authorization": "Bearer " + strings.Repeat("eyJhbGciOi", 60), "content-length": "132", "content-type": "application/json",
		"host": "abcdefghij.execute-api.eu-west-1.amazonaws.com", "user-agent": "curl/8.9.1",
		"x-amzn-trace-id": "Root=1-67891233-abcdef012345678912345678", "x-forwarded-for": "203.0.113.7", "x-forwarded-port": "443", "x-forwarded-proto": "https",
	}
	if idempotencyKey != "" {
		headers["idempotency-key"] = `"` + idempotencyKey + `"`
	}
	return json.Marshal(map[string]any{
		"version": "2.0", "routeKey": "POST /files", "rawPath": "/files", "rawQueryString": "", "headers": headers,
		"requestContext": map[string]any{
			"accountId": "123456789012", "apiId": "abcdefghij", "domainName": "abcdefghij.execute-api.eu-west-1.amazonaws.com", "domainPrefix": "abcdefghij",
			"authorizer": map[string]any{"jwt": map[string]any{
				"claims": map[string]string{
					"aud": "vouch", "exp": "1798761600", "iat": "1798758000", "iss": "https://issuer.example.com", "scope": "files:read files:write", "sub": "alice",
				},
				"scopes": []string{"files:write"},
			}},
			"http":      map[string]string{"method": "POST", "path": "/files", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "curl/8.9.1"},
			"requestId": "JKJaXmPLvHcESHA=", "routeKey": "POST /files", "stage": "$default", "time": "24/Nov/2026:15:00:00 +0000", "timeEpoch": 1795532400000,
		},
		"isBase64Encoded": false, "body": string(body),
	})
}
