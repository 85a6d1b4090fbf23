package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/vouch-s3/vouch/shared/api"
	"github.com/vouch-s3/vouch/shared/file"
)

// client is somebody with a token, who tries again as long as it makes sense.
type client struct {
	api, token string
	operator   string // the administrator's token
	http       *http.Client

	count func(Fault)                                // what a client does that is worth a line of the report
	lapse func(ctx context.Context, id string) error // has the time of an upload in parts pass
}

// problem is an answer that refuses (RFC 9457).
type problem struct{ Type, Detail string }

// is reports whether the problem is of the kind that a code names.
func (p problem) is(code file.Code) bool { return p.Type == api.ProblemTypePrefix+string(code) }

// attempts and pause bound how long a client tries: longer than a stack takes
// to start again.
const (
	attempts = 60
	pause    = 400 * time.Millisecond
)

// errGaveUp says that a call came to nothing within its attempts, and may have
// been carried out or not.
var errGaveUp = errors.New("gave up")

// call calls the API until it answers with something that is no fault of its
// own, and decodes the answer into out if that is not nil and the call went well.
func (c client) call(ctx context.Context, rng *rand.Rand, method, path string, in, out any) (status int, err error) {
	status, _, err = c.ask(ctx, rng, method, path, in, out)
	return status, err
}

// ask is call, with what the API says where it refuses.
func (c client) ask(ctx context.Context, rng *rand.Rand, method, path string, in, out any) (status int, refused problem, err error) {
	var body []byte
	if in != nil {
		if body, err = json.Marshal(in); err != nil {
			return 0, problem{}, err
		}
	}
	for range attempts {
		status, answer, err := c.once(ctx, method, path, body)
		if err == nil && status < 500 && status != http.StatusTooManyRequests {
			into := out
			if status >= 400 {
				into = &refused
			}
			if into != nil && len(answer) > 0 {
				if err := json.Unmarshal(answer, into); err != nil {
					return 0, problem{}, fmt.Errorf("%s %s answered %d %s: %w", method, path, status, answer, err)
				}
			}
			return status, refused, nil
		}
		if err := wait(ctx, rng); err != nil {
			return 0, problem{}, err
		}
	}
	return 0, problem{}, fmt.Errorf("%s %s: %w", method, path, errGaveUp)
}

func (c client) once(ctx context.Context, method, path string, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.api+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// wait waits for about pause.
func wait(ctx context.Context, rng *rand.Rand) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration((0.5 + rng.Float64()) * float64(pause))):
		return nil
	}
}

// instructions are how bytes are to be sent.
type instructions struct {
	Method, URL string
	Headers     map[string]string
}

// put sends data by a presigned URL once. An error leaves open whether S3 has it.
func (c client) put(ctx context.Context, to instructions, data []byte) (status int, err error) {
	status, _, err = c.send(ctx, to, bytes.NewReader(data), len(data))
	return status, err
}

// send is put of a body that says it has length bytes, and returns S3's ETag.
func (c client) send(ctx context.Context, to instructions, body io.Reader, length int) (status int, etag string, err error) {
	req, err := http.NewRequestWithContext(ctx, to.Method, to.URL, body)
	if err != nil {
		return 0, "", err
	}
	req.ContentLength = int64(length)
	for name, value := range to.Headers {
		if name != "Content-Length" { // net/http sends it by itself, as browsers do
			req.Header.Set(name, value)
		}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, resp.Header.Get("ETag"), err
}

// get gets a URL of S3 until it is answered by S3 itself.
func (c client) get(ctx context.Context, rng *rand.Rand, url string) (status int, body []byte, err error) {
	for range attempts {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return 0, nil, err
		}
		resp, err := c.http.Do(req)
		if err == nil {
			body, err = io.ReadAll(resp.Body)
			resp.Body.Close()
			if err == nil && resp.StatusCode < 500 {
				return resp.StatusCode, body, nil
			}
		}
		if err := wait(ctx, rng); err != nil {
			return 0, nil, err
		}
	}
	return 0, nil, fmt.Errorf("GET of a presigned URL: %w", errGaveUp)
}
