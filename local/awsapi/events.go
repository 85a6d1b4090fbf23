package awsapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// putEvents refuses what only AWS's own services may say, entry by entry as
// EventBridge does, and passes the rest on. The administrator plays the services
// that are not here (GuardDuty), and may say it.
func (e *Endpoint) putEvents(ctx context.Context, c call) (int, http.Header, []byte, error) {
	type result struct {
		EventId, ErrorCode, ErrorMessage string `json:",omitempty"`
	}
	var in struct{ Entries []json.RawMessage }
	if err := json.Unmarshal(c.body, &in); err != nil {
		return failure(http.StatusBadRequest, "SerializationException", "the body is not JSON")
	}
	out := struct {
		FailedEntryCount int
		Entries          []result
	}{Entries: make([]result, len(in.Entries))}
	for i, raw := range in.Entries {
		var entry struct{ EventBusName, Source, DetailType, Detail string }
		if err := json.Unmarshal(raw, &entry); err != nil {
			return failure(http.StatusBadRequest, "SerializationException", "an entry is not one")
		}
		if strings.HasPrefix(entry.Source, "aws.") && !c.admin {
			out.FailedEntryCount++
			out.Entries[i] = result{ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source."}
			continue
		}
		var one struct{ Entries []result }
		if err := e.ask(ctx, "AWSEvents.PutEvents", map[string]any{"Entries": []json.RawMessage{raw}}, &one); err != nil {
			return 0, nil, nil, err
		}
		if len(one.Entries) == 1 {
			out.Entries[i] = one.Entries[0]
		}
		if e.OnEvent != nil {
			e.OnEvent(entry.EventBusName, entry.Source, entry.DetailType, entry.Detail)
		}
	}
	return success(out)
}

// PutServiceEvent puts an event of an AWS service on the default bus.
func (e *Endpoint) PutServiceEvent(ctx context.Context, source, detailType string, detail any) error {
	text, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("encode an event: %w", err)
	}
	err = e.ask(ctx, "AWSEvents.PutEvents", map[string]any{"Entries": []map[string]string{
		{"Source": source, "DetailType": detailType, "Detail": string(text)},
	}}, nil)
	if err != nil {
		return fmt.Errorf("put an event of %s: %w", source, err)
	}
	if e.OnEvent != nil {
		e.OnEvent("default", source, detailType, string(text))
	}
	return nil
}
