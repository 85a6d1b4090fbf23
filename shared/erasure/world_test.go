package erasure_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/deletion"
	"github.com/vouch-s3/vouch/shared/erasure"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/quota"
	"github.com/vouch-s3/vouch/shared/receipt"
	"github.com/vouch-s3/vouch/shared/verify"
)

var began = time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)

// world is everything that an erasure reaches, in memory, with a clock of its own.
type world struct {
	filetest.Records
	policy policy.Policy
	key    *ecdsa.PrivateKey

	mu        sync.Mutex
	now       time.Time
	erasures  map[string]erasure.Erasure
	going     map[string]string       // the id of the erasure that goes on, by pseudonym
	stored    map[erasure.Stored]bool // what is in the bucket
	histories map[string]int          // events, by file
	owners    map[string]string       // of those, by file
	named     map[string]bool         // owners whose name is on their account
	running   map[string]erasure.Task // executions, by name; those that have ended stay
	ended     map[string]bool         // by name
	hidden    map[string]bool         // ids of records that the index does not show yet
	drift     quota.Usage             // what the counters say too much
	onWait    func(w *world)          // what happens during each wait
	steps     int                     // that the workflow has run
	calls     int                     // of anything, by the steps
	failAt    int                     // the call that fails; 0 for none
	late      bool                    // it fails after it has taken effect
}

func newWorld(t testing.TB) *world {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &world{
		policy: policy.Default(), key: key, now: began,
		erasures: map[string]erasure.Erasure{}, going: map[string]string{}, stored: map[erasure.Stored]bool{}, histories: map[string]int{}, owners: map[string]string{},
		named: map[string]bool{}, running: map[string]erasure.Task{}, ended: map[string]bool{}, hidden: map[string]bool{},
	}
}

var errFault = errors.New("AWS is away")

// call counts a call, and says whether it is to fail before it takes effect, or after.
func (w *world) call() (before, after error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	if w.calls != w.failAt {
		return nil, nil
	}
	if w.late {
		return nil, errFault
	}
	return errFault, nil
}

// faulty does do, or fails before or after it.
func (w *world) faulty(do func() error) error {
	before, after := w.call()
	if before != nil {
		return before
	}
	if err := do(); err != nil {
		return err
	}
	return after
}

func (w *world) locked(do func() error) func() error {
	return func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		return do()
	}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// --- the ledger

func (w *world) Begin(_ context.Context, e erasure.Erasure) (going erasure.Erasure, begun bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if id, ok := w.going[e.Pseudonym]; ok {
		return w.erasures[id], false, nil
	}
	w.going[e.Pseudonym], w.erasures[e.ID] = e.ID, e
	return e, true, nil
}

type ledger struct{ *world }

func (l ledger) Get(_ context.Context, id string) (e erasure.Erasure, err error) {
	err = l.faulty(l.locked(func() error {
		var ok bool
		if e, ok = l.erasures[id]; !ok {
			return erasure.ErrNotFound
		}
		return nil
	}))
	return e, err
}

func (l ledger) Save(_ context.Context, e erasure.Erasure) (erasure.Erasure, error) {
	err := l.faulty(l.locked(func() error {
		current := l.erasures[e.ID]
		ends := e.Status != erasure.Erasing
		if current.Revision != e.Revision || current.Status != erasure.Erasing || ends && current.KeepClosed != e.KeepClosed {
			return erasure.ErrMoved
		}
		e.KeepClosed = current.KeepClosed
		e.Revision++
		if ends {
			e.Owner = ""
			delete(l.going, e.Pseudonym)
		}
		l.erasures[e.ID] = e
		return nil
	}))
	return e, err
}

func (w *world) KeepClosed(_ context.Context, id string) (erasure.Erasure, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.erasures[id]
	if e.Status != erasure.Erasing {
		return e, erasure.ErrMoved
	}
	e.KeepClosed = true
	w.erasures[id] = e
	return e, nil
}

// --- accounts

type accounts struct{ *world }

func (a accounts) Close(ctx context.Context, owner string) error {
	return a.faulty(func() error { return a.Records.Close(ctx, owner) })
}

func (a accounts) Open(ctx context.Context, owner string) error {
	return a.faulty(func() error { return a.Records.Open(ctx, owner) })
}

func (a accounts) Forget(_ context.Context, owner string) error {
	return a.faulty(a.locked(func() error {
		if u := a.Usage(quota.Account{Kind: quota.Owner, Subject: owner}); !u.Zero() {
			return fmt.Errorf("the account uses %+v", u)
		}
		delete(a.named, owner)
		return nil
	}))
}

func (a accounts) Balance(_ context.Context, of quota.Account) (b quota.Balance, err error) {
	err = a.faulty(func() error { b.Usage = a.Usage(of).Plus(a.drift); return nil })
	return b, err
}

// --- records

type records struct{ *world }

func (r records) Get(ctx context.Context, id string) (f file.File, err error) {
	err = r.faulty(func() (err error) { f, err = r.Records.Get(ctx, id); return err })
	return f, err
}

func (r records) Change(ctx context.Context, id string, c file.Change) (f file.File, err error) {
	err = r.faulty(func() (err error) {
		f, err = r.Records.Change(ctx, id, c)
		if err == nil {
			r.add(id, 1)
		}
		return err
	})
	return f, err
}

func (r records) List(ctx context.Context, q file.Query) (files []file.File, next string, err error) {
	err = r.faulty(func() (err error) { files, next, err = r.Records.Page(ctx, q); return err })
	return r.shown(files), next, err
}

func (r records) Naming(ctx context.Context, owner, cursor string, limit int) (files []file.File, next string, err error) {
	err = r.faulty(func() (err error) { files, next, err = r.Records.Naming(ctx, owner, cursor, limit); return err })
	return r.shown(files), next, err
}

// shown leaves out what the index does not show yet.
func (r records) shown(files []file.File) []file.File {
	return slices.DeleteFunc(files, func(f file.File) bool { return r.hidden[f.ID] })
}

func (r records) Forget(ctx context.Context, f file.File, at, purgeAt time.Time) error {
	return r.faulty(func() error { return r.Records.Forget(ctx, f, at, purgeAt) })
}

// --- histories

func (w *world) add(id string, events int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.histories[id] += events
}

type histories struct{ *world }

func (h histories) Forget(_ context.Context, id string) (n int, err error) {
	err = h.faulty(h.locked(func() error {
		n = h.histories[id]
		delete(h.histories, id)
		return nil
	}))
	return n, err
}

// Naming lists one event for each file whose key is the owner's.
func (h histories) Naming(_ context.Context, owner, cursor string, limit int) (page []erasure.Event, next string, err error) {
	err = h.faulty(h.locked(func() error {
		for _, id := range slices.Sorted(maps.Keys(h.histories)) {
			if h.histories[id] > 0 && h.owners[id] == owner && id > cursor {
				page = append(page, erasure.Event{FileID: id, ID: "event"})
			}
		}
		if len(page) > bucketPage {
			page, next = page[:bucketPage], page[bucketPage-1].FileID
		}
		return nil
	}))
	return page, next, err
}

func (h histories) Remove(_ context.Context, e erasure.Event) error {
	return h.faulty(h.locked(func() error { delete(h.histories, e.FileID); return nil }))
}

// --- the bucket

type bucket struct{ *world }

// pages are small, so that there are some.
const bucketPage = 3

func (b bucket) list(prefix, cursor string, is func(erasure.Stored) bool) (page []erasure.Stored, next string, err error) {
	err = b.faulty(b.locked(func() error {
		var all []erasure.Stored
		for s := range b.stored {
			if is(s) && strings.HasPrefix(s.Key, prefix) && at(s) > cursor {
				all = append(all, s)
			}
		}
		slices.SortFunc(all, func(x, y erasure.Stored) int { return strings.Compare(at(x), at(y)) })
		page = all
		if len(all) > bucketPage {
			page, next = all[:bucketPage], at(all[bucketPage-1])
		}
		return nil
	}))
	return page, next, err
}

func at(s erasure.Stored) string { return s.Key + "\n" + s.VersionID + s.UploadID }

func (b bucket) Versions(_ context.Context, prefix, cursor string) ([]erasure.Stored, string, error) {
	return b.list(prefix, cursor, func(s erasure.Stored) bool { return s.VersionID != "" })
}

func (b bucket) Uploads(_ context.Context, prefix, cursor string) ([]erasure.Stored, string, error) {
	return b.list(prefix, cursor, func(s erasure.Stored) bool { return s.UploadID != "" })
}

func (b bucket) remove(is func(erasure.Stored) bool) error {
	return b.faulty(b.locked(func() error {
		maps.DeleteFunc(b.stored, func(s erasure.Stored, _ bool) bool { return is(s) })
		return nil
	}))
}

func (b bucket) DeleteVersion(_ context.Context, key, versionID string) error {
	return b.remove(func(s erasure.Stored) bool { return s.Key == key && s.VersionID == versionID })
}

func (b bucket) DeleteAll(_ context.Context, key string) error {
	return b.remove(func(s erasure.Stored) bool { return s.Key == key && s.VersionID != "" })
}

func (b bucket) AbortUploads(_ context.Context, key, _ string) error {
	return b.remove(func(s erasure.Stored) bool { return s.Key == key && s.UploadID != "" })
}

// put puts a version under a key.
func (w *world) put(key, versionID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stored[erasure.Stored{Key: key, VersionID: versionID}] = true
}

// --- the key

func (w *world) Sign(_ context.Context, digest [sha256.Size]byte) (der []byte, err error) {
	err = w.faulty(func() (err error) { der, err = ecdsa.SignASN1(rand.Reader, w.key, digest[:]); return err })
	return der, err
}

func (w *world) PublicKey(context.Context) (*ecdsa.PublicKey, error) { return &w.key.PublicKey, nil }

func (w *world) keys(t testing.TB) receipt.Keys {
	t.Helper()
	k, err := receipt.NewKey(&w.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return receipt.Keys{k.ID: &w.key.PublicKey}
}

// --- the workflow

func (w *world) StartErasure(_ context.Context, name string, t erasure.Task) error {
	return w.faulty(w.locked(func() error {
		was, known := w.running[name]
		if known && (w.ended[name] || was != t) {
			return verify.ErrAlreadyEnded
		}
		w.running[name] = t
		return nil
	}))
}

func (w *world) starter() erasure.Starter {
	return erasure.Starter{Ledger: full{w, ledger{w}}, Workflow: w, Now: w.clock}
}

// full is the whole of a ledger.
type full struct {
	*world
	l ledger
}

func (f full) Get(ctx context.Context, id string) (erasure.Erasure, error) { return f.l.Get(ctx, id) }

func (f full) Save(ctx context.Context, e erasure.Erasure) (erasure.Erasure, error) {
	return f.l.Save(ctx, e)
}

const pause = 10 * time.Second

func (w *world) eraser() erasure.Eraser {
	return erasure.Eraser{
		Ledger: full{w, ledger{w}}, Records: records{w}, Histories: histories{w}, Bucket: bucket{w},
		Deleter:  deletion.Deleter{Records: records{w}, Objects: bucket{w}, Uploads: bucket{w}, Policy: w.policy, Now: w.clock},
		Workflow: w, Policy: w.policy, Now: w.clock, Pause: pause,
	}
}

func (w *world) prover() erasure.Prover {
	return erasure.Prover{
		Ledger: full{w, ledger{w}}, Accounts: accounts{w}, Records: records{w}, Events: histories{w}, Contents: bucket{w}, Balances: accounts{w},
		Issuer: erasure.Signed{Signer: w, Bucket: "vouch"}, Now: w.clock, Pause: pause,
	}
}

// retries is how often the workflow of these tests tries a step.
const retries = 3

// step runs a step as the state machine does: tried again, and caught.
func (w *world) step(t *testing.T, run func(context.Context, erasure.Task) (erasure.Step, error), in erasure.Task) erasure.Step {
	t.Helper()
	w.steps++
	if w.steps > 10_000 {
		t.Fatal("the erasure comes to no end")
	}
	for range retries {
		out, err := erasure.Lambda(run)(t.Context(), in)
		if err == nil {
			return out
		}
	}
	return erasure.Step{Task: in, Next: erasure.Fail}
}

// run does what statemachines/erase-owner.asl.json does, for every execution that is
// started, until none runs.
func (w *world) run(t *testing.T) {
	t.Helper()
	for {
		name := ""
		for n := range w.running {
			if !w.ended[n] {
				name = n
			}
		}
		if name == "" {
			return
		}
		at := w.step(t, w.prover().Look, w.running[name])
		for at.Next == erasure.Erase || at.Next == erasure.Prove {
			w.mu.Lock()
			w.now = w.now.Add(time.Duration(at.Wait) * time.Second)
			w.mu.Unlock()
			if at.Wait > 0 && w.onWait != nil {
				w.onWait(w)
			}
			if at.Next == erasure.Erase {
				at = w.step(t, w.eraser().Page, at.Task)
			} else {
				at = w.step(t, w.prover().Look, at.Task)
			}
		}
		if at.Next == erasure.Fail {
			w.step(t, erasure.Failer{Ledger: full{w, ledger{w}}, Now: w.clock}.Fail, at.Task)
		}
		w.ended[name] = true
	}
}

// erase erases the owner, and returns what that came to.
func (w *world) erase(t *testing.T, owner string, keepClosed bool) erasure.Erasure {
	t.Helper()
	e, err := w.starter().Start(t.Context(), owner, keepClosed)
	if err != nil {
		t.Fatal(err)
	}
	w.run(t)
	return w.erasures[e.ID]
}

// file adds a file of the owner with all that one has by then.
func (w *world) file(t *testing.T, owner string, s file.Status, m file.Method, created time.Time) file.File {
	t.Helper()
	id, err := file.NewID()
	if err != nil {
		t.Fatal(err)
	}
	f := file.File{
		ID: id, Owner: owner, Filename: "secret of " + owner + ".txt", Method: m, ContentType: "text/plain", Size: 5, Status: file.Pending,
		ChecksumSHA256: "secret checksum", Key: file.Key(owner, id), CreatedAt: created, UpdatedAt: created,
		UploadExpiresAt: created.Add(w.policy.UploadLife), Counted: "owner", Revision: 1,
		Grants: []file.Grant{{Grantee: file.Grantee{Type: file.Subject, Name: "secret friend"}, Level: file.Read}},
	}
	if m == file.Multipart {
		f.PartSize, f.UploadID, f.UploadExpiresAt = 5<<20, "upload "+id, created.Add(w.policy.Multipart.Life)
		w.stored[erasure.Stored{Key: f.Key, UploadID: f.UploadID}] = true
	}
	if err := w.Create(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	w.named[owner] = true
	w.owners[id] = owner
	w.add(id, 1)
	change := func(c file.Change) {
		t.Helper()
		c.At = created
		if f, err = w.Records.Change(t.Context(), id, c); err != nil {
			t.Fatal(err)
		}
		w.add(id, 1)
	}
	object := file.Object{Key: f.Key, VersionID: "v1", ETag: "secret etag", Size: 5}
	verdict := &file.Verdict{Outcome: file.Clean, Findings: []file.Finding{{Code: file.Malformed, Where: "secret entry"}}}
	path := map[file.Status][]file.Change{
		file.Uploaded:  {{To: file.Uploaded, Object: &object}},
		file.Verifying: {{To: file.Uploaded, Object: &object}, {To: file.Verifying}},
		file.Ready:     {{To: file.Uploaded, Object: &object}, {To: file.Verifying}, {To: file.Ready, Verdict: verdict, Receipt: "secret receipt"}},
		file.Rejected:  {{To: file.Uploaded, Object: &object}, {To: file.Verifying}, {To: file.Rejected, Reason: file.Malformed, Verdict: verdict}},
		file.Expired:   {{To: file.Expired}},
		file.Deleted:   {{To: file.Deleted}},
	}
	for _, c := range path[s] {
		if c.Object != nil {
			w.put(f.Key, "v1")
			delete(w.stored, erasure.Stored{Key: f.Key, UploadID: f.UploadID})
		}
		change(c)
	}
	return f
}
