package model

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/quota"
)

// The tables as dynamo.Store is told of them.
const (
	filesTable   = "files"
	usageTable   = "usage"
	historyTable = "history"
)

// table is DynamoDB as far as dynamo.Store calls it to create or to change the one
// record. Of a write it takes what the model is about: the revision that it is
// pinned to, what it adds to the account of the owner, and of which statuses it puts
// an event to the trail. What else the expressions
// say is what is written (filetest.Records), as package dynamo's own tests show.
type table struct {
	*outside
	dynamo.API // of which the rest is not called

	created file.File   // what a Put puts
	change  file.Change // what an Update makes
}

// storeOn is the real store on DynamoDB as t stands for it.
func (m *Model) storeOn(t table) *dynamo.Store {
	return dynamo.New(m.dynamo(t), filesTable).Recording(historyTable).Counting(usageTable).Within(m.policy.Quotas)
}

// GetItem reads the record.
func (t table) GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	a := t.ask(call{op: opGet, value: t.model.changes.id(t.change)})
	if err := t.model.err(a, ""); err != nil {
		return nil, err
	}
	return &dynamodb.GetItemOutput{Item: t.model.item(a.record)}, nil
}

// TransactWriteItems writes the record, if it is among the items, counts, and has
// the trail tell of it.
func (t table) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	c := call{op: opTransact}
	reasons, changed := make([]types.CancellationReason, len(in.TransactItems)), -1
	for i, item := range in.TransactItems {
		reasons[i].Code = aws.String("None")
		switch {
		case item.Put != nil && aws.ToString(item.Put.TableName) == historyTable:
			c.tells += tellsOf(item.Put.Item)
		case item.Put != nil:
			c.op, c.value = opCreate, t.model.files.id(t.created)
		case aws.ToString(item.Update.TableName) == filesTable:
			c.value = t.model.changes.id(t.change)
			c.seen = pinnedTo(item.Update.ConditionExpression, item.Update.ExpressionAttributeValues)
			changed = i
		default:
			c.adds = c.adds.Plus(added(item.Update))
		}
	}
	a := t.ask(c)
	if a.err == conflict && changed >= 0 {
		reasons[changed] = types.CancellationReason{Code: aws.String("ConditionalCheckFailed"), Item: t.model.item(a.record)}
		return nil, &types.TransactionCanceledException{CancellationReasons: reasons}
	}
	return &dynamodb.TransactWriteItemsOutput{}, t.model.err(a, "")
}

// tellsOf is the status whose beginning an event tells of, behind a space, and
// nothing of an event of another kind.
func tellsOf(event map[string]types.AttributeValue) string {
	e, err := dynamo.DecodeEvent(event)
	if err != nil {
		return " " + err.Error()
	}
	if e.Action != audit.StatusChanged {
		return ""
	}
	return " " + string(e.Status)
}

// readAhead carries out the read that the store begins a change with, as soon as
// the call before it is answered, if the record allows the change. To read later is
// the same as to read now, to be refused for what came between, and to read again;
// and to fail in reading the same as to fail in writing. What may come between is
// what comes between the read and the write.
func (m *Model) readAhead(w *World, n int32) int32 {
	for {
		at := m.program.nodes[n]
		if at.done || at.parent == 0 || at.call.op != opGet || at.call.value == 0 ||
			!m.files.get(w.record).Allows(m.changes.get(at.call.value)) {
			return n
		}
		a, _ := m.do(w, at.call, at.step, 0)
		n = m.program.answered(n, a)
	}
}

// pinnedTo is the revision that a write is conditional on, or 0 for none.
func pinnedTo(condition *string, values map[string]types.AttributeValue) int64 {
	if !strings.Contains(aws.ToString(condition), "#revision = :seen") {
		return 0
	}
	return number(values[":seen"])
}

// added is what the update of an item of the table of usage adds to the account of
// the owner: nothing if the item is that of a day.
func added(u *types.Update) quota.Usage {
	if key, ok := u.Key["account"].(*types.AttributeValueMemberS); !ok || key.Value != account.ID() {
		return quota.Usage{}
	}
	_, adds, _ := strings.Cut(aws.ToString(u.UpdateExpression), "ADD ")
	of := func(counter string) int64 {
		if !strings.Contains(adds, "#"+counter+" :"+counter) {
			return 0
		}
		return number(u.ExpressionAttributeValues[":"+counter])
	}
	return quota.Usage{Bytes: of("bytes"), Files: of("files"), Pending: of("pending")}
}

var account = quota.Account{Kind: quota.Owner, Subject: owner}

func number(v types.AttributeValue) int64 {
	n, ok := v.(*types.AttributeValueMemberN)
	if !ok {
		panic(fmt.Sprintf("%T is no number", v)) // the store writes none but these
	}
	i, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil {
		panic(err)
	}
	return i
}

// item is the record as the store writes it, which is what Store.Create puts.
func (m *Model) item(record int32) map[string]types.AttributeValue {
	item, known := m.items[record]
	if !known {
		var p put
		f := m.files.get(record)
		if err := dynamo.New(&p, filesTable).Recording(historyTable).Counting(usageTable).Within(m.policy.Quotas).Create(acting(), f); err != nil {
			panic(fmt.Sprintf("a record of the model cannot be written: %v", err))
		}
		item = p.item
		m.items[record] = item
	}
	return item
}

// put keeps the item that is put.
type put struct {
	dynamo.API
	item map[string]types.AttributeValue
}

func (p *put) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	p.item = in.TransactItems[0].Put.Item
	return nil, nil
}

// Create writes the first record: of the one file, whatever its id was to be.
func (o *outside) Create(ctx context.Context, f file.File) error {
	f.ID, f.Key, f.PartSize = id, file.Key(owner, id), partSize
	f.UpdatedAt, f.SweepAt = time.Time{}, whenever(f.SweepAt)
	return o.model.storeOn(table{outside: o, created: f}).Create(ctx, f)
}

// Change is that of the real store, which reads the record before it writes, each
// of which is a call.
func (o *outside) Change(ctx context.Context, _ string, c file.Change) (file.File, error) {
	c.At, c.SweepAt, c.PurgeAt = time.Time{}, whenever(c.SweepAt), time.Time{}
	return o.model.storeOn(table{outside: o, change: c}).Change(ctx, id, c)
}

// miscounted says what is wrong with the counters of the owner's account, who has
// no other file.
func (w *World) miscounted(f file.File) string {
	switch {
	case w.usage.Negative():
		return fmt.Sprintf("the account of the owner is counted to use %s, which is less than nothing", usage(w.usage))
	case f.Status.Final() && f.Status != file.Ready && !w.usage.Zero():
		return fmt.Sprintf("the file is %s, and the account of its owner is counted to use %s", f.Status, usage(w.usage))
	case w.usage != quota.Of(f):
		return fmt.Sprintf("the account of the owner is counted to use %s, and the record, which is %s, comes to %s", usage(w.usage), f.Status, usage(quota.Of(f)))
	}
	if pinned := version(f.VersionID); pinned >= 0 && f.Size != int64(len(w.objects[pinned].content.bytes())) {
		return fmt.Sprintf("the record is %s and says %d bytes, and its version is %s", f.Status, f.Size, w.objects[pinned].content)
	}
	return ""
}

func usage(u quota.Usage) string {
	return fmt.Sprintf("%d bytes, %d files and %d pending", u.Bytes, u.Files, u.Pending)
}

func (m *Model) transactText(c call) string {
	if c.value == 0 {
		return fmt.Sprintf("count %s", usage(c.adds))
	}
	return fmt.Sprintf("make the record %s, and with it count %s", m.changes.get(c.value).To, usage(c.adds))
}

// share is whoever manages the file giving a grant, or taking it back. Its write
// holds only for the revision that it has read, so that to be refused is to have
// done nothing, and the two are one move.
func (m *Model) share(w *World, v visit) {
	f := m.files.get(w.record)
	if w.left.Grants == 0 || !slices.Contains(file.Shareable(), f.Status) {
		return
	}
	s := file.Sharing{Revision: f.Revision}
	if len(f.Grants) == 0 {
		s.Grants = []file.Grant{{Grantee: file.Grantee{Type: file.Subject, Name: "bob"}, Level: file.Read, GrantedBy: owner}}
	}
	next := w.clone()
	next.left.Grants--
	_, broke := m.write(&next, call{op: opShare, value: m.sharings.id(s)}, stepInput{})
	v(&next, broke, words("the owner changes the grants"))
}
