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

// Usage is the answer to GetUsage.
type Usage struct {
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

// GetUsage answers GET /usage: what the caller's own files use.
func GetUsage(s Standings, quotas quota.Quotas, now func() time.Time) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		at := now()
		account := quota.Account{Kind: quota.Owner, Subject: r.Principal.Owner()}
		standing, err := s.Standing(ctx, account, at)
		if err != nil {
			return Response{}, err
		}
		limits := quotas.Of(account.Kind)
		usage := Usage{
			Bytes:        used(standing.Bytes, limits.Bytes),
			Files:        used(standing.Files, limits.Files),
			Pending:      used(standing.Pending, limits.Pending),
			UploadsToday: used(standing.UploadsToday, limits.UploadsPerDay),
		}
		usage.UploadsToday.ResetsAt = stamp(quota.Midnight(at))
		return Response{Status: http.StatusOK, Body: usage}, nil
	}
}

func used(n, limit int64) Used {
	if limit == 0 {
		return Used{Used: n}
	}
	remaining := max(limit-n, 0)
	return Used{Used: n, Limit: &limit, Remaining: &remaining}
}
