package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
)

// known is what the application knows of a file: what it needs of the event, and no
// more, so that an event may grow.
type known struct {
	FileID      string `json:"fileId" dynamodbav:"fileId"`
	Revision    int64  `json:"revision" dynamodbav:"revision"`
	Status      string `json:"status" dynamodbav:"status"` // ready or rejected
	Owner       string `json:"owner" dynamodbav:"owner"`
	Tenant      string `json:"tenant" dynamodbav:"tenant,omitempty"`
	ContentType string `json:"contentType" dynamodbav:"contentType"`
	Size        int64  `json:"size" dynamodbav:"size"` // bytes

	// Bucket, Key and VersionID name the one object version that was verified. What
	// reads a file reads by all three.
	Bucket    string `json:"bucket" dynamodbav:"bucket"`
	Key       string `json:"key" dynamodbav:"key"`
	VersionID string `json:"versionId" dynamodbav:"versionId"`
}

// keeper keeps what is known of a file, unless it knows as much already: then news is
// false.
type keeper interface {
	keep(ctx context.Context, f known) (news bool, err error)
}

// handler returns the function's handler. It is given an event at least once: again
// by EventBridge and Lambda with the same id, and, seldom, again by Vouch with another
// id. The file's revision tells both, and also which of two that overtook each other
// is how the file stands. An error has the event tried again, and then put into the
// dead-letter queue.
func handler(k keeper) func(context.Context, events.EventBridgeEvent) error {
	return func(ctx context.Context, e events.EventBridgeEvent) error {
		log := slog.With("eventId", e.ID)
		f, err := read(e)
		if err != nil {
			log.ErrorContext(ctx, "the event cannot be read", "error", err.Error())
			return err
		}
		log = log.With("fileId", f.FileID, "revision", f.Revision, "status", f.Status)
		news, err := k.keep(ctx, f)
		if err != nil {
			log.ErrorContext(ctx, "the event was not kept", "error", err.Error())
			return err
		}
		log.InfoContext(ctx, "the event was taken", "news", news)
		return nil
	}
}

// read reads an event that the rule lets through. One that says something else is an
// error, and not passed over: somebody has to look.
func read(e events.EventBridgeEvent) (known, error) {
	var f known
	if err := json.Unmarshal(e.Detail, &f); err != nil {
		return known{}, fmt.Errorf("read the detail of event %s: %w", e.ID, err)
	}
	want := map[string]string{"File Ready": "ready", "File Rejected": "rejected"}[e.DetailType]
	switch {
	case e.Source != "vouch" || want == "":
		return known{}, fmt.Errorf("event %s is %q of %q", e.ID, e.DetailType, e.Source)
	case f.Status != want || f.FileID == "" || f.Revision < 1 || f.Bucket == "" || f.Key == "" || f.VersionID == "":
		return known{}, fmt.Errorf("event %s, %q, does not say what it should", e.ID, e.DetailType)
	}
	return f, nil
}
