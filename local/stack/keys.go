package stack

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/vouch-s3/vouch/local/samtemplate"
)

// key is an access key. On AWS a function has its role's temporary
// credentials; here each has a key of its own, which says as much of who asks.
type key struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

// keys are the access keys of a stack. They are kept, so that presigned URLs
// survive a restart.
type keys struct {
	admin     key
	functions map[string]key // by the function's logical id
	borrowed  map[string]key // likewise, and of the same roles
}

// admin is the name that the stack's own key is kept under.
const admin = "admin"

// Borrowed is what the names begin with that the second keys of the functions'
// roles are kept under in access-keys.json. They are for whoever plays a function
// that was taken over: what is done with them is none of the function's own uses
// of its permissions (Use).
const Borrowed = "borrowed/"

func openKeys(path string, functions []samtemplate.Function) (keys, error) {
	all := map[string]key{}
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return keys{}, fmt.Errorf("read the access keys in %s: %w", path, err)
	}
	names := []string{admin}
	for _, f := range functions {
		names = append(names, f.LogicalID, Borrowed+f.LogicalID)
	}
	for _, name := range names {
		if _, ok := all[name]; !ok {
			all[name] = newKey()
		}
	}
	if data, err = json.MarshalIndent(all, "", "  "); err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		return keys{}, fmt.Errorf("keep the access keys: %w", err)
	}
	k := keys{admin: all[admin], functions: map[string]key{}, borrowed: map[string]key{}}
	for _, f := range functions {
		k.functions[f.LogicalID], k.borrowed[f.LogicalID] = all[f.LogicalID], all[Borrowed+f.LogicalID]
	}
	return k, nil
}

func newKey() key {
	var random [40]byte
	rand.Read(random[:])
	return key{
		ID:     "AKIA" + base32.StdEncoding.EncodeToString(random[:10]),
		Secret: base64.RawURLEncoding.EncodeToString(random[10:]),
	}
}

// secrets are the secrets of the functions' keys.
func (k keys) secrets() map[string]string {
	secrets := map[string]string{}
	for _, all := range []map[string]key{k.functions, k.borrowed} {
		for _, f := range all {
			secrets[f.ID] = f.Secret
		}
	}
	return secrets
}
