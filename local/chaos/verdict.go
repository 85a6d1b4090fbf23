package chaos

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/canary"
	"github.com/vouch-s3/vouch/shared/eventbus"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/quota"
	"github.com/vouch-s3/vouch/shared/receipt"
)

// Violation is a promise that was broken for one file.
type Violation struct {
	Promise string
	FileID  string // empty where it is about none
	Number  int    // of the file's script; -1 for none
	What    string
}

// The promises that a run holds the system to.
const (
	NoneLost      = "no file is lost"
	NoneStuck     = "every file has an end state"
	NoneBadReady  = "nothing bad or unverified is ready"
	NoneOther     = "nothing is ready with other bytes than were sent"
	NoneFalse     = "nothing with a false checksum is ready"
	NoneUnsigned  = "no part is taken that was not signed"
	NoneGoodBad   = "nothing good is rejected"
	FewUnverified = "verification fails for few"
	NoOrphans     = "no object version is orphaned"
	NoMultiparts  = "no multipart upload is left over"
	EveryEvent    = "every verdict has its event"
	EveryReceipt  = "every receipt verifies"
	EveryURL      = "every URL gives verified bytes or none"
	EveryAnswer   = "every answer to a client is right"
	StaysDeleted  = "what is deleted stays deleted"
	NoDrift       = "no quota drifts"
	NoneHeldGone  = "nothing on hold is deleted"
	NoneOverdue   = "nothing outlives its time"
	EveryTrail    = "every end state is in the trail, and nothing is that never was"
)

// Promises lists them.
func Promises() []string {
	return []string{NoneLost, NoneStuck, NoneBadReady, NoneOther, NoneFalse, NoneUnsigned, NoneGoodBad, FewUnverified, StaysDeleted, NoOrphans, NoMultiparts, EveryEvent, EveryReceipt, EveryURL, EveryAnswer, NoDrift, EveryTrail, NoneHeldGone, NoneOverdue}
}

// found is what there is at the end of a run.
type found struct {
	files    map[string]file.File
	versions []version
	begun    []begun
	events   map[string]map[file.Status]string // by file: the statuses that were announced, with the version
	keys     receipt.Keys
	usage    map[quota.Account]quota.Usage // as it is counted
	trails   map[string][]audit.Event      // by file, in their order
	told     map[string]bool               // the events of the trail that were published
}

// look reads all of it.
func look(ctx context.Context, a *admin, api, dir string) (w found, err error) {
	if w.files, err = a.files(ctx); err != nil {
		return w, err
	}
	if w.versions, err = a.versions(ctx); err != nil {
		return w, err
	}
	if w.begun, err = a.multiparts(ctx); err != nil {
		return w, err
	}
	if w.events, err = announced(dir); err != nil {
		return w, err
	}
	if w.usage, err = a.usage(ctx); err != nil {
		return w, err
	}
	if w.trails, err = a.trails(ctx); err != nil {
		return w, err
	}
	if w.told, err = told(dir); err != nil {
		return w, err
	}
	w.keys, err = receiptKeys(ctx, api)
	return w, err
}

func receiptKeys(ctx context.Context, api string) (receipt.Keys, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, api+"/.well-known/jwks.json", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("get the receipts' keys: %w", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, receipt.MaxKeySetLength+1))
	if err != nil {
		return nil, fmt.Errorf("get the receipts' keys: %w", err)
	}
	return receipt.ParseKeySet(data)
}

// announced reads the events of Vouch's own that the stack has written down.
func announced(dir string) (map[string]map[file.Status]string, error) {
	data, err := os.ReadFile(filepath.Join(dir, "events.jsonl"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the events: %w", err)
	}
	all := map[string]map[file.Status]string{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e struct {
			Source     string
			DetailType string `json:"detail-type"`
			Detail     struct {
				FileID, VersionID string
				Status            file.Status
			}
		}
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Source != "vouch" || e.DetailType == eventbus.AuditType {
			continue // a line that a kill -9 has cut off, S3's news, or the trail
		}
		if all[e.Detail.FileID] == nil {
			all[e.Detail.FileID] = map[file.Status]string{}
		}
		all[e.Detail.FileID][e.Detail.Status] = e.Detail.VersionID
	}
	return all, lines.Err()
}

// judge holds what was found, and what the clients know, to the promises.
type judge struct {
	found      found
	histories  []*history
	share      float64 // of the good files that may be rejected with verification-failed
	violations []Violation
	ends       map[string]int // how many files ended how

	endsInParts map[string]int // and how many of those that were sent in parts
	unverified  int
	good        int // files that were sent and are to be ready
}

func (j *judge) broken(promise, id string, number int, what string, args ...any) {
	j.violations = append(j.violations, Violation{promise, id, number, fmt.Sprintf(what, args...)})
}

func (j *judge) all() {
	j.ends, j.endsInParts = map[string]int{}, map[string]int{}
	known := map[string]bool{}
	for _, h := range j.histories {
		h.mu.Lock()
		known[h.id] = true
		j.one(h)
		h.mu.Unlock()
	}
	for _, f := range j.found.files {
		switch {
		case known[f.ID] || f.Owner == canary.Owner:
		case f.Status == file.Expired || f.Status == file.Deleted:
			j.ends["asked for in vain, "+string(f.Status)]++ // the answer with the URL never arrived
		default:
			j.broken(NoneStuck, f.ID, -1, "nobody knows of it, and it is %s", f.Status)
		}
	}
	if j.unverified > int(j.share*float64(j.good)) {
		j.broken(FewUnverified, "", -1, "%d of %d", j.unverified, j.good)
	}
	j.storage()
	j.usage()
	j.trails()
}

// expected lists the end states that are right for what the client has seen.
func (h *history) expected() []file.Status {
	verdict := file.Ready
	if h.reason != "" {
		verdict = file.Rejected
	}
	var right []file.Status
	switch {
	case h.deleted:
		return []file.Status{file.Deleted}
	case h.sent:
		right = append(right, verdict)
	case h.maybe:
		right = append(right, verdict, file.Expired)
	default:
		right = append(right, file.Expired)
	}
	if h.deleting {
		right = append(right, file.Deleted)
	}
	return h.keptAs.ends(right)
}

func (j *judge) one(h *history) {
	for _, f := range h.faults {
		j.broken(f.promise, h.id, h.number, "%s", f.what)
	}
	if h.id == "" {
		j.ends["never promised"]++
		return
	}
	f, ok := j.found.files[h.id]
	if !ok {
		j.broken(NoneLost, h.id, h.number, "it has no record")
		return
	}
	end := string(f.Status)
	if f.Status == file.Rejected {
		end += ", " + string(f.Reason)
	}
	j.ends[end]++
	if h.parts != nil {
		j.endsInParts[end]++
	}
	right := h.expected()
	if slices.Contains(right, file.Ready) {
		j.good++
	}
	sent := h.sent || h.maybe
	j.keeps(h, f)
	switch {
	case !f.Status.Final():
		j.broken(NoneStuck, h.id, h.number, "it is %s", f.Status)
	case f.Status == file.Ready && h.parts != nil && h.parts.lie.believed():
		j.broken(NoneFalse, h.id, h.number, "%s is ready", h.filename)
	case f.Status == file.Ready && (h.reason != "" || !sent):
		j.broken(NoneBadReady, h.id, h.number, "%s (%s) is ready", h.filename, h.reason)
	case h.deleted && f.Status != file.Deleted:
		j.broken(StaysDeleted, h.id, h.number, "it is %s", f.Status)
	case f.Status == file.Rejected && f.Reason == file.VerificationFailed && sent:
		if h.reason == "" {
			j.unverified++
		}
	case f.Status == file.Rejected && string(f.Reason) != h.reason:
		j.broken(NoneGoodBad, h.id, h.number, "%s is rejected for %s, not %q", h.filename, f.Reason, h.reason)
	case !h.keptAs.until.IsZero() && h.keptAs.until.Before(time.Now()) && !f.DeleteAt().IsZero():
		j.broken(NoneOverdue, h.id, h.number, "its time is over, and it is %s", f.Status)
	case !slices.Contains(right, f.Status):
		j.broken(NoneLost, h.id, h.number, "%s is %s, not %v", h.filename, f.Status, right)
	}
	j.announced(h, f)
	if f.Status == file.Ready {
		j.receipt(h, f)
	}
}

func (j *judge) announced(h *history, f file.File) {
	events := j.found.events[f.ID]
	if f.Status == file.Ready || f.Status == file.Rejected {
		if v, ok := events[f.Status]; !ok || v != f.VersionID {
			j.broken(EveryEvent, f.ID, h.number, "there is no event that it is %s", f.Status)
		}
	}
	for status := range events {
		if status != f.Status && f.Status != file.Deleted {
			j.broken(EveryEvent, f.ID, h.number, "it is %s, and an event says %s", f.Status, status)
		}
	}
	if _, said := events[file.Ready]; said && h.reason != "" {
		j.broken(NoneBadReady, f.ID, h.number, "%s was announced as ready", h.filename)
	}
}

func (j *judge) receipt(h *history, f file.File) {
	claims, err := receipt.Verify(f.Receipt, j.found.keys)
	if err == nil && (claims.Subject != f.ID || claims.Vouch.VersionID != f.VersionID || claims.Vouch.Key != f.Key) {
		err = errors.New("it is another file's")
	}
	if err == nil {
		err = claims.Matches(bytes.NewReader(h.bytes()))
	}
	if err != nil {
		j.broken(EveryReceipt, f.ID, h.number, "%v", err)
	}
}

// storage finds versions that no living record pins.
func (j *judge) storage() {
	pinned := map[version]bool{}
	ownKeys := map[string]bool{}
	for _, f := range j.found.files {
		if f.Status != file.Deleted && f.Status != file.Expired && f.VersionID != "" {
			pinned[version{f.Key, f.VersionID}] = true
		}
		if f.Owner == canary.Owner {
			ownKeys[f.Key] = true
		}
	}
	for _, v := range j.found.versions {
		if !pinned[v] && !ownKeys[v.key] {
			j.broken(NoOrphans, v.key[strings.LastIndex(v.key, "/")+1:], -1, "no record pins version %s of %s", v.id, v.key)
		}
	}
	for _, u := range j.found.begun {
		if !ownKeys[u.key] {
			id := u.key[strings.LastIndex(u.key, "/")+1:]
			j.broken(NoMultiparts, id, -1, "upload %s, and the file is %s", u.id, j.found.files[id].Status)
		}
	}
}

// read reads back what cannot be seen in a record: the bytes of every ready
// file, what each URL gives that was ever given out, and what those still take
// that parts were sent to.
func (j *judge) read(ctx context.Context, a *admin, as func(subject string) client) error {
	rng := random(0, "the last look")
	for _, h := range j.histories {
		f, c := j.found.files[h.id], as(h.subject)
		if f.Status == file.Ready {
			sum, err := a.checksum(ctx, version{f.Key, f.VersionID})
			if err != nil || sum != h.sum || sum != f.ChecksumSHA256 {
				j.broken(NoneOther, f.ID, h.number, "the bytes of the ready version are not those that were sent (%v)", err)
			}
			if !f.Over(time.Now()) {
				if err := j.download(ctx, c, rng, h); err != nil {
					return err
				}
			}
		}
		for _, l := range h.links {
			status, body, err := c.get(ctx, rng, l.url)
			if err != nil {
				return err
			}
			switch {
			case status == http.StatusOK && f.Status != file.Ready:
				j.broken(EveryURL, f.ID, h.number, "a URL gives bytes of a file that is %s", f.Status)
			case status == http.StatusOK && checksum(body) != h.sum:
				j.broken(EveryURL, f.ID, h.number, "a URL gives other bytes than were sent")
			case status != http.StatusOK && f.Status == file.Ready && f.ExpiresAt.IsZero() && time.Since(l.at) < urlLife-time.Minute:
				j.broken(EveryURL, f.ID, h.number, "a URL that lives answers %d", status)
			}
		}
		if h.upload.URL != "" {
			status, _, err := c.get(ctx, rng, h.upload.URL)
			if err != nil {
				return err
			}
			if status < 300 {
				j.broken(EveryURL, h.id, h.number, "a GET of its upload URL answers %d", status)
			}
		}
		if h.kept.number > 0 {
			s := sender{data: h.bytes()}
			status, err := c.put(ctx, h.kept.to, s.part(h.kept.number))
			if err == nil && status < 300 { // S3 may close the connection before it has all of what it refuses
				j.broken(NoneUnsigned, h.id, h.number, "S3 took a part of an upload that is over")
			}
		}
	}
	return nil
}

// download gets a ready file as its owner does.
func (j *judge) download(ctx context.Context, c client, rng *rand.Rand, h *history) error {
	var given struct{ URL string }
	status, err := c.call(ctx, rng, http.MethodPost, "/files/"+h.id+"/download", nil, &given)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		j.broken(EveryAnswer, h.id, h.number, "it is ready, and asking for its download answered %d", status)
		return nil
	}
	status, body, err := c.get(ctx, rng, given.URL)
	if err != nil {
		return err
	}
	if status != http.StatusOK || checksum(body) != h.sum {
		j.broken(NoneOther, h.id, h.number, "its download answers %d with %d other bytes than were sent", status, len(body))
	}
	return nil
}

// byPromise counts violations.
func byPromise(violations []Violation) map[string]int {
	count := map[string]int{}
	for _, v := range violations {
		count[v.Promise]++
	}
	return count
}
