package filetest

import (
	"context"
	"fmt"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/quota"
)

// Usage returns what the account is counted to use.
func (r *Records) Usage(a quota.Account) quota.Usage {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.usage[a]
}

// Close has Create refuse the files of the owner.
func (r *Records) Close(_ context.Context, owner string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed == nil {
		r.closed = map[quota.Account]bool{}
	}
	r.closed[quota.Account{Kind: quota.Owner, Subject: owner}] = true
	return nil
}

// Open takes back what Close did.
func (r *Records) Open(_ context.Context, owner string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.closed, quota.Account{Kind: quota.Owner, Subject: owner})
	return nil
}

// count adds d to every account of f. Every record is counted here, whether or
// not it says so, so that every test of the domain is one of the counting, too.
func (r *Records) count(f file.File, d quota.Usage) error {
	for _, a := range quota.Accounts(f.Owner) {
		if r.usage == nil {
			r.usage = map[quota.Account]quota.Usage{}
		}
		r.usage[a] = r.usage[a].Plus(d)
		if r.usage[a].Negative() {
			return fmt.Errorf("file %s brings what %s uses to %+v", f.ID, a.ID(), r.usage[a])
		}
	}
	return nil
}

// balanced is an error where the counters and the records have parted.
func (r *Records) balanced() error {
	counted := map[quota.Account]quota.Usage{}
	for _, f := range r.files {
		for _, a := range quota.Accounts(f.Owner) {
			counted[a] = counted[a].Plus(quota.Of(f))
		}
	}
	for a, used := range r.usage {
		if counted[a] != used {
			return fmt.Errorf("%s is counted to use %+v, and its records come to %+v", a.ID(), used, counted[a])
		}
	}
	return nil
}
