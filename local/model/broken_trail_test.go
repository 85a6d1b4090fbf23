package model

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/file"
)

// What is broken on purpose of how the trail comes to tell of a change.
type (
	tellsNothing struct{ table } // of a file that expires
	tellsFirst   struct{ table } // in a write of its own, before the change
	tellsLater   struct{ table } // in one behind it
	tellsTwice   struct{ table }
)

func (t tellsNothing) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if t.change.To == file.Expired {
		in.TransactItems = within(in, filesTable, usageTable)
	}
	return t.table.TransactWriteItems(ctx, in)
}

func (t tellsFirst) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return inTurn(ctx, t.table, within(in, historyTable), within(in, filesTable, usageTable))
}

func (t tellsLater) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return inTurn(ctx, t.table, within(in, filesTable, usageTable), within(in, historyTable))
}

func (t tellsTwice) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	in.TransactItems = append(in.TransactItems, within(in, historyTable)...)
	return t.table.TransactWriteItems(ctx, in)
}

// TestWhatIsBrokenInTellingIsFound is TestWhatIsBrokenIsFound for the trail.
func TestWhatIsBrokenInTellingIsFound(t *testing.T) {
	for _, b := range []breakage{
		{
			"an expiry is in no trail",
			Bounds{Ticks: 1, Sweeps: 1},
			func(m *Model) { m.dynamo = func(t table) dynamo.API { return tellsNothing{t} } },
			"the record went from pending to expired, and the trail tells of it by []",
		},
		{
			"an end is told of in a first write",
			Bounds{Ticks: 1, Sweeps: 1},
			func(m *Model) { m.dynamo = func(t table) dynamo.API { return tellsFirst{t} } },
			"the record went from pending to pending, and the trail tells of it by [ expired]",
		},
		{
			"an end is told of in a second write",
			Bounds{Ticks: 1, Sweeps: 1},
			func(m *Model) { m.dynamo = func(t table) dynamo.API { return tellsLater{t} } },
			"the record went from pending to expired, and the trail tells of it by []",
		},
		{
			"an end is told of twice",
			Bounds{Ticks: 1, Sweeps: 1},
			func(m *Model) { m.dynamo = func(t table) dynamo.API { return tellsTwice{t} } },
			"the record went from pending to expired, and the trail tells of it by [ expired expired]",
		},
	} {
		t.Run(b.name, b.isFound)
	}
}
