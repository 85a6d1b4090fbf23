package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// The limits of a call to the API. The longest answer is that for 1,000 parts.
const (
	maxAnswer   = 8 << 20 // bytes
	callTimeout = 60 * time.Second
)

// call is one request to the API.
type call struct {
	doing  string // for errors
	method string
	path   string // behind the base URL, escaped
	header map[string]string
	body   any // encoded as JSON; nil for none
}

// answer is what the API answers to a call that succeeded.
type answer struct {
	status int
	header http.Header
	body   []byte
	at     time.Time // when it came, by the clock here
}

// do sends a call, again where that can help, and decodes the answer into out
// unless it is nil.
func (c *Client) do(ctx context.Context, in call, out any) (answer, error) {
	var body []byte
	if in.body != nil {
		var err error
		if body, err = json.Marshal(in.body); err != nil {
			return answer{}, fmt.Errorf("%s: encode the request: %w", in.doing, err)
		}
	}
	var a answer
	err := c.again(ctx, in.doing, func() (err error) {
		a, err = c.send(ctx, in, body)
		if p, ok := errors.AsType[*Problem](err); ok && p.StatusCode == http.StatusUnauthorized {
			a, err = c.send(ctx, in, body) // the token may have run out on the way
		}
		return err
	})
	if err != nil {
		return answer{}, interrupted(ctx, err)
	}
	if out != nil && a.status != http.StatusNotModified {
		if err := json.Unmarshal(a.body, out); err != nil {
			return answer{}, fmt.Errorf("%s: read the answer: %w", in.doing, err)
		}
	}
	return a, nil
}

// send sends a call once. The error is a *Problem where the API answers one.
func (c *Client) send(ctx context.Context, in call, body []byte) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, in.method, c.base+in.path, bytes.NewReader(body))
	if err != nil {
		return answer{}, fmt.Errorf("make the request: %w", unnamed(err))
	}
	req.Header.Set("User-Agent", c.userAgent)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range in.header {
		req.Header.Set(name, value)
	}
	if err := c.authenticate(req, body); err != nil {
		return answer{}, err
	}
	limited, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	resp, err := c.http.Do(req.WithContext(limited))
	if err != nil {
		return answer{}, cut(ctx, err)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header, at: time.Now()}
	if a.body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1)); err != nil {
		return answer{}, cut(ctx, err)
	}
	switch {
	case len(a.body) > maxAnswer:
		return answer{}, fmt.Errorf("the answer has over %d bytes", maxAnswer)
	case a.status == http.StatusNotModified, a.status >= 200 && a.status < 300:
		return a, nil
	}
	return answer{}, problemOf(a.status, a.header, a.body, a.at)
}

// authenticate says in a request who makes it, by a token or a signature.
func (c *Client) authenticate(r *http.Request, body []byte) error {
	if c.signer != nil {
		return c.signer.sign(r, body)
	}
	token, err := c.token(r.Context())
	if err != nil {
		return fmt.Errorf("get a token: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return nil
}

// pathOf returns the path of a file, and of what is below it. An id that cannot
// be one is of no file, and must not become a path to something else.
func pathOf(id string, below ...string) (string, error) {
	if err := checkID(id); err != nil {
		return "", err
	}
	return "/files/" + id + strings.Join(below, ""), nil
}

func checkID(id string) error {
	for _, r := range id {
		if !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-') {
			return fmt.Errorf("%q is no file's id: %w", id, ErrNotFound)
		}
	}
	if id == "" {
		return fmt.Errorf("the file's id is empty: %w", ErrNotFound)
	}
	return nil
}
