package stack

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/vouch-s3/vouch/local/awsapi"
	"github.com/vouch-s3/vouch/local/httpgateway"
	"github.com/vouch-s3/vouch/local/policies"
)

// identities are those whose signatures the API for machines knows: machines, the
// functions, by their roles, and the administrator, who is the account's root user.
type identities struct {
	authorizer
	dir       string
	admin     key
	functions map[string]function // by access key
	log       *slog.Logger
}

// function is who a function is to IAM.
type function struct {
	secret, role, session string
}

func (s *Stack) identities() identities {
	i := identities{authorizer: s.authorizer(), dir: s.logPath, admin: s.keys.admin, functions: map[string]function{}, log: s.log}
	for _, f := range s.Template.Functions {
		k := s.keys.functions[f.LogicalID]
		i.functions[k.ID] = function{secret: k.Secret, role: f.Role.Name, session: f.Name}
	}
	return i
}

// Identity returns who has an access key.
func (i identities) Identity(accessKey string) (httpgateway.Identity, bool) {
	if accessKey == i.admin.ID {
		return httpgateway.Identity{Secret: i.admin.Secret, Account: awsapi.AccountID, ARN: "arn:aws:iam::" + awsapi.AccountID + ":root", ID: awsapi.AccountID}, true
	}
	if f, ok := i.functions[accessKey]; ok {
		return identityOf(f.secret, f.role, "AROA"+strings.TrimPrefix(accessKey, "AKIA"), f.session), true
	}
	name, m, session := i.machine(accessKey)
	if session == "" {
		return httpgateway.Identity{}, false
	}
	return identityOf(m.Sessions[session].Secret, name, m.ID, session), true
}

func identityOf(secret, role, id, session string) httpgateway.Identity {
	return httpgateway.Identity{
		Secret: secret, Account: awsapi.AccountID,
		ARN: "arn:aws:sts::" + awsapi.AccountID + ":assumed-role/" + role + "/" + session, ID: id + ":" + session,
	}
}

// Authorize asks the policies of whoever has the access key.
func (i identities) Authorize(accessKey, action, resource string, context map[string][]string) error {
	if accessKey == i.admin.ID {
		return nil
	}
	name, m, session := i.machine(accessKey)
	if session == "" {
		return i.authorizer.Authorize(accessKey, action, resource, context)
	}
	policy, err := policies.ParseIdentity(m.Policy)
	if err != nil {
		return fmt.Errorf("read the policy of the machine %s: %w", name, err)
	}
	role := policies.Role{Name: name, ARN: "arn:aws:iam::" + awsapi.AccountID + ":role/" + name, Policies: []policies.Policy{policy}}
	return policies.Evaluate(policies.Request{Role: role, Action: action, Resource: resource, Context: context})
}

// machine returns the machine with an access key, and the name of the key's session,
// which is empty where there is none.
func (i identities) machine(accessKey string) (name string, m machine, session string) {
	all, err := readMachines(i.dir)
	if err != nil {
		i.log.Error("no machine is known", "error", err.Error())
	}
	for name, m = range all {
		for session, k := range m.Sessions {
			if k.ID == accessKey {
				return name, m, session
			}
		}
	}
	return "", machine{}, ""
}
