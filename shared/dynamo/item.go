package dynamo

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/file"
)

// item is a record as the table holds it. Attributes that key an index are
// left out, not empty, where the record is not to be in that index.
type item struct {
	ID             string `dynamodbav:"id"`
	Owner          string `dynamodbav:"owner,omitempty"` // absent: a tombstone
	ListedOwner    string `dynamodbav:"listedOwner,omitempty"`
	StatusID       string `dynamodbav:"statusId"`
	Filename       string `dynamodbav:"filename"`
	Method         string `dynamodbav:"method,omitempty"` // absent: put
	ContentType    string `dynamodbav:"contentType"`
	Size           int64  `dynamodbav:"size"`
	MaxSize        int64  `dynamodbav:"maxSize,omitempty"`
	PartSize       int64  `dynamodbav:"partSize,omitempty"`
	UploadID       string `dynamodbav:"uploadId,omitempty"`
	ChecksumSHA256 string `dynamodbav:"checksumSHA256,omitempty"`
	Status         string `dynamodbav:"status"`
	Reason         string `dynamodbav:"reason,omitempty"`
	Receipt        string `dynamodbav:"receipt,omitempty"`
	Key            string `dynamodbav:"objectKey"`
	VersionID      string `dynamodbav:"versionId,omitempty"`
	ETag           string `dynamodbav:"etag,omitempty"`
	CreatedAt      string `dynamodbav:"createdAt"`
	UpdatedAt      string `dynamodbav:"updatedAt"`
	UploadExpires  string `dynamodbav:"uploadExpiresAt"`
	UploadedAt     string `dynamodbav:"uploadedAt,omitempty"`
	SweepShard     string `dynamodbav:"sweepShard,omitempty"`
	SweepAt        int64  `dynamodbav:"sweepAt,omitempty"` // Unix seconds
	ExpiresAt      string `dynamodbav:"expiresAt,omitempty"`
	ExpiryShard    string `dynamodbav:"expiryShard,omitempty"` // while retention is to delete it
	Discarded      bool   `dynamodbav:"discarded,omitempty"`
	CheckShard     string `dynamodbav:"checkShard,omitempty"`
	CheckedAt      string `dynamodbav:"checkedAt,omitempty"` // the verdict's, of a ready record
	Counted        string `dynamodbav:"counted,omitempty"`   // absent: in nothing
	CountedTenant  string `dynamodbav:"countedTenant,omitempty"`
	Revision       int64  `dynamodbav:"revision"`
}

// timeLayout is RFC 3339 in UTC with milliseconds, which also sorts as text.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

func encode(f file.File) (map[string]types.AttributeValue, error) {
	it := item{
		ID:             f.ID,
		Owner:          f.Owner,
		StatusID:       statusID(f.Status, f.ID),
		Filename:       f.Filename,
		Method:         string(f.Method),
		ContentType:    f.ContentType,
		Size:           f.Size,
		MaxSize:        f.MaxSize,
		PartSize:       f.PartSize,
		UploadID:       f.UploadID,
		ChecksumSHA256: f.ChecksumSHA256,
		Status:         string(f.Status),
		Reason:         string(f.Reason),
		Receipt:        f.Receipt,
		Key:            f.Key,
		VersionID:      f.VersionID,
		ETag:           f.ETag,
		CreatedAt:      f.CreatedAt.UTC().Format(timeLayout),
		UpdatedAt:      f.UpdatedAt.UTC().Format(timeLayout),
		UploadExpires:  f.UploadExpiresAt.UTC().Format(timeLayout),
		Revision:       f.Revision,
		Counted:        f.Counted,
		CountedTenant:  countedTenant(f),
		Discarded:      f.Discarded,
	}
	if !f.ExpiresAt.IsZero() {
		it.ExpiresAt = f.ExpiresAt.UTC().Format(timeLayout)
	}
	if !f.DeleteAt().IsZero() {
		it.ExpiryShard = ShardOf(f.ID)
	}
	if !f.UploadedAt.IsZero() {
		it.UploadedAt = f.UploadedAt.UTC().Format(timeLayout)
	}
	if f.Status != file.Deleted {
		it.ListedOwner = f.Owner
	}
	if !f.SweepAt.IsZero() {
		it.SweepShard, it.SweepAt = ShardOf(f.ID), f.SweepAt.Unix()
	}
	if f.Status == file.Ready && f.Verdict != nil {
		it.CheckShard, it.CheckedAt = ShardOf(f.ID), f.Verdict.CheckedAt.UTC().Format(timeLayout)
	}
	m := it.attributes()
	if f.Verdict != nil {
		var err error
		if m["verdict"], err = encodeVerdict(f.Verdict); err != nil {
			return nil, fmt.Errorf("encode the verdict on %s: %w", f.ID, err)
		}
	}
	if len(f.Grants) > 0 {
		m["grants"] = encodeGrants(f.Grants)
	}
	if f.Hold != nil {
		m["hold"] = encodeHold(f.Hold)
	}
	return m, nil
}

// attributes is what attributevalue.MarshalMap makes of it, without reflection, since
// every new record comes by here.
func (it item) attributes() map[string]types.AttributeValue {
	m := make(map[string]types.AttributeValue, 32)
	for _, a := range [...]struct {
		name, value string
		empty       bool // is written too
	}{
		{"id", it.ID, true},
		{"owner", it.Owner, false},
		{"listedOwner", it.ListedOwner, false},
		{"statusId", it.StatusID, true},
		{"filename", it.Filename, true},
		{"method", it.Method, false},
		{"contentType", it.ContentType, true},
		{"uploadId", it.UploadID, false},
		{"checksumSHA256", it.ChecksumSHA256, false},
		{"status", it.Status, true},
		{"reason", it.Reason, false},
		{"receipt", it.Receipt, false},
		{"objectKey", it.Key, true},
		{"versionId", it.VersionID, false},
		{"etag", it.ETag, false},
		{"createdAt", it.CreatedAt, true},
		{"updatedAt", it.UpdatedAt, true},
		{"uploadExpiresAt", it.UploadExpires, true},
		{"uploadedAt", it.UploadedAt, false},
		{"sweepShard", it.SweepShard, false},
		{"expiresAt", it.ExpiresAt, false},
		{"expiryShard", it.ExpiryShard, false},
		{"checkShard", it.CheckShard, false},
		{"checkedAt", it.CheckedAt, false},
		{"counted", it.Counted, false},
		{"countedTenant", it.CountedTenant, false},
	} {
		if a.value != "" || a.empty {
			m[a.name] = text(a.value)
		}
	}
	for _, a := range [...]struct {
		name  string
		value int64
		zero  bool // is written too
	}{
		{"size", it.Size, true},
		{"maxSize", it.MaxSize, false},
		{"partSize", it.PartSize, false},
		{"sweepAt", it.SweepAt, false},
		{"revision", it.Revision, true},
	} {
		if a.value != 0 || a.zero {
			m[a.name] = number(a.value)
		}
	}
	if it.Discarded {
		m["discarded"] = &types.AttributeValueMemberBOOL{Value: true}
	}
	return m
}

func decode(m map[string]types.AttributeValue) (file.File, error) {
	var it item
	if err := attributevalue.UnmarshalMap(m, &it); err != nil {
		return file.File{}, fmt.Errorf("decode a record: %w", err)
	}
	f := file.File{
		ID:             it.ID,
		Owner:          it.Owner,
		Filename:       it.Filename,
		Method:         cmp.Or(file.Method(it.Method), file.Put),
		ContentType:    it.ContentType,
		Size:           it.Size,
		MaxSize:        it.MaxSize,
		PartSize:       it.PartSize,
		UploadID:       it.UploadID,
		ChecksumSHA256: it.ChecksumSHA256,
		Status:         file.Status(it.Status),
		Reason:         file.Reason(it.Reason),
		Receipt:        it.Receipt,
		Key:            it.Key,
		VersionID:      it.VersionID,
		ETag:           it.ETag,
		Revision:       it.Revision,
		Counted:        it.Counted,
		Discarded:      it.Discarded,
	}
	if !file.ValidID(f.ID) || !f.Status.Valid() || !f.Method.Valid() {
		return file.File{}, fmt.Errorf("decode record %q: status %q, method %q", it.ID, it.Status, it.Method)
	}
	if v, ok := m["verdict"]; ok {
		f.Verdict = new(file.Verdict)
		if err := verdicts.Decode(v, f.Verdict); err != nil {
			return file.File{}, fmt.Errorf("decode the verdict on %s: %w", f.ID, err)
		}
	}
	var err error
	if f.Grants, err = decodeGrants(m["grants"]); err != nil {
		return file.File{}, fmt.Errorf("decode record %s: %w", it.ID, err)
	}
	if f.Hold, err = decodeHold(m["hold"]); err != nil {
		return file.File{}, fmt.Errorf("decode record %s: %w", it.ID, err)
	}
	if it.SweepAt != 0 {
		f.SweepAt = time.Unix(it.SweepAt, 0).UTC()
	}
	uploaded := it.UploadedAt
	if uploaded == "" && f.VersionID != "" {
		uploaded = it.CreatedAt // of a record that was written before there was uploadedAt
	}
	for _, t := range []struct {
		to   *time.Time
		from string
	}{
		{&f.CreatedAt, it.CreatedAt},
		{&f.UpdatedAt, it.UpdatedAt},
		{&f.UploadExpiresAt, it.UploadExpires},
		{&f.UploadedAt, uploaded},
		{&f.ExpiresAt, it.ExpiresAt},
	} {
		if t.from == "" && (t.to == &f.UploadedAt || t.to == &f.ExpiresAt && m["expiresAt"] == nil) {
			continue // nothing is pinned yet; it is kept as long as nobody deletes it
		}
		parsed, err := time.Parse(timeLayout, t.from)
		if err != nil {
			return file.File{}, fmt.Errorf("decode record %s: %w", it.ID, err)
		}
		*t.to = parsed
	}
	return f, nil
}

// A verdict is kept as a map, under the names of its JSON form.
var (
	verdicts      = attributevalue.NewDecoder(func(o *attributevalue.DecoderOptions) { o.TagKey = "json" })
	verdictWriter = attributevalue.NewEncoder(func(o *attributevalue.EncoderOptions) { o.TagKey = "json" })
)

func encodeVerdict(v *file.Verdict) (types.AttributeValue, error) { return verdictWriter.Encode(v) }

func statusID(s file.Status, id string) string { return string(s) + "#" + id }

// shardDigits are how many of an id's last hex digits, which are random (UUIDv7), say
// which shard of an index its record is in. Shards spread the indexes of the sweeper and
// of re-scans over partitions, each of which takes 1,000 write units a second: two digits
// bear 10,000 uploads a second, where one bore 1,700 (docs/scale.md).
const shardDigits = 2

// ShardOf returns the shard that the record of a file with the id is in, in each index
// that has shards.
func ShardOf(id string) string { return id[len(id)-shardDigits:] }

// shards are all that there are to look into: first those of records that were written
// when a shard was one digit, which no record comes to any more. They are listed when
// somebody looks, since few functions do, and every one of them has to start.
var shards = sync.OnceValue(func() []string { return slices.Concat(allShards(1), Shards()) })

// Shards lists what ShardOf returns, in order.
func Shards() []string { return allShards(shardDigits) }

func allShards(digits int) []string {
	all := make([]string, 1<<(4*digits))
	for i := range all {
		all[i] = fmt.Sprintf("%0*x", digits, i)
	}
	return all
}

// textsOf reads the strings of m by their names; "" where there is none.
func textsOf(m map[string]types.AttributeValue) func(name string) string {
	return func(name string) string {
		if s, ok := m[name].(*types.AttributeValueMemberS); ok {
			return s.Value
		}
		return ""
	}
}

func text(s string) types.AttributeValue         { return &types.AttributeValueMemberS{Value: s} }
func timestamp(t time.Time) types.AttributeValue { return text(t.UTC().Format(timeLayout)) }
func seconds(t time.Time) types.AttributeValue   { return number(t.Unix()) }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
