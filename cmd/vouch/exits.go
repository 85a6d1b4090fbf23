package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/vouch-s3/vouch/client"
	"github.com/vouch-s3/vouch/shared/file"
)

// exit is what the process answers to whoever started it. The numbers are part
// of the interface.
type exit int

// The exits.
const (
	exitOK           exit = 0
	exitError        exit = 1
	exitUsage        exit = 2
	exitRejected     exit = 3
	exitNotFound     exit = 4
	exitUnauthorised exit = 5
	exitNotReady     exit = 6
	exitChanged      exit = 7
	exitRefused      exit = 8
	exitInterrupted  exit = 130 // 128 and the number of SIGINT, as shells have it
)

// exits are all of them, the gravest first, as `vouch help exit-codes` and
// docs/cli.md show them. Of several files the gravest exit counts: what was
// found in a file before what kept another from being sent.
var exits = []struct {
	exit
	when string
}{
	{exitInterrupted, "interrupted by Ctrl-C or SIGTERM; the same command goes on"},
	{exitRejected, "rejected: verification refused the file, a receipt does not hold, or other bytes came than were verified"},
	{exitUnauthorised, "no token, one that has run out, or one without the scope; or a file that was shared with you for less"},
	{exitChanged, "a local file was changed while it was read"},
	{exitError, "any other error"},
	{exitRefused, "refused before anything was sent: by policy (type, size, name, method, time), by a quota, for a closed account, or as a grant that cannot be"},
	{exitNotFound, "there is no such file, or it is somebody else's"},
	{exitNotReady, "the file is not ready, or was not in the time given by --timeout"},
	{exitUsage, "the command was not given as it must be"},
	{exitOK, "all is well"},
}

// graver returns the graver of two exits.
func graver(a, b exit) exit {
	for _, e := range exits {
		if e.exit == a || e.exit == b {
			return e.exit
		}
	}
	return exitError
}

// exitOf says how the process ends with err.
func exitOf(err error) exit {
	if err == nil {
		return exitOK
	}
	if several, ok := errors.AsType[*severalError](err); ok {
		return several.exit
	}
	if rejected, ok := errors.AsType[*client.RejectedError](err); ok {
		return exitOfStatus(rejected.File.Status)
	}
	if unready, ok := errors.AsType[*notReadyError](err); ok {
		return exitOfStatus(unready.file.Status)
	}
	switch {
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case isUsage(err):
		return exitUsage
	case errors.Is(err, client.ErrSourceChanged):
		return exitChanged
	case errors.Is(err, errTimedOut):
		return exitNotReady
	case errors.Is(err, errToken), errors.Is(err, errCredentials):
		return exitUnauthorised
	case errors.Is(err, errReceipt), errors.Is(err, client.ErrCorrupt):
		return exitRejected
	}
	if problem, ok := errors.AsType[*client.Problem](err); ok {
		return exitOfProblem(problem)
	}
	return exitError
}

func exitOfProblem(p *client.Problem) exit {
	if errors.Is(p, client.ErrQuota) || errors.Is(p, client.ErrAccountClosed) { // which come as 403 and 429
		return exitRefused
	}
	switch p.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return exitUnauthorised
	case http.StatusUnprocessableEntity:
		return exitRefused
	}
	switch file.Code(p.Code()) {
	case file.CodeNotFound, file.CodeNoErasure:
		return exitNotFound
	case file.CodeNotReady, file.CodeNotUploaded, file.CodeClosed:
		return exitOfStatus(p.FileStatus)
	}
	return exitError
}

// exitOfStatus is for a file that is not ready.
func exitOfStatus(s client.Status) exit {
	if s == client.StatusRejected {
		return exitRejected
	}
	return exitNotReady
}

// severalError stands for the errors of several files, each of which has been
// told already.
type severalError struct{ exit exit }

func (e *severalError) Error() string { return "not all of it went well" }

// usageError says that the command was not given as it must be.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(text string) error { return usageError{errors.New(text)} }

func isUsage(err error) bool {
	_, ok := errors.AsType[usageError](err)
	return ok
}

// cause puts the reason for which ctx ended in the place of an error that says
// only that it did.
func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return context.Cause(ctx)
	}
	return err
}
