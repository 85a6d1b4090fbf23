package emulator

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// initReport is what the emulator says of every start of the function, from before
// its process is made to its first call for work. (The "Init Duration" of its REPORT
// lines is none: it is how long the emulator took to ask for the start.)
var initReport = regexp.MustCompile(`INIT REPORT\(durationMs: ([0-9.]+)\)`)

// Inits returns how long each start of the function took that there has been.
func (e *Emulator) Inits() ([]time.Duration, error) {
	var all []time.Duration
	for _, m := range initReport.FindAllStringSubmatch(e.Output(), -1) {
		ms, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return nil, fmt.Errorf("read %q: %w", m[0], err)
		}
		all = append(all, time.Duration(ms*float64(time.Millisecond)))
	}
	if len(all) == 0 {
		return nil, errors.New("the function has not been started")
	}
	return all, nil
}

// Init starts the function, as its first invocation does, and returns how long that
// took. What it is invoked with it need not answer.
func (e *Emulator) Init(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	go e.Invoke(ctx, []byte("{}")) // its error, if there is one, is told by what follows
	for {
		if inits, err := e.Inits(); err == nil {
			if strings.Contains(e.Output(), "INIT RTDONE(status: error)") {
				return 0, fmt.Errorf("the function does not start:\n%s", e.Output())
			}
			return inits[0], nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("the function does not start: %w\n%s", ctx.Err(), e.Output())
		case <-time.After(5 * time.Millisecond):
		}
	}
}
