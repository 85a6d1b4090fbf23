package stack

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/vouch-s3/vouch/local/awsapi"
	"github.com/vouch-s3/vouch/local/policies"
	"github.com/vouch-s3/vouch/shared/access"
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
		m = machine{ID: newRoleID(), Policy: ordinaryPolicy()}
	}
	if m.Sessions == nil {
		m.Sessions = map[string]key{}
	}
	if policy != nil {
		if _, err := policies.ParseIdentity(policy); err != nil {
			return MachineKey{}, err
		}
		m.Policy = policy
	}
	k, ok := m.Sessions[session]
	if !ok {
		k = newKey()
		m.Sessions[session] = k
	}
	all[name] = m
	who := identityOf(k.Secret, name, m.ID, session)
	principal, err := access.Claims{Machines: access.Machines{Taken: true}}.Machine(access.IAM{Account: who.Account, ARN: who.ARN, ID: who.ID})
	if err != nil {
		return MachineKey{}, fmt.Errorf("say who the machine %s is: %w", name, err)
	}
	if err := writeMachines(dir, all); err != nil {
		return MachineKey{}, err
	}
	return MachineKey{AccessKeyID: k.ID, SecretAccessKey: k.Secret, Subject: principal.Subject}, nil
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
