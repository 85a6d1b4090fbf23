package dynamo

import (
	"context"

	"github.com/vouch-s3/vouch/shared/file"
)

// Begin applies b to the record with the id as file.Begun says, and returns what
// it has become. Its errors are those of Change.
func (s *Store) Begin(ctx context.Context, id string, b file.Begun) (file.File, error) {
	u := newUpdate()
	u.values[":multipart"] = text(string(file.Multipart))
	u.names["#method"] = "method"
	u.conditions = append(u.conditions, "attribute_exists(id)", u.statusIn([]file.Status{file.Pending}),
		"#method = :multipart", "attribute_not_exists(uploadId)")
	u.set("uploadId", text(b.UploadID))
	u.set("uploadExpiresAt", timestamp(b.ExpiresAt))
	u.set("updatedAt", timestamp(b.At))
	u.countRevision()
	u.sweepAt(id, b.SweepAt)
	return s.update(ctx, id, file.Pending, u)
}

// Promise applies p to the record with the id as file.Promise says, and returns
// what it has become. Its errors are those of Change.
func (s *Store) Promise(ctx context.Context, id string, p file.Promise) (file.File, error) {
	u := newUpdate()
	u.conditions = append(u.conditions, "attribute_exists(id)", u.statusIn([]file.Status{file.Pending}),
		"(attribute_not_exists(checksumSHA256) OR checksumSHA256 = :checksumSHA256)")
	u.set("checksumSHA256", text(p.ChecksumSHA256))
	u.set("updatedAt", timestamp(p.At))
	u.countRevision()
	return s.update(ctx, id, file.Pending, u)
}
