package chaos

import (
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// keeping is what is done about how long a file is kept. All times are from when its
// upload was asked for; 0 is for never.
type keeping struct {
	setIn, lasts      time.Duration // when its owner says that it ends, and how much later that is
	holdIn, releaseIn time.Duration // when an administrator puts it on hold, and releases it
}

// operator is the administrator.
const operator = "operator"

// keeping writes what is done, from a sequence of its own. A file in parts is given no
// end: what its client would be refused then is another story.
func (s *script) keeping(rng *rand.Rand) {
	if rng.IntN(7) == 0 && s.parts == nil {
		s.keeps.setIn = time.Duration(1 + rng.Int64N(int64(4*time.Second)))
		s.keeps.lasts = 2*time.Second + time.Duration(rng.Int64N(int64(5*time.Second)))
	}
	if rng.IntN(7) == 0 {
		s.keeps.holdIn = time.Duration(1 + rng.Int64N(int64(8*time.Second)))
		if rng.IntN(2) == 0 {
			s.keeps.releaseIn = s.keeps.holdIn + time.Duration(1+rng.Int64N(int64(4*time.Second)))
		}
	}
}

// kept is what is known of it in the end.
type kept struct {
	ending   bool      // an end was asked for
	until    time.Time // and acknowledged
	holding  bool      // a hold was asked for
	held     bool      // and acknowledged, and no release was asked for since
	released bool      // it was acknowledged that it is on no hold any more
}

// holding reports whether the file may be on hold.
func (h *history) holding() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.keptAs.holding
}

// end says when the file ends.
func (h *history) end(ctx context.Context, c client, rng *rand.Rand) {
	until := time.Now().Add(h.keeps.lasts).UTC().Truncate(time.Millisecond)
	h.mu.Lock()
	h.keptAs.ending = true
	h.mu.Unlock()
	status, refused, err := c.ask(ctx, rng, http.MethodPut, "/files/"+h.id+"/retention", map[string]any{"expiresAt": until}, nil)
	switch {
	case err != nil:
	case status == http.StatusOK:
		h.mu.Lock()
		h.keptAs.until = until
		h.mu.Unlock()
	case refused.is(file.CodeClosed): // deleted, or over: an attempt before was carried out
	case refused.is(file.CodeInvalidExpiry) && time.Now().After(until): // it took too long to be heard
	default:
		h.fault("saying when it ends answered %d %s", status, refused.Type)
	}
}

// holds puts the file on hold, and releases it.
func (h *history) holds(ctx context.Context, c client, rng *rand.Rand) {
	c.token = c.operator
	reason := map[string]any{"reason": "chaos"}
	h.after(ctx, h.keeps.holdIn, func() {
		h.mu.Lock()
		h.keptAs.holding = true
		h.mu.Unlock()
		status, refused, err := c.ask(ctx, rng, http.MethodPut, "/admin/holds/"+h.id, reason, nil)
		switch {
		case err != nil:
		case status == http.StatusOK || status == http.StatusCreated:
			h.mu.Lock()
			h.keptAs.held = true
			h.mu.Unlock()
		case refused.is(file.CodeNotUploaded), refused.is(file.CodeClosed):
		default:
			h.fault("putting it on hold answered %d %s", status, refused.Type)
		}
	})
	if h.keeps.releaseIn == 0 {
		return
	}
	h.after(ctx, h.keeps.releaseIn-h.keeps.holdIn, func() {
		h.mu.Lock()
		h.keptAs.held = false
		h.mu.Unlock()
		status, err := c.call(ctx, rng, http.MethodDelete, "/admin/holds/"+h.id, reason, nil)
		switch {
		case err != nil:
		case status != http.StatusNoContent:
			h.fault("its release answered %d", status)
		default:
			h.mu.Lock()
			h.keptAs.released = true
			h.mu.Unlock()
		}
	})
}

// ends says which ends of those that are right remain, or come besides, for how long
// the file was to be kept.
func (k kept) ends(right []file.Status) []file.Status {
	switch {
	case k.held:
		return slices.DeleteFunc(right, func(s file.Status) bool { return s == file.Deleted })
	case !k.until.IsZero() && (!k.holding || k.released):
		return []file.Status{file.Deleted, file.Expired} // what never came may have expired before
	case k.ending:
		return append(right, file.Deleted)
	}
	return right
}

// keeps holds a file that was put on hold to what that says.
func (j *judge) keeps(h *history, f file.File) {
	if !h.keptAs.held {
		return
	}
	if f.Hold == nil || f.Status == file.Deleted {
		j.broken(NoneHeldGone, h.id, h.number, "it was put on hold, and is %s, on hold %v", f.Status, f.Hold != nil)
	}
	if !slices.Contains(j.found.versions, version{f.Key, f.VersionID}) {
		j.broken(NoneHeldGone, h.id, h.number, "it was put on hold, and its version is gone")
	}
}
