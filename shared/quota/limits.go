package quota

import (
	"fmt"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// Limits are the most that an account may use; 0 is no limit.
type Limits struct {
	Bytes         int64 `yaml:"bytes"`
	Files         int64 `yaml:"files"`
	Pending       int64 `yaml:"pending"`
	UploadsPerDay int64 `yaml:"uploadsPerDay"` // in a day of UTC, whatever becomes of them
}

// Quotas are the limits of each kind of account.
type Quotas struct {
	Owner Limits `yaml:"owner"`

	// Tenant is nil where files are not counted for tenants at all: to count has a
	// price (docs/quotas.md).
	Tenant *Limits `yaml:"tenant"`
}

// Of returns the limits of accounts of the kind.
func (q Quotas) Of(k Kind) Limits {
	switch {
	case k == Owner:
		return q.Owner
	case k == Tenant && q.Tenant != nil:
		return *q.Tenant
	}
	return Limits{}
}

// of says whose a quota is, for whoever is the caller.
func (k Kind) of() string {
	if k == Tenant {
		return " of your tenant"
	}
	return ""
}

// A limit as it is checked: what it is called, and of what.
type limit struct {
	name       string
	most       int64
	used, more int64
	accepted   string
}

// Check says whether an account of the kind, which uses so much, may use more. The
// *file.Error it returns, of file.CodeQuotaExceeded, says what remains.
func (l Limits) Check(k Kind, used, more Usage) error {
	for _, c := range []limit{
		{"pending", l.Pending, used.Pending, more.Pending, "at most %d pending uploads%s: send the bytes of one, delete one, or wait until one expires"},
		{"files", l.Files, used.Files, more.Files, "at most %d files%s: delete one first"},
		{"bytes", l.Bytes, used.Bytes, more.Bytes, "at most %d bytes%s in all: a smaller file, or delete others first"},
	} {
		if c.most == 0 || c.used+c.more <= c.most {
			continue
		}
		remaining := max(c.most-c.used, 0)
		return &file.Error{
			Code:     file.CodeQuotaExceeded,
			Detail:   fmt.Sprintf("The quota of %s%s has %d left, and the upload would take %d.", c.name, k.of(), remaining, c.more),
			Accepted: fmt.Sprintf(c.accepted, c.most, k.of()),
			Quota:    &file.Quota{Account: string(k), Name: c.name, Limit: c.most, Remaining: remaining},
		}
	}
	return nil
}

// CheckDay says whether an account of the kind, which has asked for so many uploads
// on the day that t is in, may ask for one more. The *file.Error it returns, of
// file.CodeTooManyUploads, says when it may again.
func (l Limits) CheckDay(k Kind, uploads int64, t time.Time) error {
	if l.UploadsPerDay == 0 || uploads < l.UploadsPerDay {
		return nil
	}
	resetsAt := Midnight(t)
	return &file.Error{
		Code:     file.CodeTooManyUploads,
		Detail:   fmt.Sprintf("%d uploads%s were asked for today.", uploads, k.of()),
		Accepted: fmt.Sprintf("at most %d uploads%s a day, again from %s", l.UploadsPerDay, k.of(), resetsAt.Format(time.RFC3339)),
		Quota:    &file.Quota{Account: string(k), Name: "uploadsToday", Limit: l.UploadsPerDay, ResetsAt: resetsAt},
	}
}

// Standing is what an account uses at a moment.
type Standing struct {
	Usage
	UploadsToday int64
}
