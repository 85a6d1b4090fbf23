package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/verify"
)

// Renew applies n to the record with the id as file.Renewal says, and returns
// what it has become. Its errors are those of Change.
func (s *Store) Renew(ctx context.Context, id string, n file.Renewal) (file.File, error) {
	u := newUpdate()
	u.values[":ifVersion"] = text(n.VersionID)
	u.conditions = append(u.conditions, "attribute_exists(id)", u.statusIn([]file.Status{file.Ready}), "versionId = :ifVersion",
		"(attribute_not_exists(checkedAt) OR checkedAt < :checkedAt)")
	verdict, err := encodeVerdict(&n.Verdict)
	if err != nil {
		return file.File{}, fmt.Errorf("encode the verdict on %s: %w", id, err)
	}
	u.set("verdict", verdict)
	u.set("updatedAt", timestamp(n.At))
	u.countRevision()
	if n.Receipt == "" {
		u.remove("receipt") // it would vouch for a verdict that is replaced
	}
	u.receipt(file.Ready, n.Receipt)
	u.checkedAt(id, file.Ready, &n.Verdict)
	return s.update(ctx, id, file.Ready, u)
}

// Unchecked returns up to limit ready files whose verdict is older than before,
// as the jobs to verify them again. It begins behind cursor, empty for the
// beginning, and returns where to go on, empty at the end. A file whose verdict
// is renewed meanwhile leaves what is listed, and moves nobody else.
func (s *Store) Unchecked(ctx context.Context, before time.Time, cursor string, limit int) (jobs []verify.Job, next string, err error) {
	at := position{shard: 0}
	if cursor != "" {
		if at, err = parsePosition(cursor); err != nil {
			return nil, "", err
		}
	}
	for at.shard < len(shards()) {
		input := &dynamodb.QueryInput{
			TableName:              &s.table,
			IndexName:              aws.String("byCheck"),
			KeyConditionExpression: aws.String("checkShard = :shard AND checkedAt < :before"),
			ExpressionAttributeValues: map[string]types.AttributeValue{
				":shard":  text(shards()[at.shard]),
				":before": timestamp(before),
			},
			Limit: aws.Int32(int32(limit - len(jobs))), // #nosec G115 -- at most a page of a re-scan
		}
		if at.id != "" {
			input.ExclusiveStartKey = key(at.id)
			input.ExclusiveStartKey["checkShard"] = text(shards()[at.shard])
			input.ExclusiveStartKey["checkedAt"] = text(at.checkedAt)
		}
		out, err := s.api.Query(ctx, input)
		if err != nil {
			return nil, "", fmt.Errorf("query the files with verdicts older than %s: %w", before.Format(timeLayout), err)
		}
		for _, m := range out.Items {
			job, err := decodeJob(m)
			if err != nil {
				return nil, "", err
			}
			jobs = append(jobs, job)
		}
		if len(out.LastEvaluatedKey) == 0 {
			at = position{shard: at.shard + 1}
		} else if at, err = positionOf(at.shard, out.LastEvaluatedKey); err != nil {
			return nil, "", err
		}
		if len(jobs) == limit {
			break
		}
	}
	if at.shard == len(shards()) {
		return jobs, "", nil
	}
	return jobs, at.String(), nil
}

// position is a place in the index byCheck: behind the record with this id and
// time, or at the beginning of the shard where there is no id.
type position struct {
	shard     int
	checkedAt string // in timeLayout
	id        string
}

// String writes a position as a cursor.
func (p position) String() string {
	if p.id == "" {
		return shards()[p.shard]
	}
	return shards()[p.shard] + " " + p.checkedAt + " " + p.id
}

// parsePosition reads what String wrote, and nothing else.
func parsePosition(cursor string) (position, error) {
	shard, behind, isBehind := strings.Cut(cursor, " ")
	p := position{shard: slices.Index(shards(), shard)}
	if p.shard < 0 {
		return position{}, fmt.Errorf("the cursor %q names no shard", cursor)
	}
	if !isBehind {
		return p, nil
	}
	p.checkedAt, p.id, _ = strings.Cut(behind, " ")
	if t, err := time.Parse(timeLayout, p.checkedAt); err != nil || t.UTC().Format(timeLayout) != p.checkedAt {
		return position{}, fmt.Errorf("the cursor %q has no time", cursor)
	}
	if !file.ValidID(p.id) || !strings.HasSuffix(p.id, shard) {
		return position{}, fmt.Errorf("the cursor %q has no id of its shard", cursor)
	}
	return p, nil
}

func positionOf(shard int, key map[string]types.AttributeValue) (position, error) {
	id, _ := key["id"].(*types.AttributeValueMemberS)
	checkedAt, _ := key["checkedAt"].(*types.AttributeValueMemberS)
	if id == nil || checkedAt == nil {
		return position{}, errors.New("DynamoDB returned a key of byCheck without its parts")
	}
	return position{shard: shard, checkedAt: checkedAt.Value, id: id.Value}, nil
}

// decodeJob reads what the index byCheck holds of a record.
func decodeJob(m map[string]types.AttributeValue) (verify.Job, error) {
	read := textsOf(m)
	j := verify.Job{FileID: read("id"), Key: read("objectKey"), VersionID: read("versionId"), ETag: read("etag")}
	if !file.ValidID(j.FileID) || j.Key == "" || j.VersionID == "" || j.ETag == "" {
		return verify.Job{}, fmt.Errorf("decode a record of byCheck: id %q, version %q", j.FileID, j.VersionID)
	}
	return j, nil
}
