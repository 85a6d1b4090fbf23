package model

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/quota"
	"github.com/vouch-s3/vouch/shared/verify"
)

// What is broken on purpose between the real store and DynamoDB.
type (
	unpinned   struct{ table } // writes whatever the revision is by now
	inTwo      struct{ table } // counts in a second write
	countFirst struct{ table } // counts in a first one
	givesNone  struct{ table } // gives back nothing of what expires
	keepsBytes struct{ table } // leaves the bytes of what arrives as they were
	ownersOnly struct{ table } // leaves out the tenant
)

// And for the other owner.
type (
	boundless   struct{ *neighbour } // holds nobody to a limit
	keepsTenant struct{ *neighbour } // gives the tenant nothing back
)

func (t unpinned) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	for _, item := range in.TransactItems {
		if u := item.Update; u != nil {
			u.ConditionExpression = aws.String(strings.ReplaceAll(aws.ToString(u.ConditionExpression), " AND #revision = :seen", ""))
		}
	}
	return t.table.TransactWriteItems(ctx, in)
}

func (t inTwo) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return inTurn(ctx, t.table, within(in, filesTable, historyTable), within(in, usageTable))
}

func (t countFirst) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return inTurn(ctx, t.table, within(in, usageTable), within(in, filesTable, historyTable))
}

// inTurn carries out one transaction after the other.
func inTurn(ctx context.Context, t table, transactions ...[]types.TransactWriteItem) (*dynamodb.TransactWriteItemsOutput, error) {
	for _, items := range transactions {
		if out, err := t.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: items}); err != nil {
			return out, err
		}
	}
	return &dynamodb.TransactWriteItemsOutput{}, nil
}

// within returns the items of a transaction that are in one of the tables.
func within(in *dynamodb.TransactWriteItemsInput, tables ...string) (items []types.TransactWriteItem) {
	for _, item := range in.TransactItems {
		table := historyTable
		switch {
		case item.Update != nil:
			table = aws.ToString(item.Update.TableName)
		case item.Put != nil:
			table = aws.ToString(item.Put.TableName)
		}
		if slices.Contains(tables, table) {
			items = append(items, item)
		}
	}
	return items
}

func (t givesNone) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if t.change.To == file.Expired {
		in.TransactItems = within(in, filesTable, historyTable)
	}
	return t.table.TransactWriteItems(ctx, in)
}

func (t keepsBytes) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if t.change.To == file.Uploaded {
		u := in.TransactItems[1].Update
		u.UpdateExpression = aws.String(strings.ReplaceAll(aws.ToString(u.UpdateExpression), "#bytes :bytes, ", ""))
	}
	return t.table.TransactWriteItems(ctx, in)
}

func (t ownersOnly) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	in.TransactItems = withoutTenant(in.TransactItems)
	return t.table.TransactWriteItems(ctx, in)
}

func (n boundless) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	for _, item := range in.TransactItems {
		if item.Update != nil && aws.ToString(item.Update.TableName) == usageTable {
			item.Update.ConditionExpression = nil
		}
	}
	return n.neighbour.TransactWriteItems(ctx, in)
}

func (n keepsTenant) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if n.change.To != "" {
		in.TransactItems = withoutTenant(in.TransactItems)
	}
	return n.neighbour.TransactWriteItems(ctx, in)
}

func withoutTenant(items []types.TransactWriteItem) []types.TransactWriteItem {
	return slices.DeleteFunc(items, func(item types.TransactWriteItem) bool {
		if item.Update == nil {
			return false
		}
		i, ok := accountOf(item.Update.Key)
		return ok && i == tenant
	})
}

// forgetsSize pins an object without its size.
type forgetsSize struct{ *outside }

func (o forgetsSize) Change(ctx context.Context, id string, c file.Change) (file.File, error) {
	c.Size = 0
	return o.outside.Change(ctx, id, c)
}

// TestWhatIsBrokenInCountingIsFound is TestWhatIsBrokenIsFound for quotas.
func TestWhatIsBrokenInCountingIsFound(t *testing.T) {
	for _, b := range []breakage{
		{
			"what changes is reckoned from a record that may have gone on",
			Bounds{Puts: 1, Deletes: 1},
			func(m *Model) { m.dynamo = func(t table) dynamo.API { return unpinned{t} } },
			"0 bytes, 0 files and -1 pending, which is less than nothing",
		},
		{
			"what changes is counted in a second write",
			Bounds{Deletes: 1},
			func(m *Model) { m.dynamo = func(t table) dynamo.API { return inTwo{t} } },
			", and the account of the owner is counted to use 5 bytes, 1 files and 1 pending",
		},
		{
			"what changes is counted in a first write",
			Bounds{Deletes: 1},
			func(m *Model) { m.dynamo = func(t table) dynamo.API { return countFirst{t} } },
			"0 bytes, 0 files and 0 pending, and the records, of which the file's is pending, come to 5 bytes, 1 files and 1 pending",
		},
		{
			"what expires gives back nothing",
			Bounds{Ticks: 1, Sweeps: 1},
			func(m *Model) { m.dynamo = func(t table) dynamo.API { return givesNone{t} } },
			"the file is expired, and the account of the owner is counted to use 5 bytes",
		},
		{
			"a form stays counted for as much as it might have sent",
			Bounds{Method: file.Form, Open: true, Puts: 1},
			func(m *Model) { m.dynamo = func(t table) dynamo.API { return keepsBytes{t} } },
			"8 bytes, 1 files and 0 pending, and the records, of which the file's is uploaded, come to",
		},
		{
			"what changes is not counted for the tenant",
			Bounds{Deletes: 1},
			func(m *Model) { m.dynamo = func(t table) dynamo.API { return ownersOnly{t} } },
			", and the account of the tenant is counted to use 5 bytes, 1 files and 1 pending",
		},
		{
			"the limit of the tenant is no condition of the write",
			Bounds{Others: 1},
			func(m *Model) { m.beside = func(n *neighbour) dynamo.API { return boundless{n} } },
			"an upload of 5 bytes is refused: false, and the tenant had 5 bytes, 1 files and 1 pending",
		},
		{
			"what the other owner has is not given back to the tenant",
			Bounds{Others: 2},
			func(m *Model) {
				m.beside = func(n *neighbour) dynamo.API { return keepsTenant{n} }
			},
			"the account of the tenant is counted to use 7 bytes, 2 files and 2 pending, and the records, of which the file's is pending, come to 7 bytes, 2 files and 1 pending",
		},
		{
			"the size of what a form has sent is not written down",
			Bounds{Method: file.Form, Open: true, Puts: 1},
			func(m *Model) {
				real := m.code.Starter
				m.code.Starter = func(o *outside) verify.Starter {
					s := real(o)
					s.Records = forgetsSize{o}
					return s
				}
			}, "the record is uploaded and says 0 bytes",
		},
	} {
		t.Run(b.name, b.isFound)
	}
}

// What a step reads of a record is what the store has written of it, so that the
// model checks the records that there are.
func TestARecordIsReadAsItIsWritten(t *testing.T) {
	m, err := New(Bounds{Method: file.Form, Open: true, Puts: 1, Grants: 1, Deletes: 1}, statemachines)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Check(); err != nil {
		t.Fatal(err)
	}
	for n := int32(1); int(n) <= len(m.files.list); n++ {
		o := &outside{model: m, answers: []answer{{record: n, version: -1}}}
		f, err := m.storeOn(table{outside: o}).Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.files.id(f); got != n {
			t.Fatalf("%+v is read, and %+v was written", f, m.files.get(n))
		}
	}
	if counted := quota.Counted(m.files.get(1)); len(counted) != 2 || counted[0] != accounts[0].Account || counted[1] != accounts[tenant].Account {
		t.Errorf("the file is counted in %v", counted)
	}
}
