// Package download hands out presigned URLs to verified bytes, and to nothing else.
package download

import (
	"context"
	"fmt"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
)

// Get is the one request that a presigned URL is to allow: one version of one
// object, under the type that was verified, saved under the owner's filename.
type Get struct {
	Key                string
	VersionID          string
	ContentType        string
	ContentDisposition string
	Life               time.Duration

	// Until is when the URL has to have stopped being accepted, whatever Life says;
	// the zero time for no such time.
	Until time.Time
}

// shortest is how long a file must still be kept for a URL to be worth giving out.
const shortest = 10 * time.Second

// Presigner signs a Get.
type Presigner interface {
	PresignGet(ctx context.Context, get Get) (url string, expiresAt time.Time, err error)
}

// Link is a presigned URL and when it stops being accepted.
type Link struct {
	URL       string
	ExpiresAt time.Time
}

// Creator creates download links.
type Creator struct {
	Records   access.Records
	Presigner Presigner
	Policy    policy.Policy
	Now       func() time.Time
}

// Create returns a link to the verified version of a ready file that p may
// download. Otherwise it returns file.ErrNotFound as access.Load does, or a
// *file.Error with file.CodeNotReady that carries the status, or with
// file.CodeClosed for a file whose time is over, or all but. No link outlives the
// file's time.
//
// That it is given out is in the trail before it is: what cannot be noted is not
// given. The link is S3's to honour from then on: that p's grant is taken away ends no
// link that was given out, which its short life does.
func (c Creator) Create(ctx context.Context, p access.Principal, id string) (Link, error) {
	now := c.Now()
	f, err := access.Load(ctx, c.Records, p, id, access.Download, now)
	if err != nil {
		return Link{}, err
	}
	if f.Status != file.Ready {
		return Link{}, &file.Error{
			Code:     file.CodeNotReady,
			Detail:   fmt.Sprintf("The file is %s.", f.Status),
			Accepted: "a file that is ready",
			Status:   f.Status,
		}
	}
	if f.Over(now.Add(shortest)) {
		return Link{}, &file.Error{
			Code: file.CodeClosed, Status: f.Status,
			Detail: "The file's time is over.", Accepted: "a file that is kept for longer",
		}
	}
	if f.VersionID == "" {
		return Link{}, fmt.Errorf("file %s is ready without an object version", f.ID)
	}
	url, expiresAt, err := c.Presigner.PresignGet(ctx, Get{
		Key:                f.Key,
		VersionID:          f.VersionID,
		ContentType:        f.ContentType,
		ContentDisposition: Attachment(f.Filename),
		Life:               c.Policy.DownloadLife,
		Until:              f.ExpiresAt,
	})
	if err != nil {
		return Link{}, fmt.Errorf("presign the download of %s: %w", f.ID, err)
	}
	e, err := audit.Of(ctx, f, audit.DownloadPresigned, now)
	if err != nil {
		return Link{}, err
	}
	e.ExpiresAt, e.URLs = expiresAt, 1
	if err := c.Records.Note(ctx, e); err != nil {
		return Link{}, fmt.Errorf("note the download of %s: %w", f.ID, err)
	}
	return Link{URL: url, ExpiresAt: expiresAt}, nil
}
