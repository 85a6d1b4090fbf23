package api

import (
	"context"
	"net/http"
	"time"

	"github.com/vouch-s3/vouch/shared/quota"
)

// Standings says what an account uses.
type Standings interface {
	Standing(ctx context.Context, a quota.Account, at time.Time) (quota.Standing, error)
}

// Usage is the answer to GetUsage: of the caller's own files, and of those of the
// whole tenant where they are counted.
type Usage struct {
	AccountUsage
	Tenant *AccountUsage `json:"tenant,omitempty"`
}

// AccountUsage is what an account uses of each quota.
type AccountUsage struct {
	Bytes        Used `json:"bytes"`
	Files        Used `json:"files"`
	Pending      Used `json:"pending"`
	UploadsToday Used `json:"uploadsToday"`
}

// Used is how much of a quota is used. Limit and Remaining are left out where
// there is no limit.
type Used struct {
	Used      int64  `json:"used"`
	Limit     *int64 `json:"limit,omitempty"`
	Remaining *int64 `json:"remaining,omitempty"`
	ResetsAt  string `json:"resetsAt,omitempty"` // RFC 3339, UTC; where time alone frees it
}

// GetUsage answers GET /usage: what the caller's own files use, and those of the
// caller's tenant together. The sums of a tenant are for all its members to see,
// since they are why an upload of any of them is refused.
func GetUsage(s Standings, quotas quota.Quotas, now func() time.Time) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		var usage Usage
		at := now()
		for _, account := range quotas.Accounts(r.Principal.Owner()) {
			standing, err := s.Standing(ctx, account, at)
			if err != nil {
				return Response{}, err
			}
			switch uses := accountUsage(standing, quotas.Of(account.Kind), at); account.Kind {
			case quota.Owner:
				usage.AccountUsage = uses
			case quota.Tenant:
				usage.Tenant = &uses
			}
		}
		return Response{Status: http.StatusOK, Body: usage}, nil
	}
}

func accountUsage(s quota.Standing, l quota.Limits, at time.Time) AccountUsage {
	u := AccountUsage{
		Bytes:        used(s.Bytes, l.Bytes),
		Files:        used(s.Files, l.Files),
		Pending:      used(s.Pending, l.Pending),
		UploadsToday: used(s.UploadsToday, l.UploadsPerDay),
	}
	u.UploadsToday.ResetsAt = stamp(quota.Midnight(at))
	return u
}

func used(n, limit int64) Used {
	if limit == 0 {
		return Used{Used: n}
	}
	remaining := max(limit-n, 0)
	return Used{Used: n, Limit: &limit, Remaining: &remaining}
}
