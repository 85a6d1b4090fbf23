package clamd

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// retryEvery is the time between two attempts to connect to a daemon that is
// still loading.
const retryEvery = 250 * time.Millisecond

// Ready returns once the daemon takes connections, which clamd does when it has
// loaded its signatures. It waits while connections are refused, for as long as
// wait at the most; any other failure to connect is an error at once.
func (c Client) Ready(ctx context.Context, wait time.Duration) error {
	deadline, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		_, hangUp, err := dial(ctx, c.Addr)
		if err == nil {
			hangUp()
			return nil
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return err
		}
		select {
		case <-deadline.Done():
			return errors.Join(fmt.Errorf("wait %v for clamd: %w", wait, err), context.Cause(ctx))
		case <-time.After(retryEvery):
		}
	}
}
