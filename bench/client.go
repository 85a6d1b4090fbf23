package main

import (
	"time"

	"github.com/vouch-s3/vouch/client"
)

// client is the Go client of somebody at the stack. Its connections are to be closed.
func (b bench) client() (*client.Client, error) {
	token, err := b.stack.Token("bench", 6*time.Hour)
	if err != nil {
		return nil, err
	}
	return client.New(b.stack.APIURL(), client.StaticToken(token))
}
