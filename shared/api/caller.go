package api

import (
	"github.com/aws/aws-lambda-go/events"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
)

// caller is who makes a call and what of it has been allowed.
type caller struct {
	access.Principal
	scopes []string
	byIAM  bool
}

// callerOf reads whom the authorizer of the route has verified: by a token, or by a
// signature. No authorizer says both, so that an event that does is refused.
func callerOf(e Event, c access.Claims) (caller, error) {
	var said events.APIGatewayV2HTTPRequestContextAuthorizerDescription
	if authorizer := e.RequestContext.Authorizer; authorizer != nil {
		said = *authorizer
	}
	if said.IAM == nil {
		var claims map[string]string
		if said.JWT != nil {
			claims = said.JWT.Claims
		}
		p, err := c.Principal(claims)
		return caller{Principal: p, scopes: scopesOf(claims)}, err
	}
	if said.JWT != nil {
		return caller{}, &file.Error{Code: file.CodeUnauthorized, Detail: "The call names two callers.", Accepted: "a token or a signature"}
	}
	identity := said.IAM.CognitoIdentity
	p, err := c.Machine(access.IAM{
		Account: said.IAM.AccountID, ARN: said.IAM.UserARN, ID: said.IAM.UserID,
		Cognito: identity.IdentityID != "" || identity.IdentityPoolID != "" || len(identity.AMR) > 0,
	})
	return caller{Principal: p, byIAM: true}, err
}
