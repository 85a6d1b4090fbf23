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
// pinned to, what it adds to the accounts, and of which statuses it puts an event to the
// trail. What else the expressions say is what is written (filetest.Records), as package
// dynamo's own tests show.
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
			c.adds = c.adds.plus(added(item.Update))
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

// The accounts of the model.
var accounts = [...]struct {
	quota.Account
	name string
}{
	{quota.Account{Kind: quota.Owner, Subject: owner}, "the owner"},
	{quota.Account{Kind: quota.Tenant, Subject: self.Tenant}, "the tenant"},
	{quota.Account{Kind: quota.Owner, Subject: bob}, "the other owner"},
}

// tenant is the index of the tenant's account.
const tenant = 1

// counts is what is counted in each of the accounts.
type counts [len(accounts)]quota.Usage

func (c counts) plus(d counts) counts {
	for i := range c {
		c[i] = c[i].Plus(d[i])
	}
	return c
}

// accountOf returns the index of the account that an item of the table of usage is
// of; ok is false if it is one of a day.
func accountOf(key map[string]types.AttributeValue) (i int, ok bool) {
	id, _ := key["account"].(*types.AttributeValueMemberS)
	for i, a := range accounts {
		if id != nil && id.Value == a.ID() {
			return i, true
		}
	}
	return 0, false
}

// added is what the update of an item of the table of usage adds.
func added(u *types.Update) (c counts) {
	i, ok := accountOf(u.Key)
	if !ok {
		return c
	}
	_, adds, _ := strings.Cut(aws.ToString(u.UpdateExpression), "ADD ")
	of := func(counter string) int64 {
		if !strings.Contains(adds, "#"+counter+" :"+counter) {
			return 0
		}
		return number(u.ExpressionAttributeValues[":"+counter])
	}
	c[i] = quota.Usage{Bytes: of("bytes"), Files: of("files"), Pending: of("pending")}
	return c
}

// comeTo is what the record counts for; nothing if there is none.
func (m *Model) comeTo(record int32) (c counts) {
	if record == 0 {
		return c
	}
	c, known := m.uses[record]
	if !known {
		f := m.files.get(record)
		for i, a := range accounts {
			if slices.Contains(quota.Counted(f), a.Account) {
				c[i] = quota.Of(f)
			}
		}
		m.uses[record] = c
	}
	return c
}

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

// miscounted says what is wrong with the counters of the accounts, which have no
// other files than these two.
func (m *Model) miscounted(w *World, f file.File) string {
	want := m.comeTo(w.record).plus(m.comeTo(w.other))
	for i, a := range accounts {
		used := w.usage[i]
		switch {
		case used.Negative():
			return fmt.Sprintf("the account of %s is counted to use %s, which is less than nothing", a.name, usage(used))
		case w.other == 0 && f.Status.Final() && f.Status != file.Ready && !used.Zero():
			return fmt.Sprintf("the file is %s, and the account of %s is counted to use %s", f.Status, a.name, usage(used))
		case used != want[i]:
			return fmt.Sprintf("the account of %s is counted to use %s, and the records, of which the file's is %s, come to %s", a.name, usage(used), f.Status, usage(want[i]))
		case i == tenant && used.Bytes > mostOfTenant:
			return fmt.Sprintf("the account of %s is counted to use %s, and its limit is %d bytes", a.name, usage(used), mostOfTenant)
		}
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
	var counted []string
	for i, a := range accounts {
		if !c.adds[i].Zero() {
			counted = append(counted, usage(c.adds[i])+" for "+a.name)
		}
	}
	count := "count " + strings.Join(counted, ", and ")
	if c.value == 0 {
		return count
	}
	return fmt.Sprintf("make the record %s, and with it %s", m.changes.get(c.value).To, count)
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
