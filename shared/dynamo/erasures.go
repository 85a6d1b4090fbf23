package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/erasure"
)

// ErasuresAPI is what Erasures call of DynamoDB.
type ErasuresAPI interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Erasures keep erasures in a table of their own. It has an item for each, and one
// for each owner who is being erased, under "owner#<pseudonym>", which says by which:
// it is there for as long as that goes on, and keeps another from beginning. It
// implements erasure.Ledger.
type Erasures struct {
	api   ErasuresAPI
	table string
}

// NewErasures returns the Erasures in the table.
func NewErasures(api ErasuresAPI, table string) *Erasures { return &Erasures{api: api, table: table} }

// erasureItem is an erasure as the table holds it.
type erasureItem struct {
	ID         string `dynamodbav:"id"`
	Owner      string `dynamodbav:"owner,omitempty"` // absent from its end on
	Pseudonym  string `dynamodbav:"pseudonym"`
	Status     string `dynamodbav:"status"`
	Phase      string `dynamodbav:"phase"`
	KeepClosed bool   `dynamodbav:"keepClosed"`
	Cursor     string `dynamodbav:"cursor"`
	Round      int    `dynamodbav:"round"`
	Looks      int    `dynamodbav:"looks"`
	QuietAt    int64  `dynamodbav:"quietAt"` // Unix milliseconds; 0 for not known
	Part       int    `dynamodbav:"part"`
	Pages      int    `dynamodbav:"pages"`
	Files      int    `dynamodbav:"files"`
	Versions   int    `dynamodbav:"versions"`
	Uploads    int    `dynamodbav:"uploads"`
	Events     int    `dynamodbav:"events"`
	Held       int    `dynamodbav:"held"`
	Statement  string `dynamodbav:"statement,omitempty"`
	StartedAt  string `dynamodbav:"startedAt"`
	UpdatedAt  string `dynamodbav:"updatedAt"`
	EndedAt    string `dynamodbav:"endedAt,omitempty"`
	Revision   int64  `dynamodbav:"revision"`
}

// Begin implements erasure.Ledger.
func (s *Erasures) Begin(ctx context.Context, e erasure.Erasure) (erasure.Erasure, bool, error) {
	item, err := encodeErasure(e)
	if err != nil {
		return erasure.Erasure{}, false, err
	}
	err = transactOn(ctx, s.api, []types.TransactWriteItem{
		{Put: &types.Put{
			TableName: &s.table, Item: map[string]types.AttributeValue{"id": text(goingID(e)), "erasure": text(e.ID)},
			ConditionExpression:                 aws.String("attribute_not_exists(id)"),
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}},
		{Put: &types.Put{TableName: &s.table, Item: item, ConditionExpression: aws.String("attribute_not_exists(id)")}},
	})
	if err == nil {
		return e, true, nil
	}
	cancelled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if reasons := reasonsOf(err); !ok || len(reasons) == 0 || reasons[0] != conditionFailed {
		return erasure.Erasure{}, false, fmt.Errorf("put erasure %s: %w", e.ID, err)
	}
	id, _ := cancelled.CancellationReasons[0].Item["erasure"].(*types.AttributeValueMemberS)
	if id == nil {
		return erasure.Erasure{}, false, fmt.Errorf("put erasure %s: what keeps it from beginning says not by which", e.ID)
	}
	going, err := s.Get(ctx, id.Value)
	if err == nil && going.Status != erasure.Erasing {
		err = erasure.ErrMoved // it has ended meanwhile
	}
	return going, false, err
}

// Get implements erasure.Ledger.
func (s *Erasures) Get(ctx context.Context, id string) (erasure.Erasure, error) {
	out, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table, Key: key(id), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return erasure.Erasure{}, fmt.Errorf("get erasure %s: %w", id, err)
	}
	if len(out.Item) == 0 {
		return erasure.Erasure{}, erasure.ErrNotFound
	}
	return decodeErasure(out.Item)
}

// Save implements erasure.Ledger.
func (s *Erasures) Save(ctx context.Context, e erasure.Erasure) (erasure.Erasure, error) {
	after := e
	after.Revision++
	ends := e.Status != erasure.Erasing
	if ends {
		after.Owner, after.Cursor, after.QuietAt = "", "", time.Time{}
	}
	item, err := encodeErasure(after)
	if err != nil {
		return erasure.Erasure{}, err
	}
	u := newUpdate()
	u.ifRevision(e.Revision)
	u.whileErasing()
	for name, value := range item {
		switch name {
		case "id", "keepClosed", "revision":
		default:
			u.set(name, value)
		}
	}
	u.countRevision()
	items := []types.TransactWriteItem{}
	if ends {
		u.remove("owner")
		u.names["#keepClosed"] = "keepClosed"
		u.values[":keepClosed"] = item["keepClosed"]
		u.conditions = append(u.conditions, "#keepClosed = :keepClosed")
		items = append(items, types.TransactWriteItem{Delete: &types.Delete{
			TableName: &s.table, Key: key(goingID(e)), ConditionExpression: aws.String("erasure = :id"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":id": text(e.ID)},
		}})
	}
	err = transactOn(ctx, s.api, append([]types.TransactWriteItem{u.item(s.table, key(e.ID))}, items...))
	if reasons := reasonsOf(err); len(reasons) > 0 && reasons[0] == conditionFailed {
		return erasure.Erasure{}, erasure.ErrMoved
	}
	if err != nil {
		return erasure.Erasure{}, fmt.Errorf("update erasure %s: %w", e.ID, err)
	}
	return decodeErasure(item)
}

// KeepClosed implements erasure.Ledger.
func (s *Erasures) KeepClosed(ctx context.Context, id string) (erasure.Erasure, error) {
	u := newUpdate()
	u.whileErasing()
	u.set("keepClosed", &types.AttributeValueMemberBOOL{Value: true})
	out, err := s.api.UpdateItem(ctx, u.telling(s.table, id))
	if _, moved := errors.AsType[*types.ConditionalCheckFailedException](err); moved {
		return erasure.Erasure{}, erasure.ErrMoved
	}
	if err != nil {
		return erasure.Erasure{}, fmt.Errorf("update erasure %s: %w", id, err)
	}
	return decodeErasure(out.Attributes)
}

func (u *update) whileErasing() {
	u.names["#status"] = "status"
	u.values[":erasing"] = text(string(erasure.Erasing))
	u.conditions = append(u.conditions, "#status = :erasing")
}

// goingID is the key of the item that keeps a second erasure of the owner of e from
// beginning.
func goingID(e erasure.Erasure) string { return "owner#" + e.Pseudonym }

func encodeErasure(e erasure.Erasure) (map[string]types.AttributeValue, error) {
	it := erasureItem{
		ID: e.ID, Owner: e.Owner, Pseudonym: e.Pseudonym, Status: string(e.Status), Phase: string(e.Phase), KeepClosed: e.KeepClosed,
		Cursor: e.Cursor, Round: e.Round, Looks: e.Looks, Part: e.Part, Pages: e.Pages,
		Files: e.Counts.Files, Versions: e.Counts.Versions, Uploads: e.Counts.Uploads, Events: e.Counts.Events,
		Held: e.Held, Statement: e.Statement, Revision: e.Revision,
		StartedAt: e.StartedAt.UTC().Format(timeLayout), UpdatedAt: e.UpdatedAt.UTC().Format(timeLayout),
	}
	if !e.QuietAt.IsZero() {
		it.QuietAt = e.QuietAt.UnixMilli()
	}
	if !e.EndedAt.IsZero() {
		it.EndedAt = e.EndedAt.UTC().Format(timeLayout)
	}
	m, err := attributevalue.MarshalMap(it)
	if err != nil {
		return nil, fmt.Errorf("encode erasure %s: %w", e.ID, err)
	}
	return m, nil
}

func decodeErasure(m map[string]types.AttributeValue) (erasure.Erasure, error) {
	var it erasureItem
	if err := attributevalue.UnmarshalMap(m, &it); err != nil {
		return erasure.Erasure{}, fmt.Errorf("decode an erasure: %w", err)
	}
	e := erasure.Erasure{
		ID: it.ID, Owner: it.Owner, Pseudonym: it.Pseudonym, Status: erasure.Status(it.Status), Phase: erasure.Phase(it.Phase), KeepClosed: it.KeepClosed,
		Cursor: it.Cursor, Round: it.Round, Looks: it.Looks, Part: it.Part, Pages: it.Pages,
		Counts: erasure.Counts{Files: it.Files, Versions: it.Versions, Uploads: it.Uploads, Events: it.Events},
		Held:   it.Held, Statement: it.Statement, Revision: it.Revision,
	}
	if it.QuietAt != 0 {
		e.QuietAt = time.UnixMilli(it.QuietAt).UTC()
	}
	for _, t := range []struct {
		to   *time.Time
		from string
	}{{&e.StartedAt, it.StartedAt}, {&e.UpdatedAt, it.UpdatedAt}, {&e.EndedAt, it.EndedAt}} {
		if t.from == "" && t.to == &e.EndedAt {
			continue // it goes on
		}
		parsed, err := time.Parse(timeLayout, t.from)
		if err != nil {
			return erasure.Erasure{}, fmt.Errorf("decode erasure %s: %w", it.ID, err)
		}
		*t.to = parsed
	}
	return e, nil
}
