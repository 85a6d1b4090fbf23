package awsapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// putEvents refuses what only AWS's own services may say, entry by entry as
// EventBridge does, and passes the rest on.
func (e *Endpoint) putEvents(ctx context.Context, c call) (int, http.Header, []byte, error) {
	var in struct {
		Entries []struct{ EventBusName, Source, DetailType, Detail string }
	}
	if err := json.Unmarshal(c.body, &in); err != nil {
		return failure(http.StatusBadRequest, "SerializationException", "the body is not JSON")
	}
	for _, entry := range in.Entries {
		if strings.HasPrefix(entry.Source, "aws.") {
			results := make([]map[string]string, len(in.Entries))
			for i := range results {
				results[i] = map[string]string{"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
			}
			return success(map[string]any{"FailedEntryCount": len(results), "Entries": results})
		}
	}
	status, header, answer, err := e.forward(ctx, c)
	if err == nil && status == http.StatusOK && e.OnEvent != nil {
		for _, entry := range in.Entries {
			e.OnEvent(entry.EventBusName, entry.Source, entry.DetailType, entry.Detail)
		}
	}
	return status, header, answer, err
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
