package dynamo

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/file"
)

// whole is an event of each action with all that it may have.
func whole() (all []audit.Event) {
	at := time.Date(2026, 11, 24, 15, 0, 0, 123e6, time.UTC)
	for _, a := range audit.Actions() {
		e := audit.Event{
			ID: "0195f3a2-8f03-7c11-8f7e-6a5b4c3d2e1f", FileID: "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e", At: at, Action: a, Outcome: audit.Done,
			Actor: audit.Actor{Subject: "alice", Tenant: "acme", RequestID: "r"}, Owner: ":4:acme:alice", VersionID: "v1",
		}
		if a == audit.AccessDenied {
			e.Outcome, e.Owner, e.VersionID = audit.Denied, "", ""
		}
		for _, member := range a.Members() {
			switch member {
			case "status":
				e.Status = file.Rejected
			case "reason":
				e.Reason = "x"
			case "call":
				e.Call = "see"
			case "grantee":
				e.Grantee = file.Grantee{Type: file.Group, Name: "group:x"}
			case "level":
				e.Level = file.Manage
			case "expiresAt":
				e.ExpiresAt = at.Add(time.Hour)
			case "urls":
				e.URLs = 100
			}
		}
		all = append(all, e)
	}
	return all
}

func TestAnEventIsReadAsItIsWritten(t *testing.T) {
	for _, e := range whole() {
		got, err := DecodeEvent(encodeEvent(e))
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("%+v, %v\nwant\n%+v", got, err, e)
		}
		for name := range encodeEvent(e) {
			switch name {
			case "fileId", "id", "at", "actor", "action":
				m := encodeEvent(e)
				delete(m, name)
				if got, err := DecodeEvent(m); err == nil {
					t.Errorf("without %s it is %+v", name, got)
				}
			}
		}
	}
}

// FuzzDecodeEvent holds DecodeEvent to take nothing that could not have been
// written, and to read what could be as it was.
func FuzzDecodeEvent(f *testing.F) {
	for _, e := range whole() {
		texts := map[string]string{}
		for name, v := range encodeEvent(e) {
			if s, ok := v.(*types.AttributeValueMemberS); ok {
				texts[name] = s.Value
			}
		}
		seed, err := json.Marshal(texts)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed, "1")
	}
	f.Fuzz(func(t *testing.T, data []byte, urls string) {
		var texts map[string]string
		if json.Unmarshal(data, &texts) != nil {
			return
		}
		m := map[string]types.AttributeValue{"urls": &types.AttributeValueMemberN{Value: urls}}
		for name, value := range texts {
			m[name] = text(value)
		}
		e, err := DecodeEvent(m)
		if err != nil {
			return
		}
		if err := e.Check(); err != nil {
			t.Errorf("%v is read as %v", texts, err)
		}
		again, err := DecodeEvent(encodeEvent(e))
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Errorf("%+v is written as what reads %+v, %v", e, again, err)
		}
	})
}
