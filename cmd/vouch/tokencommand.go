package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// tokenCommand is a program that prints a token. It is asked again shortly before
// the token runs out.
type tokenCommand struct {
	args []string
	now  func() time.Time

	mu    sync.Mutex
	token string
	until time.Time // when it is asked again
}

// ahead is how long before its end a token is not used any more.
const ahead = time.Minute

// unknownLife is for how long a token is used that does not say when it ends.
const unknownLife = time.Minute

func (c *tokenCommand) get(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now().Before(c.until) {
		return c.token, nil
	}
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...) // #nosec G204 -- the user's own configuration, and no shell
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%w: tokenCommand: %w", errToken, err)
	}
	token, err := checkToken(string(out), "what tokenCommand prints")
	if err != nil {
		return "", err
	}
	c.token, c.until = token, c.now().Add(unknownLife)
	if end, ok := expiry(token); ok {
		c.until = end.Add(-ahead)
	}
	return token, nil
}

// expiry is when a token says that it ends, if it is a JWT that does (RFC 7519,
// 4.1.4). Nothing is verified: it is only used not to ask for another too often.
func expiry(token string) (time.Time, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}, false
	}
	var claims struct {
		Expires float64 `json:"exp"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil || claims.Expires <= 0 || claims.Expires > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(int64(claims.Expires), 0), true
}
