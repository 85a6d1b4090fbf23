package access

import (
	"strings"

	"github.com/vouch-s3/vouch/shared/file"
)

// Machines says whether callers are taken that IAM knows, and as whose.
type Machines struct {
	Taken  bool
	Tenant string // of all of them; empty where there are no tenants
}

// IAM is what API Gateway says of a caller whose Signature Version 4 it has
// verified (payload format 2.0, requestContext.authorizer.iam).
type IAM struct {
	Account string // twelve digits
	ARN     string // userArn, as arn:aws:sts::123456789012:assumed-role/Uploader/i-0123
	ID      string // userId, as AROA…:i-0123: the unique id and, of a role, the name of the session
	Cognito bool   // the credentials are those of an identity pool
}

// machine begins the subject of every caller that IAM knows. A token's subject never
// begins with a colon, and what Owner writes for a tenant goes on with a digit.
const machine = ":iam:"

// Machine returns who a caller is that IAM knows: the role, or the user, by its
// account and unique id, as
//
//	:iam:123456789012:role:AROAEXAMPLEROLEID0001
//	:iam:123456789012:user:AIDAEXAMPLEUSERID0001
//
// The name of a session is left out, since whoever takes a role chooses it. So are
// the role's own name and path: one that is deleted and made again under the same
// name is another ("IAM identifiers", IAM User Guide), and owns nothing of the first.
//
// It returns a *file.Error with file.CodeUnauthorized where machines are not taken,
// where there are tenants and machines have none, and for whoever is neither: the
// root user, a federated user, and those of an identity pool, who are many people
// with one role.
func (c Claims) Machine(i IAM) (Principal, error) {
	subject, ok := i.subject()
	switch {
	case !c.Machines.Taken:
		return Principal{}, notTaken("No machines are taken here.", "a call with a token")
	case !ok:
		return Principal{}, notTaken("The credentials are of nobody who can own files.", "credentials of a role or of a user of IAM; not of the root user, a federated user or an identity pool")
	case c.Tenant == "":
		return Principal{Subject: subject}, nil
	case !singleName(c.Machines.Tenant):
		return Principal{}, notTaken("Machines have no tenant.", "a call with a token; or MachineTenant, where this is deployed")
	}
	return Principal{Subject: subject, Tenant: c.Machines.Tenant}, nil
}

// subject reads the two kinds of callers that last: an assumed role and a user.
// The ARN says which it is, the id begins accordingly ("Understanding unique ID
// prefixes", IAM User Guide), and both name the account.
func (i IAM) subject() (string, bool) {
	arn := strings.SplitN(i.ARN, ":", 6)
	if i.Cognito || len(arn) != 6 || arn[0] != "arn" || arn[1] == "" || arn[3] != "" || arn[4] != i.Account || !isAccount(i.Account) {
		return "", false
	}
	kind, name, _ := strings.Cut(arn[5], "/")
	id, session, hasSession := strings.Cut(i.ID, ":")
	switch {
	case name == "":
		return "", false
	case arn[2] == "sts" && kind == "assumed-role" && hasSession && session != "" && isUnique(id, "AROA"):
		return machine + i.Account + ":role:" + id, true
	case arn[2] == "iam" && kind == "user" && !hasSession && isUnique(id, "AIDA"):
		return machine + i.Account + ":user:" + id, true
	}
	return "", false
}

func isAccount(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

// isUnique reports whether id is a unique id of IAM of the kind with the prefix:
// 16 to 128 capital letters and digits ("Role", IAM API Reference).
func isUnique(id, prefix string) bool {
	return strings.HasPrefix(id, prefix) && len(id) >= 16 && len(id) <= 128 && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

func notTaken(detail, accepted string) error {
	return &file.Error{Code: file.CodeUnauthorized, Detail: detail, Accepted: accepted}
}
