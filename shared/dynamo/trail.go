package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/file"
)

// Recording returns the store with the table of history, to which each change of
// a record puts its events in the very transaction that makes it: the
// transactional outbox, whose relay is the table's stream ("Transactional outbox
// pattern", AWS Prescriptive Guidance). A store without one changes nothing.
//
// The table is declared in template.yaml:
//
//	table  fileId, id  the events of a file by time; those of denials under "denied:<file id>"
//
// Denials are a partition of their own, so that however many there are, they take
// nothing from what the writes of the file itself may use, and are in nobody's way
// who reads what was done.
func (s *Store) Recording(table string) *Store {
	recording := *s
	recording.history = table
	return &recording
}

// errUnrecorded says that nothing may be done that the trail does not tell of.
var errUnrecorded = errors.New("this store is not told where the trail is kept")

// Note implements audit.Trail. To put an event twice is to put it once, so that
// the SDK may try again where an answer is lost.
func (s *Store) Note(ctx context.Context, e audit.Event) error {
	puts, err := s.events([]audit.Event{e})
	if err != nil {
		return err
	}
	err = patiently(ctx, func() error {
		_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: puts[0].Put.TableName, Item: puts[0].Put.Item})
		return err
	})
	if err != nil {
		return fmt.Errorf("put the event %s of file %s: %w", e.Action, e.FileID, err)
	}
	audit.Log(ctx, e)
	return nil
}

// events writes events as items of a transaction.
func (s *Store) events(events []audit.Event) ([]types.TransactWriteItem, error) {
	var items []types.TransactWriteItem
	for _, e := range events {
		if s.history == "" {
			return nil, fmt.Errorf("put the event %s of file %s: %w", e.Action, e.FileID, errUnrecorded)
		}
		if err := e.Check(); err != nil {
			return nil, err
		}
		items = append(items, types.TransactWriteItem{Put: &types.Put{TableName: &s.history, Item: encodeEvent(e)}})
	}
	return items, nil
}

// record writes items in one transaction with the events, which tell of nothing
// else. The first item is the record's.
func (s *Store) record(ctx context.Context, events []audit.Event, items ...types.TransactWriteItem) error {
	puts, err := s.events(events)
	if err != nil {
		return err
	}
	if len(puts) == 0 {
		return errors.New("it changes nothing that the trail could tell of")
	}
	if err := s.transact(ctx, append(items, puts...)); err != nil {
		return err
	}
	for _, e := range events {
		audit.Log(ctx, e)
	}
	return nil
}

// denials begins the partition of a file's denials.
const denials = "denied:"

func partition(fileID string, o audit.Outcome) string {
	if o == audit.Denied {
		return denials + fileID
	}
	return fileID
}

func encodeEvent(e audit.Event) map[string]types.AttributeValue {
	m := map[string]types.AttributeValue{
		"fileId": text(partition(e.FileID, e.Outcome)), "id": text(e.ID), "at": timestamp(e.At),
		"actor": text(e.Actor.Subject), "action": text(string(e.Action)), "purgeAt": seconds(e.KeptUntil()),
	}
	for name, value := range map[string]string{
		"tenant": e.Actor.Tenant, "requestId": e.Actor.RequestID, "owner": e.Owner, "versionId": e.VersionID,
		"status": string(e.Status), "reason": e.Reason, "call": e.Call, "level": string(e.Level),
	} {
		if value != "" {
			m[name] = text(value)
		}
	}
	if e.Grantee != (file.Grantee{}) {
		m["grantee"] = text(e.Grantee.String())
	}
	if !e.ExpiresAt.IsZero() {
		m["expiresAt"] = timestamp(e.ExpiresAt)
	}
	if e.URLs != 0 {
		m["urls"] = number(int64(e.URLs))
	}
	return m
}

// DecodeEvent reads an event from its item.
func DecodeEvent(m map[string]types.AttributeValue) (audit.Event, error) {
	read := textsOf(m)
	id, denied := strings.CutPrefix(read("fileId"), denials)
	e := audit.Event{
		ID: read("id"), FileID: id, Action: audit.Action(read("action")), Outcome: audit.Done,
		Actor: audit.Actor{Subject: read("actor"), Tenant: read("tenant"), RequestID: read("requestId")},
		Owner: read("owner"), VersionID: read("versionId"),
		Status: file.Status(read("status")), Reason: read("reason"), Call: read("call"), Level: file.Level(read("level")),
	}
	if denied {
		e.Outcome = audit.Denied
	}
	fail := func(err error) (audit.Event, error) {
		return audit.Event{}, fmt.Errorf("decode the event %q: %w", e.ID, err)
	}
	var err error
	if e.At, err = time.Parse(timeLayout, read("at")); err != nil {
		return fail(err)
	}
	if _, expires := m["expiresAt"]; expires {
		if e.ExpiresAt, err = time.Parse(timeLayout, read("expiresAt")); err != nil {
			return fail(err)
		}
	}
	if _, granted := m["grantee"]; granted {
		if e.Grantee, granted = file.ParseGrantee(read("grantee")); !granted {
			return fail(errors.New("it names no grantee"))
		}
	}
	if n, ok := m["urls"].(*types.AttributeValueMemberN); ok {
		if e.URLs, err = strconv.Atoi(n.Value); err != nil {
			return fail(err)
		}
	}
	if err := e.Check(); err != nil {
		return fail(err)
	}
	return e, nil
}
