package parts

import (
	"context"
	"fmt"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/upload"
)

// Put is the one request that a part's URL is to allow.
type Put struct {
	Key               string
	UploadID          string
	Number            int
	Size              int64  // bytes
	ChecksumCRC64NVME string // base64, or empty
	Life              time.Duration
}

// Signer signs a Put.
type Signer interface {
	PresignPart(ctx context.Context, put Put) (upload.Instructions, error)
}

// Presigner gives out the URLs that parts are sent to.
type Presigner struct {
	Records access.Records
	Signer  Signer
	Policy  policy.Policy
	Now     func() time.Time
}

// Signed says how one part is sent.
type Signed struct {
	Number int
	Size   int64 // bytes
	upload.Instructions
}

// Presign returns how each of the parts with the numbers is sent, in that order,
// and until when. checksums, unless it is nil, has the CRC-64/NVME of each in
// base64, and S3 then takes no other bytes. No URL outlives the upload, and none is
// given out that the trail does not tell of.
//
// It returns file.ErrNotFound as access.Load does, and otherwise refuses with a
// *file.Error what file.CodeNotMultipart, CodeClosed, CodeInvalidParts and
// CodeInvalidChecksum say.
func (p Presigner) Presign(ctx context.Context, who access.Principal, id string, numbers []int, checksums []string) ([]Signed, time.Time, error) {
	now := p.Now().UTC()
	f, err := open(ctx, p.Records, who, id, now)
	if err != nil {
		return nil, time.Time{}, err
	}
	if err := p.check(f, numbers, checksums); err != nil {
		return nil, time.Time{}, err
	}
	life := min(p.Policy.UploadLife, f.UploadExpiresAt.Sub(now))
	signed := make([]Signed, len(numbers))
	var expiresAt time.Time
	for i, n := range numbers {
		put := Put{Key: f.Key, UploadID: f.UploadID, Number: n, Size: file.SizeOfPart(f.Size, f.PartSize, n), Life: life}
		if checksums != nil {
			put.ChecksumCRC64NVME = checksums[i]
		}
		instructions, err := p.Signer.PresignPart(ctx, put)
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("presign part %d of %s: %w", n, id, err)
		}
		signed[i] = Signed{n, put.Size, instructions}
		if i == 0 || instructions.ExpiresAt.Before(expiresAt) {
			expiresAt = instructions.ExpiresAt
		}
	}
	e, err := audit.Of(ctx, f, audit.PartsPresigned, now)
	if err != nil {
		return nil, time.Time{}, err
	}
	e.ExpiresAt, e.URLs = expiresAt, len(signed)
	if err := p.Records.Note(ctx, e); err != nil {
		return nil, time.Time{}, fmt.Errorf("note the URLs for parts of %s: %w", id, err)
	}
	return signed, expiresAt, nil
}

func (p Presigner) check(f file.File, numbers []int, checksums []string) error {
	count := file.Parts(f.Size, f.PartSize)
	if len(numbers) == 0 || len(numbers) > p.Policy.Multipart.Batch {
		return &file.Error{
			Code: file.CodeInvalidParts, Field: "partNumbers",
			Detail:   fmt.Sprintf("There are %d part numbers.", len(numbers)),
			Accepted: fmt.Sprintf("from 1 to %d part numbers in one call", p.Policy.Multipart.Batch),
		}
	}
	seen := make(map[int]bool, len(numbers))
	for i, n := range numbers {
		detail := ""
		switch {
		case n < 1 || n > count:
			detail = fmt.Sprintf("The file has no part %d.", n)
		case seen[n]:
			detail = fmt.Sprintf("Part %d is there twice.", n)
		}
		if detail != "" {
			return &file.Error{
				Code: file.CodeInvalidParts, Field: fmt.Sprintf("partNumbers[%d]", i),
				Detail: detail, Accepted: fmt.Sprintf("each part from 1 to %d at most once", count),
			}
		}
		seen[n] = true
	}
	if checksums == nil {
		return nil
	}
	if len(checksums) != len(numbers) {
		return &file.Error{
			Code: file.CodeInvalidChecksum, Field: "checksums",
			Detail:   fmt.Sprintf("There are %d checksums of %d parts.", len(checksums), len(numbers)),
			Accepted: "the checksum of each of the parts, in the order of partNumbers, or none at all",
		}
	}
	for i, c := range checksums {
		if err := file.CheckCRC64NVME(c, fmt.Sprintf("checksums[%d]", i)); err != nil {
			return err
		}
	}
	return nil
}
