package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/quota"
)

// Close has every Create of a file of the owner refused with quota.ErrClosed, also
// one that is under way: when Close has returned, none takes effect any more, since
// Create is conditional on it in its own transaction. What the owner has already
// goes on as before, and is settled. An account that was never counted can be
// closed, of which the item then has only the hash; and one that is closed, again.
func (s *Accounts) Close(ctx context.Context, owner string) error {
	u := newUpdate()
	u.set("closed", &types.AttributeValueMemberBOOL{Value: true})
	return s.write(ctx, quota.Account{Kind: quota.Owner, Subject: owner}, u)
}

// Open takes back what Close did; nothing where the account is open.
func (s *Accounts) Open(ctx context.Context, owner string) error {
	u := newUpdate()
	u.conditions = append(u.conditions, "attribute_exists(#closed)")
	u.remove("closed")
	err := s.write(ctx, quota.Account{Kind: quota.Owner, Subject: owner}, u)
	if _, open := errors.AsType[*types.ConditionalCheckFailedException](err); open {
		return nil
	}
	return err
}

// Forget takes the owner's name off the account, which has to use nothing: what
// stays are a hash, zeros, and whether it is closed. The Reconciler has nothing to
// look for in it then, until a file is counted again.
func (s *Accounts) Forget(ctx context.Context, owner string) error {
	u := newUpdate()
	u.values[":zero"] = number(0)
	for _, c := range counters(quota.Usage{}) {
		u.names["#"+c.name] = c.name
		u.conditions = append(u.conditions, fmt.Sprintf("(attribute_not_exists(#%s) OR #%s = :zero)", c.name, c.name))
	}
	for _, attribute := range []string{"subject", "reconcileShard", "reconciledAt"} { // as count has them
		u.remove(attribute)
	}
	return s.write(ctx, quota.Account{Kind: quota.Owner, Subject: owner}, u)
}

// unlessClosed has the update apply only to an account that is not closed.
func (u *update) unlessClosed() {
	u.names["#closed"] = "closed"
	u.conditions = append(u.conditions, "attribute_not_exists(#closed)")
}

// isClosed reports whether an item is of an account that is closed.
func isClosed(item map[string]types.AttributeValue) bool {
	_, closed := item["closed"]
	return closed
}
