package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// caller is somebody who calls the API with the bench's token.
type caller struct{ api, token string }

func (b bench) caller() (caller, error) {
	token, err := b.stack.Token("bench", 6*time.Hour)
	return caller{api: b.stack.APIURL(), token: token}, err
}

// do calls the API.
func (c caller) do(ctx context.Context, method, path string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.api+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	return send(req, into)
}

// send sends a request, and reads its answer, which is not to be an error.
func send(req *http.Request, into any) error {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s: %s %s", req.Method, resp.Status, answer)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}
