package dynamo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/quota"
)

// update gathers one UpdateItem's expressions.
type update struct {
	conditions  []string
	assignments []string
	removals    []string
	additions   []string
	names       map[string]string
	values      map[string]types.AttributeValue
}

func newUpdate() *update {
	return &update{names: map[string]string{}, values: map[string]types.AttributeValue{}}
}

func (u *update) set(attribute string, value types.AttributeValue) {
	u.names["#"+attribute] = attribute // any name may be a reserved word
	u.values[":"+attribute] = value
	u.assignments = append(u.assignments, fmt.Sprintf("#%s = :%s", attribute, attribute))
}

func (u *update) remove(attribute string) {
	u.names["#"+attribute] = attribute
	u.removals = append(u.removals, "#"+attribute)
}

// sweepAt sets when the sweeper looks next, or takes the record off its list.
func (u *update) sweepAt(id string, at time.Time) {
	if at.IsZero() {
		u.remove("sweepShard")
		u.remove("sweepAt")
		return
	}
	u.set("sweepShard", text(ShardOf(id)))
	u.set("sweepAt", seconds(at))
}

// deleteAt puts a record where the sweeper looks for what is to be deleted by
// itself, or takes it off.
func (u *update) deleteAt(f file.File) {
	if f.DeleteAt().IsZero() {
		u.remove("expiryShard")
		return
	}
	u.set("expiryShard", text(ShardOf(f.ID)))
}

// receipt sets the statement of the verdict, which only a ready record has.
func (u *update) receipt(s file.Status, receipt string) {
	switch {
	case s != file.Ready:
		u.remove("receipt")
	case receipt != "":
		u.set("receipt", text(receipt))
	}
}

// checkedAt puts a ready record where re-scans look, by the age of its verdict,
// and takes any other off.
func (u *update) checkedAt(id string, s file.Status, v *file.Verdict) {
	switch {
	case s != file.Ready:
		u.remove("checkShard")
		u.remove("checkedAt")
	case v != nil:
		u.set("checkShard", text(ShardOf(id)))
		u.set("checkedAt", timestamp(v.CheckedAt))
	}
}

// countRevision makes every write visible as a new revision.
func (u *update) countRevision() {
	u.names["#revision"] = "revision"
	u.values[":one"] = number(1)
	u.assignments = append(u.assignments, "#revision = #revision + :one")
}

// ifRevision has the update apply only to what nobody has written since it was
// read.
func (u *update) ifRevision(seen int64) {
	u.names["#revision"] = "revision"
	u.values[":seen"] = number(seen)
	u.conditions = append(u.conditions, "#revision = :seen")
}

func (u *update) condition() string { return strings.Join(u.conditions, " AND ") }

func (u *update) expression() string {
	var clauses []string
	if len(u.assignments) > 0 {
		clauses = append(clauses, "SET "+strings.Join(u.assignments, ", "))
	}
	if len(u.removals) > 0 {
		clauses = append(clauses, "REMOVE "+strings.Join(u.removals, ", "))
	}
	if len(u.additions) > 0 {
		clauses = append(clauses, "ADD "+strings.Join(u.additions, ", "))
	}
	return strings.Join(clauses, " ")
}

// telling writes u as a call on the item with the id that returns it as u has left
// it, or as it is where a condition of u has failed.
func (u *update) telling(table, id string) *dynamodb.UpdateItemInput {
	return &dynamodb.UpdateItemInput{
		TableName:                           &table,
		Key:                                 key(id),
		ConditionExpression:                 aws.String(u.condition()),
		UpdateExpression:                    aws.String(u.expression()),
		ExpressionAttributeNames:            u.names,
		ExpressionAttributeValues:           u.values,
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
}

// changeUpdate writes c as an update that only applies where the table of
// transitions allows it.
func changeUpdate(id string, c file.Change) (*update, error) {
	u := newUpdate()
	u.conditions = append(u.conditions, "attribute_exists(id)", u.statusIn(c.To.From()))
	if c.IfStatus != "" {
		u.values[":ifStatus"] = text(string(c.IfStatus))
		u.conditions = append(u.conditions, "#status = :ifStatus")
	}
	if c.To == file.Deleted {
		u.names["#hold"] = "hold"
		u.conditions = append(u.conditions, "attribute_not_exists(#hold)")
	}
	if c.IfVersion != "" {
		u.values[":ifVersion"] = text(c.IfVersion)
		u.conditions = append(u.conditions, "versionId = :ifVersion")
	}
	u.set("status", text(string(c.To)))
	u.set("statusId", text(statusID(c.To, id)))
	u.set("updatedAt", timestamp(c.At))
	u.countRevision()
	if c.Object != nil {
		u.set("versionId", text(c.Object.VersionID))
		u.set("etag", text(c.Object.ETag))
		u.set("uploadedAt", timestamp(c.At))
	}
	if c.Size != 0 {
		u.set("size", number(c.Size))
	}
	if c.ContentType != "" {
		u.set("contentType", text(c.ContentType))
	}
	if c.ChecksumSHA256 != "" {
		u.set("checksumSHA256", text(c.ChecksumSHA256))
	}
	if c.Reason != "" {
		u.set("reason", text(string(c.Reason)))
	}
	if c.Verdict != nil {
		v, err := encodeVerdict(c.Verdict)
		if err != nil {
			return nil, fmt.Errorf("encode the verdict on %s: %w", id, err)
		}
		u.set("verdict", v)
	}
	u.receipt(c.To, c.Receipt)
	u.checkedAt(id, c.To, c.Verdict)
	if !c.PurgeAt.IsZero() {
		u.set("purgeAt", seconds(c.PurgeAt))
	}
	u.sweepAt(id, c.SweepAt)
	if !slices.Contains(file.Shareable(), c.To) {
		u.remove("expiryShard") // as file.File.DeleteAt says
	}
	if quota.Of(file.File{Status: c.To}).Zero() {
		u.remove("countedTenant")
	}
	if c.To == file.Deleted {
		u.remove("listedOwner")
		u.remove("grants")
	}
	return u, nil
}

func (u *update) statusIn(from []file.Status) string {
	u.names["#status"] = "status"
	var names []string
	for i, s := range from {
		name := fmt.Sprintf(":from%d", i)
		u.values[name] = text(string(s))
		names = append(names, name)
	}
	return "#status IN (" + strings.Join(names, ", ") + ")"
}
