package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

var (
	// errInterrupted is why a context ends on a signal.
	errInterrupted = errors.New("interrupted")

	// errTimedOut is why a context ends when --timeout has passed.
	errTimedOut = errors.New("there was no verdict in the time that --timeout gives; verification goes on, and vouch status ID --watch waits for it again")
)

// interruptible returns a context that the first SIGINT or SIGTERM ends, with
// errInterrupted as its cause. The second ends the process there and then: what
// was begun is in the journal by then as well.
func interruptible(stderr io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case <-done:
			return
		case <-signals:
			cancel(errInterrupted)
		}
		select {
		case <-done:
		case <-signals:
			fmt.Fprintln(stderr)
			os.Exit(int(exitInterrupted))
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	}
}

// patience returns a context that ends with errTimedOut some time after begin
// is called first; never, if that time is 0.
func patience(parent context.Context, wait time.Duration) (ctx context.Context, begin, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	if wait <= 0 {
		return ctx, func() {}, func() { cancel(nil) }
	}
	timer := time.AfterFunc(1<<62, func() { cancel(errTimedOut) })
	begun := false
	return ctx, func() {
		if !begun {
			begun = true
			timer.Reset(wait)
		}
	}, func() { timer.Stop(); cancel(nil) }
}
