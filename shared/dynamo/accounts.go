package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/quota"
)

// AccountsAPI is what Accounts call of DynamoDB.
type AccountsAPI interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

// Accounts are what the table of usage holds, for whoever asks what is used and
// for the Reconciler. The counting itself is the Store's.
type Accounts struct {
	api   AccountsAPI
	table string
}

// NewAccounts returns the Accounts in the table.
func NewAccounts(api AccountsAPI, table string) *Accounts {
	return &Accounts{api: api, table: table}
}

// Standing returns what the account uses at the time, by consistent reads.
func (s *Accounts) Standing(ctx context.Context, a quota.Account, at time.Time) (quota.Standing, error) {
	balance, err := s.Balance(ctx, a)
	if err != nil {
		return quota.Standing{}, err
	}
	day, err := s.get(ctx, a.Day(at))
	return quota.Standing{Usage: balance.Usage, UploadsToday: numberOf(day, "uploads")}, err
}

// Balance implements quota.Ledger.
func (s *Accounts) Balance(ctx context.Context, a quota.Account) (quota.Balance, error) {
	item, err := s.get(ctx, a.ID())
	return quota.Balance{Usage: usageOf(item), Revision: numberOf(item, "revision")}, err
}

func (s *Accounts) get(ctx context.Context, id string) (map[string]types.AttributeValue, error) {
	out, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table, Key: accountKey(id), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, fmt.Errorf("get the usage of %s: %w", id, err)
	}
	return out.Item, nil
}

// Oldest implements quota.Ledger.
func (s *Accounts) Oldest(ctx context.Context, before time.Time, limit int) ([]quota.Account, error) {
	type look struct {
		account quota.Account
		at      string
	}
	var looks []look
	for _, shard := range shards() {
		out, err := s.api.Query(ctx, &dynamodb.QueryInput{
			TableName:              &s.table,
			IndexName:              aws.String("byLastLook"),
			KeyConditionExpression: aws.String("reconcileShard = :shard AND reconciledAt < :before"),
			ExpressionAttributeValues: map[string]types.AttributeValue{
				":shard":  text(shard),
				":before": timestamp(before),
			},
			Limit: aws.Int32(int32(limit)), // #nosec G115 -- a page of the Reconciler
		})
		if err != nil {
			return nil, fmt.Errorf("query the accounts to reconcile: %w", err)
		}
		for _, m := range out.Items {
			a, at, err := decodeAccount(m)
			if err != nil {
				return nil, err
			}
			looks = append(looks, look{a, at})
		}
	}
	slices.SortFunc(looks, func(a, b look) int { return strings.Compare(a.at, b.at) })
	var accounts []quota.Account
	for _, l := range looks[:min(limit, len(looks))] {
		accounts = append(accounts, l.account)
	}
	return accounts, nil
}

func decodeAccount(m map[string]types.AttributeValue) (a quota.Account, reconciledAt string, err error) {
	id, _ := m["account"].(*types.AttributeValueMemberS)
	subject, _ := m["subject"].(*types.AttributeValueMemberS)
	at, _ := m["reconciledAt"].(*types.AttributeValueMemberS)
	if id == nil || subject == nil || at == nil {
		return quota.Account{}, "", errors.New("decode an account of byLastLook: an attribute is missing")
	}
	a = quota.Account{Kind: quota.KindOf(id.Value), Subject: subject.Value}
	if a.ID() != id.Value {
		return quota.Account{}, "", fmt.Errorf("decode the account %s: its subject is that of %s", id.Value, a.ID())
	}
	return a, at.Value, nil
}

// Looked implements quota.Ledger.
func (s *Accounts) Looked(ctx context.Context, a quota.Account, at time.Time) error {
	u := newUpdate()
	u.conditions = append(u.conditions, "attribute_exists(account)")
	u.set("reconciledAt", timestamp(at))
	return s.write(ctx, a, u)
}

// Repair implements quota.Ledger.
func (s *Accounts) Repair(ctx context.Context, a quota.Account, seen quota.Balance, to quota.Usage) error {
	u := newUpdate()
	u.ifRevision(seen.Revision)
	for _, c := range counters(to) {
		u.set(c.name, number(c.n))
	}
	u.countRevision()
	return s.write(ctx, a, u)
}

func (s *Accounts) write(ctx context.Context, a quota.Account, u *update) error {
	in := &dynamodb.UpdateItemInput{
		TableName:                 &s.table,
		Key:                       accountKey(a.ID()),
		UpdateExpression:          aws.String(u.expression()),
		ExpressionAttributeNames:  u.names,
		ExpressionAttributeValues: u.values,
	}
	if len(u.conditions) > 0 {
		in.ConditionExpression = aws.String(u.condition())
	}
	if len(u.values) == 0 {
		in.ExpressionAttributeValues = nil // DynamoDB takes no empty ones
	}
	err := patiently(ctx, func() error {
		_, err := s.api.UpdateItem(ctx, in)
		return err
	})
	if err != nil {
		return fmt.Errorf("write the account %s: %w", a.ID(), err)
	}
	return nil
}

// usageOf reads the counters of an item; those that are not there are 0.
func usageOf(item map[string]types.AttributeValue) quota.Usage {
	return quota.Usage{Bytes: numberOf(item, "bytes"), Files: numberOf(item, "files"), Pending: numberOf(item, "pending")}
}

// numberOf reads a counter, which DynamoDB itself keeps as a number.
func numberOf(item map[string]types.AttributeValue, name string) int64 {
	v, ok := item[name].(*types.AttributeValueMemberN)
	if !ok {
		return 0
	}
	n, _ := strconv.ParseInt(v.Value, 10, 64) // of sums of whole numbers
	return n
}
