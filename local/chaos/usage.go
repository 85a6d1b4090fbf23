package chaos

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/local/stack"
	"github.com/vouch-s3/vouch/shared/canary"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/quota"
)

const usageTable = stack.Name + "-UsageTable"

// usage reads what every account is counted to use.
func (a *admin) usage(ctx context.Context) (map[quota.Account]quota.Usage, error) {
	all := map[quota.Account]quota.Usage{}
	accounts := dynamo.NewAccounts(a.dynamo, usageTable)
	pages := dynamodb.NewScanPaginator(a.dynamo, &dynamodb.ScanInput{TableName: aws.String(usageTable), ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("scan what is counted: %w", err)
		}
		for _, item := range page.Items {
			id, _ := item["account"].(*types.AttributeValueMemberS)
			subject, ok := item["subject"].(*types.AttributeValueMemberS)
			if id == nil || !ok {
				continue // the uploads of a day
			}
			account := quota.Account{Kind: quota.KindOf(id.Value), Subject: subject.Value}
			balance, err := accounts.Balance(ctx, account)
			if err != nil {
				return nil, err
			}
			all[account] = balance.Usage
		}
	}
	return all, nil
}

// usage holds what is counted to what the records come to. The canary may be at
// work while both are read.
func (j *judge) usage() {
	sums := map[quota.Account]quota.Usage{}
	for account := range j.found.usage {
		sums[account] = quota.Usage{}
	}
	for _, f := range j.found.files {
		for _, account := range quota.Counted(f) {
			sums[account] = sums[account].Plus(quota.Of(f))
		}
	}
	delete(sums, quota.Account{Kind: quota.Owner, Subject: canary.Owner})
	for account, sum := range sums {
		if counted := j.found.usage[account]; counted != sum {
			j.broken(NoDrift, "", -1, "%s is counted to use %+v, and its records come to %+v", account.ID(), counted, sum)
		}
	}
}
