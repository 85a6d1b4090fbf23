package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// latency sends n small files, some at a time, and prints how long each took
// from the end of its PUT to its end state, as a client that polls sees it.
func (b bench) latency(ctx context.Context, n, atOnce int) error {
	token, err := b.stack.Token("bench", time.Hour)
	if err != nil {
		return err
	}
	c := client{api: b.stack.APIURL(), token: token}
	if _, err := c.send(ctx, 1000); err != nil { // warms the functions up
		return err
	}
	var (
		mu    sync.Mutex
		took  []time.Duration
		first error
		wg    sync.WaitGroup
		slots = make(chan struct{}, atOnce)
	)
	for range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			d, err := c.send(ctx, 1000)
			mu.Lock()
			defer mu.Unlock()
			if err != nil && first == nil {
				first = err
			}
			took = append(took, d)
		})
	}
	wg.Wait()
	if first != nil {
		return first
	}
	slices.Sort(took)
	at := func(p float64) time.Duration { return took[min(int(p*float64(n)), n-1)].Round(time.Millisecond) }
	fmt.Fprintf(b.out, "| 1 KB | %d | %d | %v | %v | %v |\n", n, atOnce, at(0.5), at(0.99), took[n-1].Round(time.Millisecond))
	return nil
}

// client is somebody who uploads.
type client struct{ api, token string }

// send sends one file of random bytes, and returns how long it took from the
// end of the PUT until the file was ready.
func (c client) send(ctx context.Context, size int) (time.Duration, error) {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(rand.Uint32())
	}
	data[0] = 0x9b
	var f struct {
		ID, Status string
		Upload     struct {
			URL     string
			Headers map[string]string
		}
	}
	body := fmt.Sprintf(`{"filename":"a.bin","contentType":"application/octet-stream","size":%d}`, size)
	if err := c.do(ctx, http.MethodPost, c.api+"/files", []byte(body), nil, &f); err != nil {
		return 0, err
	}
	if err := c.do(ctx, http.MethodPut, f.Upload.URL, data, f.Upload.Headers, nil); err != nil {
		return 0, err
	}
	sent := time.Now()
	for time.Since(sent) < time.Minute {
		if err := c.do(ctx, http.MethodGet, c.api+"/files/"+f.ID, nil, nil, &f); err != nil {
			return 0, err
		}
		switch f.Status {
		case "ready":
			return time.Since(sent), nil
		case "rejected", "expired", "deleted":
			return 0, fmt.Errorf("file %s is %s", f.ID, f.Status)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return 0, fmt.Errorf("file %s is still %s", f.ID, f.Status)
}

func (c client) do(ctx context.Context, method, url string, body []byte, headers map[string]string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if headers == nil {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, value := range headers {
		if name != "Content-Length" { // net/http sends it by itself
			req.Header.Set(name, value)
		}
	}
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
		return fmt.Errorf("%s: %s %s", method, resp.Status, answer)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}
