package iam

import "fmt"

// Directory finds principals by the access keys that they sign with. Its
// contents never change, so it may be used by many goroutines at once.
type Directory struct {
	byKey map[string]Principal
}

// New returns a directory of the principals, each of which needs an access key
// of its own.
func New(principals ...Principal) (*Directory, error) {
	d := &Directory{byKey: make(map[string]Principal, len(principals))}
	for _, p := range principals {
		if p.AccessKeyID == "" || p.SecretAccessKey == "" {
			return nil, fmt.Errorf("make a directory of principals: %s has no access key", p.ARN)
		}
		if other, taken := d.byKey[p.AccessKeyID]; taken {
			return nil, fmt.Errorf("make a directory of principals: %s and %s have the same access key", other.ARN, p.ARN)
		}
		d.byKey[p.AccessKeyID] = p
	}
	return d, nil
}

// Lookup returns the principal with the access key, and whether there is one.
func (d *Directory) Lookup(accessKeyID string) (Principal, bool) {
	p, ok := d.byKey[accessKeyID]
	return p, ok
}
