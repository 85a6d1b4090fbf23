// Package sigv4 reads what a request says of its AWS Signature Version 4, and
// verifies it.
package sigv4

import "strings"

// Algorithm begins the Authorization header of a signed request.
const Algorithm = "AWS4-HMAC-SHA256"

// Signature is what the Authorization header of a request, or the query of a
// presigned URL, says of who has signed what. It is a claim until the signature
// itself is verified.
type Signature struct {
	AccessKey string
	Region    string
	Service   string
	Headers   []string // the signed ones, in lower case
}

// Parse reads the value of an Authorization header.
func Parse(authorization string) (Signature, bool) {
	fields, ok := strings.CutPrefix(authorization, Algorithm+" ")
	if !ok {
		return Signature{}, false
	}
	var credential, headers string
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "Credential":
			credential = value
		case "SignedHeaders":
			headers = value
		}
	}
	return New(credential, headers)
}

// New reads a credential and a list of signed headers, separated by semicolons.
func New(credential, headers string) (Signature, bool) {
	s, ok := ParseCredential(credential)
	if !ok || headers == "" {
		return Signature{}, false
	}
	s.Headers = strings.Split(strings.ToLower(headers), ";")
	return s, true
}

// ParseCredential reads a credential, key/date/region/service/aws4_request, alone:
// what signs a form signs no headers.
func ParseCredential(credential string) (Signature, bool) {
	scope := strings.Split(credential, "/")
	if len(scope) != 5 || scope[0] == "" || scope[4] != "aws4_request" {
		return Signature{}, false
	}
	return Signature{AccessKey: scope[0], Region: scope[2], Service: scope[3]}, true
}
