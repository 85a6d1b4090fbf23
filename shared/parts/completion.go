package parts

import (
	"fmt"
	"strings"

	"github.com/vouch-s3/vouch/shared/file"
)

// Completion is what a client says of the bytes that it has sent. Every part of
// it may be left out.
type Completion struct {
	// Parts are all of the parts in their order; nil where the client does not
	// say.
	Parts []Sent

	// ChecksumCRC64NVME and ChecksumSHA256 are of the whole file, in base64.
	ChecksumCRC64NVME string
	ChecksumSHA256    string
}

// Sent is one part as the client knows it.
type Sent struct {
	Number            int
	ETag              string // with or without its quotes
	ChecksumCRC64NVME string // base64, or empty
}

// Empty reports whether the client says nothing.
func (c Completion) Empty() bool {
	return c.Parts == nil && c.ChecksumCRC64NVME == "" && c.ChecksumSHA256 == ""
}

// check says whether c can be of f at all, before S3 is asked for anything.
func (c Completion) check(f file.File) error {
	if c.ChecksumCRC64NVME != "" {
		if err := file.CheckCRC64NVME(c.ChecksumCRC64NVME, "checksumCRC64NVME"); err != nil {
			return err
		}
	}
	if c.ChecksumSHA256 != "" {
		if err := file.CheckChecksum(c.ChecksumSHA256); err != nil {
			return err
		}
		if f.ChecksumSHA256 != "" && !file.SameChecksum(f.ChecksumSHA256, c.ChecksumSHA256) {
			return otherPromise(f)
		}
	}
	if c.Parts == nil {
		return nil
	}
	count := file.Parts(f.Size, f.PartSize)
	accepted := fmt.Sprintf("all of the parts from 1 to %d, in this order", count)
	for i, p := range c.Parts {
		if p.Number != i+1 || i >= count {
			return &file.Error{
				Code: file.CodeInvalidParts, Field: fmt.Sprintf("parts[%d].partNumber", i),
				Detail: fmt.Sprintf("In its place there is part %d.", p.Number), Accepted: accepted,
			}
		}
		if strings.Trim(p.ETag, `"`) == "" {
			return &file.Error{
				Code: file.CodeInvalidParts, Field: fmt.Sprintf("parts[%d].etag", i),
				Detail: "It is empty.", Accepted: "the ETag that S3 answered when the part was sent",
			}
		}
		if p.ChecksumCRC64NVME != "" {
			if err := file.CheckCRC64NVME(p.ChecksumCRC64NVME, fmt.Sprintf("parts[%d].checksumCRC64NVME", i)); err != nil {
				return err
			}
		}
	}
	if len(c.Parts) != count {
		return &file.Error{
			Code: file.CodeInvalidParts, Field: "parts",
			Detail: fmt.Sprintf("It lists %d of the %d parts.", len(c.Parts), count), Accepted: accepted,
		}
	}
	return nil
}

// compare holds the parts that S3 has to what f promised and to what the client
// says it sent. held are all of them, by their number.
func (c Completion) compare(f file.File, held []file.Part) error {
	count := file.Parts(f.Size, f.PartSize)
	for i := range count {
		n, size := i+1, file.SizeOfPart(f.Size, f.PartSize, i+1)
		switch {
		case i >= len(held) || held[i].Number != n:
			return mismatch(f, "", fmt.Sprintf("S3 does not hold part %d.", n), "every part sent before this call")
		case held[i].Size != size:
			return mismatch(f, "", fmt.Sprintf("Part %d has %d bytes in S3.", n, held[i].Size), fmt.Sprintf("a part of %d bytes", size))
		case c.Parts == nil:
			continue
		}
		sent := c.Parts[i]
		if strings.Trim(sent.ETag, `"`) != held[i].ETag {
			return mismatch(f, fmt.Sprintf("parts[%d].etag", i), fmt.Sprintf("S3 holds part %d under another ETag.", n), "the part sent again, or the ETag of what was sent last")
		}
		if sent.ChecksumCRC64NVME != "" && !file.SameChecksum(sent.ChecksumCRC64NVME, held[i].ChecksumCRC64NVME) {
			return mismatch(f, fmt.Sprintf("parts[%d].checksumCRC64NVME", i), fmt.Sprintf("S3 holds part %d with another checksum.", n), "the part sent again")
		}
	}
	if len(held) > count {
		return mismatch(f, "", fmt.Sprintf("S3 holds a part %d, which the file does not have.", held[count].Number), "a new upload")
	}
	return nil
}

func mismatch(f file.File, field, detail, accepted string) error {
	return &file.Error{Code: file.CodePartsMismatch, Field: field, Detail: detail, Accepted: accepted, Status: f.Status}
}

func otherPromise(f file.File) error {
	return &file.Error{
		Code: file.CodeInvalidChecksum, Field: "checksumSHA256", Status: f.Status,
		Detail: "Another checksum was promised before.", Accepted: "that one, or none",
	}
}
