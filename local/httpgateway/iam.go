package httpgateway

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/vouch-s3/vouch/local/sigv4"
)

// IAM is the authorizer of routes whose callers sign with AWS credentials
// ("Control access to HTTP APIs with IAM authorization in API Gateway").
const IAM = "AWS_IAM"

// Identity is who has an access key, as API Gateway names them to a function.
type Identity struct {
	Secret  string
	Account string
	ARN     string // as arn:aws:sts::123456789012:assumed-role/Uploader/i-0123
	ID      string // as AROA…:i-0123
}

// Identities knows access keys, and what whoever has one may do.
type Identities interface {
	// Identity returns who has an access key, and whether anybody has.
	Identity(accessKey string) (Identity, bool)

	// Authorize returns nil if the policies of whoever has the access key allow the
	// action on the resource, an ARN.
	Authorize(accessKey, action, resource string, context map[string][]string) error
}

// maxSkew is how far the date of a signature may be from now. API Gateway's answer
// to a late one names it: "Signature expired: … is now earlier than … (… - 5 min.)".
const maxSkew = 5 * time.Minute

// authorizeIAM verifies the signature of a request, and asks the policies of whoever
// has signed it for the route.
func (g *Gateway) authorizeIAM(r *http.Request, body []byte) (*events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription, error) {
	var who Identity
	signed, err := sigv4.Verify(r, body, func(accessKey string) (string, bool) {
		identity, known := g.cfg.Identities.Identity(accessKey)
		who = identity
		return identity.Secret, known
	}, time.Now(), maxSkew)
	if err != nil {
		return nil, err
	}
	if signed.Service != "execute-api" || signed.Region != g.cfg.Region {
		return nil, fmt.Errorf("the signature is for %s in %s", signed.Service, signed.Region)
	}
	if r.Header.Get("X-Amz-Security-Token") != "" {
		return nil, errors.New("no access key here has a session token")
	}
	if err := g.cfg.Identities.Authorize(signed.AccessKey, "execute-api:Invoke", g.arn(r), contextOf(r)); err != nil {
		return nil, err
	}
	return &events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription{
		AccessKey: signed.AccessKey, AccountID: who.Account, CallerID: who.ID, UserARN: who.ARN, UserID: who.ID,
	}, nil
}

// arn is the resource that a policy allows a call by ("Control access for invoking
// an API"). Its path is decoded, as it is to find the route: one that is written in
// another way must not be another to a policy.
func (g *Gateway) arn(r *http.Request) string {
	return "arn:aws:execute-api:" + g.cfg.Region + ":" + g.cfg.AccountID + ":" + g.cfg.APIID + "/" + stage + "/" + r.Method + "/" + strings.TrimPrefix(r.URL.Path, "/")
}

// contextOf is what conditions of policies can ask of a call. Loopback counts as TLS.
func contextOf(r *http.Request) map[string][]string {
	context := map[string][]string{"aws:SecureTransport": {"true"}}
	if source, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		context["aws:SourceIp"] = []string{source}
	}
	return context
}
