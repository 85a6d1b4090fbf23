package stack

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/vouch-s3/vouch/local/awsapi"
	"github.com/vouch-s3/vouch/local/httpgateway"
	"github.com/vouch-s3/vouch/local/policies"
)

// machine is a role that programs call the API by, with an access key for each of
// its sessions. On AWS a session has temporary credentials.
type machine struct {
	ID       string          `json:"id"`     // IAM's unique id, AROA…
	Policy   json.RawMessage `json:"policy"` // what it may, an identity-based policy
	Sessions map[string]key  `json:"sessions"`
}

// MachineKey is what a program signs with, and who it is then.
type MachineKey struct {
	AccessKeyID     string
	SecretAccessKey string
	Subject         string // its name in grants, and as an owner
}

// machinesFile is where machines are kept, beside the access keys of the functions.
// It is read for every call, so that a key serves from the moment it is made.
const machinesFile = "machine-keys.json"

// What AWS takes for the names of roles and of their sessions ("CreateRole", IAM API
// Reference; "AssumeRole", AWS STS API Reference).
var (
	roleName    = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)
	sessionName = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{2,64}$`)
)

// OpenMachineKey returns the access key of a session of a machine of the stack at
// dir, and makes the role, the session and the key where there are none. A policy
// that is not nil is from now on what the machine may; a machine that is new and has
// none may do all but what is the administrators'.
func OpenMachineKey(dir, name, session string, policy []byte) (MachineKey, error) {
	if !roleName.MatchString(name) || !sessionName.MatchString(session) {
		return MachineKey{}, fmt.Errorf("names of machines have 1 to 64 and those of sessions 2 to 64 letters, digits and _+=,.@-, not %q and %q", name, session)
	}
	all, err := readMachines(dir)
	if err != nil {
		return MachineKey{}, err
	}
	m, there := all[name]
	if !there {
		m = machine{ID: newRoleID(), Policy: ordinaryPolicy(), Sessions: map[string]key{}}
	}
	if policy != nil {
		if _, err := policies.ParseIdentity(policy); err != nil {
			return MachineKey{}, err
		}
		m.Policy = policy
	}
	if _, ok := m.Sessions[session]; !ok {
		m.Sessions[session] = newKey()
	}
	all[name] = m
	if err := writeMachines(dir, all); err != nil {
		return MachineKey{}, err
	}
	k := m.Sessions[session]
	return MachineKey{AccessKeyID: k.ID, SecretAccessKey: k.Secret, Subject: ":iam:" + awsapi.AccountID + ":role:" + m.ID}, nil
}

// ForgetMachine deletes a machine, as one deletes a role. One that is made under the
// same name later is another.
func ForgetMachine(dir, name string) error {
	all, err := readMachines(dir)
	if err != nil {
		return err
	}
	if _, there := all[name]; !there {
		return fmt.Errorf("there is no machine %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	}
	delete(all, name)
	return writeMachines(dir, all)
}

func readMachines(dir string) (map[string]machine, error) {
	all := map[string]machine{}
	data, err := os.ReadFile(filepath.Join(dir, machinesFile))
	if errors.Is(err, os.ErrNotExist) {
		return all, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		return nil, fmt.Errorf("read the machines in %s: %w", filepath.Join(dir, machinesFile), err)
	}
	return all, nil
}

// writeMachines replaces the file whole, since the stack may read it at any time.
func writeMachines(dir string, all map[string]machine) error {
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the machines: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the stack's folder: %w", err)
	}
	f, err := os.CreateTemp(dir, ".machines-*") // with mode 0600
	if err != nil {
		return fmt.Errorf("keep the machines: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, machinesFile))
	}
	if err != nil {
		return fmt.Errorf("keep the machines: %w", err)
	}
	return nil
}

func newRoleID() string {
	var random [10]byte
	rand.Read(random[:])
	return "AROA" + base32.StdEncoding.EncodeToString(random[:])
}

// ordinaryPolicy allows the routes of files and of usage. In a policy * stands for
// slashes too.
func ordinaryPolicy() json.RawMessage {
	routes := "arn:aws:execute-api:" + Region + ":" + awsapi.AccountID + ":" + machineAPI + "/$default/"
	return json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":["` +
		routes + `*/files","` + routes + `*/files/*","` + routes + `GET/usage"]}]}`)
}

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
