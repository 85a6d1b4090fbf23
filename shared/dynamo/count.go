package dynamo

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/quota"
)

// Counting returns the store with the table of usage, which it changes in the
// very transactions that change records. A store without one refuses every
// change that would have to be counted.
//
// The table is declared in template.yaml. It has an item for what each account
// uses (bytes, files, pending, revision, which counts its changes, and closed where
// Accounts.Close has been called) and one for the uploads of each day:
//
//	table       account                       the id of an account, or that and a day
//	byLastLook  reconcileShard, reconciledAt  accounts by when the Reconciler last looked; days are not in it
func (s *Store) Counting(table string) *Store {
	counting := *s
	counting.usage = table
	return &counting
}

// Within returns the store with the limits that Create holds accounts to. One
// without any creates nothing that is counted.
func (s *Store) Within(quotas quota.Quotas) *Store {
	within := *s
	within.quotas = &quotas
	return &within
}

// keepsDaysFor is how long after its end a day's item is kept, for whoever asks
// what happened.
const keepsDaysFor = 7 * 24 * time.Hour

// count returns the update that adds d to what the account uses.
func count(a quota.Account, d quota.Usage, at time.Time) *update {
	u := newUpdate()
	for _, c := range counters(d) {
		if c.n != 0 {
			u.add(c.name, c.n)
		}
	}
	u.add("revision", 1)
	// For the Reconciler, which has to find the account and its files.
	u.set("subject", text(a.Subject))
	u.set("reconcileShard", text(ShardOf(a.ID())))
	u.setOnce("reconciledAt", timestamp(at))
	return u
}

// reserve is count within the limits, of an account that is not closed. DynamoDB
// compares what the item holds at the moment of the write.
func reserve(a quota.Account, d quota.Usage, l quota.Limits, at time.Time) *update {
	u := count(a, d, at)
	u.unlessClosed()
	most := counters(quota.Usage{Bytes: l.Bytes, Files: l.Files, Pending: l.Pending})
	for i, c := range counters(d) {
		if most[i].n != 0 {
			u.atMost(c.name, most[i].n-c.n)
		}
	}
	return u
}

// reserveUpload is the update that counts one more upload of the day, within
// the limit.
func reserveUpload(l quota.Limits, at time.Time) *update {
	u := newUpdate()
	u.add("uploads", 1)
	u.set("expiresAt", seconds(quota.Midnight(at).Add(keepsDaysFor)))
	if l.UploadsPerDay != 0 {
		u.atMost("uploads", l.UploadsPerDay-1)
	}
	return u
}

type counter struct {
	name string
	n    int64
}

// counters are the attributes that hold a Usage.
func counters(u quota.Usage) []counter {
	return []counter{{"bytes", u.Bytes}, {"files", u.Files}, {"pending", u.Pending}}
}

func (u *update) add(attribute string, n int64) {
	u.names["#"+attribute] = attribute
	u.values[":"+attribute] = number(n)
	u.additions = append(u.additions, fmt.Sprintf("#%s :%s", attribute, attribute))
}

// setOnce sets an attribute that is not there yet.
func (u *update) setOnce(attribute string, value types.AttributeValue) {
	u.names["#"+attribute] = attribute
	u.values[":"+attribute] = value
	u.assignments = append(u.assignments, fmt.Sprintf("#%s = if_not_exists(#%s, :%s)", attribute, attribute, attribute))
}

// atMost has the update apply only to a counter that is n or less. One that is
// not there is 0.
func (u *update) atMost(attribute string, n int64) {
	room := attribute + "Room"
	u.names["#"+attribute] = attribute
	u.values[":"+room] = number(n)
	condition := fmt.Sprintf("#%s <= :%s", attribute, room)
	if n >= 0 {
		condition = fmt.Sprintf("(attribute_not_exists(#%s) OR %s)", attribute, condition)
	}
	u.conditions = append(u.conditions, condition)
}

// item writes u as the update of an item within a transaction, which returns
// what stood in its way.
func (u *update) item(table string, key map[string]types.AttributeValue) types.TransactWriteItem {
	out := &types.Update{
		TableName: &table, Key: key, UpdateExpression: aws.String(u.expression()),
		ExpressionAttributeNames: u.names, ExpressionAttributeValues: u.values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if len(u.conditions) > 0 {
		out.ConditionExpression = aws.String(u.condition())
	}
	return types.TransactWriteItem{Update: out}
}

func accountKey(id string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"account": text(id)}
}
