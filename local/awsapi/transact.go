package awsapi

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// A transactItem is one item of a TransactWriteItems: exactly one of these.
type transactItem struct {
	Put, Update, Delete, ConditionCheck *transactAction
}

type transactAction struct {
	TableName                           string
	Key, Item                           item
	ReturnValuesOnConditionCheckFailure string
}

// action returns what an item does, and the permission that it needs ("Using IAM
// with DynamoDB transactions", Amazon DynamoDB Developer Guide).
func (i transactItem) action() (permission string, a transactAction, err error) {
	actions := map[string]*transactAction{
		"dynamodb:PutItem": i.Put, "dynamodb:UpdateItem": i.Update, "dynamodb:DeleteItem": i.Delete, "dynamodb:ConditionCheckItem": i.ConditionCheck,
	}
	for name, given := range actions {
		switch {
		case given == nil:
		case permission != "":
			return "", a, fmt.Errorf("an item of a transaction has two actions")
		default:
			permission, a = name, *given
		}
	}
	if permission == "" {
		return "", a, fmt.Errorf("an item of a transaction has no action")
	}
	return permission, a, nil
}

func transactItems(body []byte) (items []transactItem, token string, err error) {
	var in struct {
		TransactItems      []transactItem
		ClientRequestToken string
	}
	err = json.Unmarshal(body, &in)
	return in.TransactItems, in.ClientRequestToken, err
}

// authorizeTransaction checks the permissions for each item of a transaction.
func (e *Endpoint) authorizeTransaction(key string, c call) error {
	items, _, err := transactItems(c.body)
	if err != nil || len(items) == 0 {
		return fmt.Errorf("the body of %s is not as described", c.operation)
	}
	for _, i := range items {
		permission, a, err := i.action()
		if err != nil {
			return err
		}
		err = e.Authorizer.Authorize(key, permission, "arn:aws:dynamodb:"+e.Region+":"+AccountID+":table/"+a.TableName, map[string][]string{
			"dynamodb:EnclosingOperation": {"TransactWriteItems"},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// A done transaction is one that took effect, and may come again.
type doneTransaction struct {
	sum [sha256.Size]byte // of its body
	at  time.Time
}

// tokensLive is how long DynamoDB knows a ClientRequestToken.
const tokensLive = 10 * time.Minute

// repeated answers a transaction whose token is known: as it was answered then,
// or that it was another. kumo knows no tokens. The caller holds mutating. They
// are forgotten with the process.
func (e *Endpoint) repeated(c call) (status int, header http.Header, answer []byte, is bool, err error) {
	_, token, err := transactItems(c.body)
	done, known := e.transactions[token]
	if err != nil || !known || time.Since(done.at) > tokensLive {
		return 0, nil, nil, false, nil // what cannot be read kumo refuses
	}
	if done.sum != sha256.Sum256(c.body) {
		status, header, answer, err = failure(http.StatusBadRequest, "IdempotentParameterMismatchException", "the token was used with other items")
		return status, header, answer, true, err
	}
	status, header, answer, err = success(struct{}{})
	return status, header, answer, true, err
}

// remember keeps the token of a transaction that took effect.
func (e *Endpoint) remember(c call) {
	for token, done := range e.transactions {
		if time.Since(done.at) > tokensLive {
			delete(e.transactions, token)
		}
	}
	if _, token, err := transactItems(c.body); err == nil && token != "" {
		e.transactions[token] = doneTransaction{sha256.Sum256(c.body), time.Now()}
	}
}

// withReasons adds to a transaction that was cancelled what kumo leaves out: the
// code of an item that was in nobody's way, and the item that stood in another's
// where the request asked for it. The caller holds mutating.
func (e *Endpoint) withReasons(ctx context.Context, c call, answer []byte) ([]byte, error) {
	items, _, err := transactItems(c.body)
	var refused map[string]any
	if err != nil || json.Unmarshal(answer, &refused) != nil {
		return answer, nil // not a refusal to add anything to
	}
	kind, _ := refused["__type"].(string)
	reasons, _ := refused["CancellationReasons"].([]any)
	if !strings.HasSuffix(kind, "TransactionCanceledException") || len(reasons) != len(items) {
		return answer, nil
	}
	for n, r := range reasons {
		reason, _ := r.(map[string]any)
		switch reason["Code"] {
		case "", nil:
			reason["Code"] = "None"
			continue
		case "ConditionalCheckFailed":
			reason["Message"] = "The conditional request failed"
		default:
			continue
		}
		_, a, err := items[n].action()
		if err != nil {
			return nil, err
		}
		if a.ReturnValuesOnConditionCheckFailure != "ALL_OLD" {
			continue
		}
		key := a.Key
		if key == nil {
			own, _, err := e.keysOf(a.TableName, "")
			if err != nil {
				return nil, err
			}
			key = item{}
			for _, name := range own {
				key[name] = a.Item[name]
			}
		}
		var old struct{ Item json.RawMessage }
		if err := e.ask(ctx, "DynamoDB_20120810.GetItem", map[string]any{"TableName": a.TableName, "Key": key, "ConsistentRead": true}, &old); err != nil {
			return nil, fmt.Errorf("read the item that a condition failed on: %w", err)
		}
		if len(old.Item) > 0 {
			reason["Item"] = old.Item
		}
	}
	return json.Marshal(refused)
}
