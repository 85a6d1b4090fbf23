// Package canary proves again and again, in the deployed system itself, that
// verification does what it is for: it sends the EICAR test file and a clean
// file the way that every client's files go, and holds what becomes of them to
// the promises. A scanner that answers, but calls everything clean, shows
// nowhere else.
package canary

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/download"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/upload"
)

// Owner is who the canary's files belong to. It deletes whatever it finds of
// them, so it must be nobody: a token's subject that holds a colon must be a URI
// (RFC 7519, 4.1.2), and no URI begins with one (RFC 3986, 3), so that no issuer
// gives this one out, and access.Claims takes it from none.
const Owner = ":vouch-canary"

// self is who the canary is to the calls that it makes.
var self = access.Principal{Subject: Owner}

// How long a run may take. The function's Timeout in template.yaml is longer
// than both together.
const (
	Within     = 4 * time.Minute  // both proofs, from the first upload to the last byte
	TidyWithin = 45 * time.Second // the deletion of files, before the proofs and after them
)

// leftoverAfter is how old a file of the canary's is that no run is using any more.
const leftoverAfter = time.Hour

// Uploads grants uploads: an upload.Creator.
type Uploads interface {
	Create(ctx context.Context, r upload.Request) (file.File, upload.Instructions, error)
}

// Downloads grants downloads: a download.Creator.
type Downloads interface {
	Create(ctx context.Context, p access.Principal, id string) (download.Link, error)
}

// Deletions deletes files: a deletion.Deleter.
type Deletions interface {
	Delete(ctx context.Context, p access.Principal, id string) error
}

// Records reads and lists records.
type Records interface {
	access.Records
	List(ctx context.Context, q file.Query) (files []file.File, next string, err error)
}

// HTTP sends requests, as the client of a user would: an http.Client.
type HTTP interface {
	Do(req *http.Request) (*http.Response, error)
}

// Canary sends two files through the whole of Vouch.
type Canary struct {
	Uploads   Uploads
	Downloads Downloads
	Deletions Deletions
	Records   Records
	Presigner download.Presigner // signs what Downloads refuses to
	HTTP      HTTP
	Now       func() time.Time

	// ContentType is what the clean file is declared as: text/plain, or a type
	// that may be anything.
	ContentType string

	// NoScanner is whether no malware scanner is asked, by an explicit setting.
	// EICAR is then not sent: nothing is promised of malware.
	NoScanner bool
}

// Report is what a run has measured. A time is from the moment at which S3 has
// taken the bytes until a client that polls sees the end state; it is 0 where
// the run did not get as far.
type Report struct {
	CleanID         string  `json:"cleanId,omitempty"`
	ReadySeconds    float64 `json:"readySeconds,omitempty"`
	MalwareID       string  `json:"malwareId,omitempty"`
	RejectedSeconds float64 `json:"rejectedSeconds,omitempty"`
	NoScanner       bool    `json:"noScanner,omitempty"`
	Leftovers       int     `json:"leftovers"` // files of runs that were cut off, deleted by this one
}

// Run makes both proofs at the same time, deletes what it has sent, and before
// that whatever an earlier run has left behind. Its error names everything that
// went wrong; what is broken by the system and not by the run is a *BrokenError.
func (c Canary) Run(ctx context.Context) (Report, error) {
	report := Report{NoScanner: c.NoScanner}
	var clean, malware, tidied error
	report.Leftovers, tidied = c.tidyUp(ctx)

	proving, cancel := context.WithTimeout(ctx, Within)
	defer cancel()
	var proofs sync.WaitGroup
	proofs.Go(func() { report.CleanID, report.ReadySeconds, clean = c.proveClean(proving) })
	if !c.NoScanner {
		proofs.Go(func() { report.MalwareID, report.RejectedSeconds, malware = c.proveMalware(proving) })
	}
	proofs.Wait()

	// A run that is out of time still takes its files away.
	deleting, cancel := context.WithTimeout(context.WithoutCancel(ctx), TidyWithin/2)
	defer cancel()
	return report, errors.Join(malware, clean, tidied, c.delete(deleting, report.CleanID), c.delete(deleting, report.MalwareID))
}

// proveMalware sends EICAR, and tries to get it back.
func (c Canary) proveMalware(ctx context.Context) (id string, seconds float64, err error) {
	f, seconds, err := c.send(ctx, "vouch-canary.com", eicar())
	if err != nil {
		return f.ID, 0, err
	}
	switch {
	case f.Status == file.Ready:
		return f.ID, seconds, broken(MalwareIsNeverReady, f.ID, "the EICAR test file was called clean")
	case f.Status != file.Rejected || f.Reason != file.MalwareDetected:
		return f.ID, seconds, broken(MalwareIsNamed, f.ID, "it is %s (%s)", f.Status, f.Reason)
	}
	if _, err := c.Downloads.Create(ctx, self, f.ID); err == nil {
		return f.ID, seconds, broken(MalwareHasNoURL, f.ID, "a download was granted")
	} else if file.CodeOf(err) != file.CodeNotReady {
		return f.ID, seconds, fmt.Errorf("ask for a download of the rejected file %s: %w", f.ID, err)
	}
	// The same signer, under the same role, gets the clean file: what S3 refuses
	// here it refuses for the tag, or because the bytes are gone already.
	address, _, err := c.Presigner.PresignGet(ctx, download.Get{
		Key: f.Key, VersionID: f.VersionID, ContentType: f.ContentType, ContentDisposition: download.Attachment(f.Filename), Life: Within,
	})
	if err != nil {
		return f.ID, seconds, fmt.Errorf("presign a download of the rejected file %s: %w", f.ID, err)
	}
	status, _, _, err := c.get(ctx, address, 0)
	if err != nil {
		return f.ID, seconds, fmt.Errorf("try to get the rejected file %s: %w", f.ID, err)
	}
	if status != http.StatusForbidden && status != http.StatusNotFound {
		return f.ID, seconds, broken(MalwareStaysInside, f.ID, "S3 answered %d to a URL for the rejected version", status)
	}
	return f.ID, seconds, nil
}

// proveClean sends a clean file, and gets it back.
func (c Canary) proveClean(ctx context.Context) (id string, seconds float64, err error) {
	data := harmless()
	f, seconds, err := c.send(ctx, "vouch-canary.txt", data)
	if err != nil {
		return f.ID, 0, err
	}
	if f.Status != file.Ready {
		return f.ID, 0, broken(CleanFilesAreReady, f.ID, "it is %s (%s)", f.Status, f.Reason)
	}
	link, err := c.Downloads.Create(ctx, self, f.ID)
	if err != nil {
		return f.ID, seconds, fmt.Errorf("ask for a download of the clean file %s: %w", f.ID, err)
	}
	status, header, body, err := c.get(ctx, link.URL, len(data)+1)
	if err != nil {
		return f.ID, seconds, fmt.Errorf("get the clean file %s: %w", f.ID, err)
	}
	disposition, contentType := header.Get("Content-Disposition"), header.Get("Content-Type")
	switch {
	case status != http.StatusOK:
		err = broken(CleanFilesComeBack, f.ID, "S3 answered %d", status)
	case !bytes.Equal(body, data):
		err = broken(CleanFilesComeBack, f.ID, "other bytes came back")
	case disposition != download.Attachment(f.Filename):
		err = broken(CleanFilesComeBack, f.ID, "its Content-Disposition is %q", disposition)
	case contentType != f.ContentType:
		err = broken(CleanFilesComeBack, f.ID, "its Content-Type is %q", contentType)
	}
	return f.ID, seconds, err
}

// send uploads data and waits for the verdict. Whatever it returns, an id in
// the file means that there is one to delete.
func (c Canary) send(ctx context.Context, name string, data []byte) (f file.File, seconds float64, err error) {
	sum := sha256.Sum256(data)
	f, instructions, err := c.Uploads.Create(ctx, upload.Request{
		Owner: Owner, Filename: name, ContentType: c.ContentType, Size: int64(len(data)), ChecksumSHA256: file.EncodeChecksum(sum[:]),
	})
	if err != nil {
		return file.File{}, 0, fmt.Errorf("ask to upload %s: %w", name, err)
	}
	status, err := c.put(ctx, instructions, data)
	if err != nil {
		return f, 0, fmt.Errorf("upload file %s: %w", f.ID, err)
	}
	if status != http.StatusOK {
		return f, 0, broken(UploadsAreTaken, f.ID, "S3 answered %d", status)
	}
	sent := c.Now()
	if f, err = c.await(ctx, f); err != nil {
		return f, 0, err
	}
	return f, c.Now().Sub(sent).Seconds(), nil
}

// The pauses between two looks at a record.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 2 * time.Second
)

// await polls until f has reached its end state, or ctx ends.
func (c Canary) await(ctx context.Context, f file.File) (file.File, error) {
	for pause := firstPause; ; pause = min(pause*3/2, longestPause) {
		now, err := access.Load(ctx, c.Records, self, f.ID, access.See, c.Now())
		switch {
		case err != nil && ctx.Err() == nil:
			return f, fmt.Errorf("look at file %s: %w", f.ID, err)
		case err == nil && now.Status.Final():
			return now, nil
		case err == nil:
			f = now
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return f, broken(VerdictsComeInTime, f.ID, "it is still %s: %v", f.Status, ctx.Err())
		}
	}
}
