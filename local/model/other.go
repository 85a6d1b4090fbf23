package model

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/file"
)

// The other owner of the tenant, and the id of his file.
const (
	bob   = ":4:acme:bob"
	bobID = "019375a0-0000-7000-8000-000000000002"

	// mostOfTenant is the limit of bytes of the tenant. Two files of five bytes do not
	// fit in, nor one of two beside an open form, which may send eight.
	mostOfTenant = 9
)

// others are what bob does: he asks for an upload, small or as large as the file of
// the model, has its bytes arrive, deletes it, and asks again. Each is a call of the
// real store and one move, since nobody else writes his record: what may come between
// is the order in which his transactions and those of the steps reach the accounts.
func (m *Model) others(w *World, v visit) {
	if w.left.Others == 0 {
		return
	}
	do := func(d deed) {
		next := w.clone()
		next.left.Others--
		done := m.doBeside(w.other, w.usage, d)
		next.other, next.usage = done.other, done.usage
		v(&next, done.broke, func() string { return d.String() + done.how })
	}
	if w.other == 0 || m.files.get(w.other).Status == file.Deleted { // which counts for nothing
		do(deed{asks: 2})
		do(deed{asks: int64(len(body))})
		return
	}
	for _, to := range []file.Status{file.Uploaded, file.Deleted} {
		if m.files.get(w.other).Status.CanBecome(to) {
			do(deed{to: to})
		}
	}
}

// deed is what bob does: ask for an upload of so many bytes, or have his file become
// to.
type deed struct {
	asks int64
	to   file.Status
}

func (d deed) String() string {
	if d.asks != 0 {
		return fmt.Sprintf("the other owner asks for an upload of %d bytes", d.asks)
	}
	return fmt.Sprintf("the file of the other owner becomes %s", d.to)
}

// doing is a deed, and all that it depends on; didBeside is what came of it.
type (
	doing struct {
		other int32
		usage counts
		deed  deed
	}
	didBeside struct {
		other      int32
		usage      counts
		how, broke string
	}
)

func (m *Model) doBeside(other int32, usage counts, d deed) didBeside {
	key := doing{other, usage, d}
	done, known := m.deeds[key]
	if !known {
		n := &neighbour{model: m, record: other, used: usage}
		if d.asks != 0 {
			done.how, done.broke = m.ask(n, d.asks)
		} else {
			done.broke = m.takeOn(n, d.to)
		}
		done.other, done.usage = n.record, n.used
		m.deeds[key] = done
	}
	return done
}

// ask has bob ask for an upload, which is to be refused if the tenant has not that
// much left, and only then.
func (m *Model) ask(n *neighbour, size int64) (how, broke string) {
	f := pending(m.policy, Bounds{})
	f.ID, f.Owner, f.Key, f.Size = bobID, bob, file.Key(bob, bobID), size
	n.created = f
	had := n.used[tenant]
	err := m.storeBeside(n).Create(hisCall, f)
	refused := file.CodeOf(err) == file.CodeQuotaExceeded
	if refused {
		how = ", and is refused"
	}
	switch fits := had.Bytes+size <= mostOfTenant; {
	case err != nil && !refused:
		return how, fmt.Sprintf("the other owner may not ask for an upload: %v", err)
	case refused == fits:
		return how, fmt.Sprintf("an upload of %d bytes is refused: %t, and the tenant had %s", size, refused, usage(had))
	}
	return how, ""
}

// takeOn has the file of bob become to.
func (m *Model) takeOn(n *neighbour, to file.Status) (broke string) {
	n.change = file.Change{To: to}
	if _, err := m.storeBeside(n).Change(hisCall, bobID, n.change); err != nil {
		return fmt.Sprintf("the file of the other owner does not become %s: %v", to, err)
	}
	return ""
}

// hisCall is the context of what bob does.
var hisCall = audit.With(context.Background(), audit.Actor{Subject: "bob", Tenant: self.Tenant, RequestID: "request"})

func (m *Model) storeBeside(n *neighbour) *dynamo.Store {
	return dynamo.New(m.beside(n), filesTable).Recording(historyTable).Counting(usageTable).Within(m.policy.Quotas)
}

// neighbour is table for the file of bob, and answers at once.
type neighbour struct {
	dynamo.API
	model   *Model
	record  int32  // his
	used    counts // by all
	created file.File
	change  file.Change
}

// GetItem reads the record.
func (n *neighbour) GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return &dynamodb.GetItemOutput{Item: n.model.item(n.record)}, nil
}

// TransactWriteItems writes the record and counts, if every account has room for it.
func (n *neighbour) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	record, used := n.record, n.used
	reasons := make([]types.CancellationReason, len(in.TransactItems))
	for i, item := range in.TransactItems {
		reasons[i].Code = aws.String("None")
		switch {
		case item.Put != nil && aws.ToString(item.Put.TableName) == historyTable:
			// What the trail tells of is checked of the file of the model.
		case item.Put != nil:
			record = n.model.files.id(n.created)
		case aws.ToString(item.Update.TableName) == filesTable:
			f, err := n.model.store(n.model.files.get(record), recordWrite{
				Change: &n.change, Seen: pinnedTo(item.Update.ConditionExpression, item.Update.ExpressionAttributeValues),
			})
			if err != nil {
				reasons[i].Code = aws.String("ConditionalCheckFailed")
				break
			}
			f.UpdatedAt = time.Time{}
			record = n.model.files.id(f)
		default:
			if held, full := n.held(item.Update); full {
				reasons[i] = types.CancellationReason{Code: aws.String("ConditionalCheckFailed"), Item: held}
			}
			used = used.plus(added(item.Update))
		}
	}
	if slices.ContainsFunc(reasons, func(r types.CancellationReason) bool { return aws.ToString(r.Code) != "None" }) {
		return nil, &types.TransactionCanceledException{CancellationReasons: reasons}
	}
	n.record, n.used = record, used
	return &dynamodb.TransactWriteItemsOutput{}, nil
}

// held is what the account of an update holds, and whether it has no room for it by
// the update's own condition.
func (n *neighbour) held(u *types.Update) (item map[string]types.AttributeValue, full bool) {
	i, ok := accountOf(u.Key)
	if !ok {
		return nil, false
	}
	item = map[string]types.AttributeValue{}
	for name, has := range map[string]int64{"bytes": n.used[i].Bytes, "files": n.used[i].Files, "pending": n.used[i].Pending} {
		item[name] = &types.AttributeValueMemberN{Value: fmt.Sprint(has)}
		if strings.Contains(aws.ToString(u.ConditionExpression), fmt.Sprintf("#%s <= :%sRoom", name, name)) {
			full = full || has > number(u.ExpressionAttributeValues[":"+name+"Room"])
		}
	}
	return item, full
}
