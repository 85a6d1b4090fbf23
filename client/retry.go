package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// The bounds of the time between two tries.
const (
	firstDelay   = 200 * time.Millisecond
	longestDelay = 20 * time.Second
	longestAsked = 2 * time.Minute // a Retry-After above is not waited out
)

// fullJitter returns a random time of up to firstDelay doubled retry times.
func fullJitter(retry int) time.Duration {
	limit := longestDelay
	if retry < 16 {
		limit = min(limit, firstDelay<<retry)
	}
	return time.Duration(rand.Int64N(int64(limit) + 1)) // #nosec G404 -- nobody gains by knowing it
}

// retryAfter reads a Retry-After field (RFC 9110, 10.2.3), as seconds or as a
// date; 0 where there is none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	field := h.Get("Retry-After")
	if field == "" {
		return 0
	}
	var after time.Duration
	if seconds, err := strconv.ParseInt(field, 10, 32); err == nil {
		after = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(field); err == nil {
		after = at.Sub(now)
	}
	return min(max(after, 0), longestAsked)
}

// passing reports whether err may be gone at the next try, and the least time
// to wait until then.
func passing(err error) (after time.Duration, ok bool) {
	if _, is := errors.AsType[*spentError](err); is {
		return 0, false
	}
	if p, is := errors.AsType[*Problem](err); is {
		if p.Code() == tooManyUploads { // a 429 that lasts until midnight
			return 0, false
		}
		return p.retryAfter, p.StatusCode >= 500 || p.StatusCode == http.StatusTooManyRequests || p.StatusCode == http.StatusRequestTimeout ||
			p.Code() == "idempotency-in-progress" // a try whose answer was lost is still being carried out
	}
	if s, is := errors.AsType[*StorageError](err); is {
		switch {
		case s.StatusCode >= 500, s.StatusCode == http.StatusTooManyRequests, s.StatusCode == http.StatusRequestTimeout,
			s.StatusCode == http.StatusConflict,                                           // another request for the same object is under way
			s.Code == "RequestTimeout", s.Code == "IncompleteBody", s.Code == "BadDigest": // 400: the bytes did not arrive, or not as they were
			return s.retryAfter, true
		}
		return 0, false
	}
	_, ok = errors.AsType[*connectionError](err)
	return 0, ok
}

// connectionError says that a request had no answer, or not all of one.
type connectionError struct{ err error }

func (e *connectionError) Error() string { return e.err.Error() }
func (e *connectionError) Unwrap() error { return e.err }

// cut returns the error of a request that had no answer, without its URL. What
// ended because ctx did, or will fail at every try, is not passing.
func cut(ctx context.Context, err error) error {
	err = unnamed(err)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return err
	}
	return &connectionError{err}
}

// interrupted makes an error that came of the end of ctx wrap ctx.Err() too, for the
// cause of that end may be another: signal.NotifyContext has one of its own.
func interrupted(ctx context.Context, err error) error {
	if end := ctx.Err(); end != nil && errors.Is(err, context.Cause(ctx)) && !errors.Is(err, end) {
		return fmt.Errorf("%w: %w", end, err)
	}
	return err
}

// unnamed takes the URL out of an error: a presigned URL is a secret, and errors
// are logged.
func unnamed(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// spentError is what was tried as often as it may be. What it is part of is not
// tried again for it.
type spentError struct{ err error }

func (e *spentError) Error() string { return e.err.Error() }
func (e *spentError) Unwrap() error { return e.err }

// again calls try until it succeeds or fails for good, at most c.retries times
// more. doing says what is tried, for errors and the log.
func (c *Client) again(ctx context.Context, doing string, try func() error) error {
	return c.onwards(ctx, doing, func() (bool, error) { return false, try() })
}

// onwards is again for what goes on where it stopped: a try that has moved something
// is no failed one.
func (c *Client) onwards(ctx context.Context, doing string, try func() (moved bool, err error)) error {
	for retry := 0; ; retry++ {
		moved, err := try()
		if err == nil {
			return nil
		}
		if moved {
			retry = 0
		}
		after, ok := passing(err)
		if !ok || ctx.Err() != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		if retry >= c.retries {
			if retry > 0 {
				doing += fmt.Sprintf(", tried %d times", retry+1)
			}
			return &spentError{fmt.Errorf("%s: %w", doing, err)}
		}
		delay := after + c.backoff(retry)
		c.log.Debug("tried again", "doing", doing, "retry", retry+1, "in", delay, "error", err.Error())
		if err := sleep(ctx, delay); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
	}
}

// sleep waits for d, or fails with ctx.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
