package client

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
)

// Copy writes the bytes of a ready file to w, in order, and returns the file. It
// fails at the end, with an error that wraps ErrCorrupt, if their SHA-256 is not that
// which was verified: only then, when w has them already. Whoever must not act on other
// bytes has to wait for Copy to return, or use Save. It goes on where a connection was
// cut, and takes 1 MiB of memory.
func (c *Client) Copy(ctx context.Context, id string, w io.Writer, o DownloadOptions) (File, error) {
	report := &reporter{tell: o.Progress, p: Progress{FileID: id}}
	report.phase(PhaseStarting)
	object, err := c.ready(ctx, id)
	if err != nil {
		if object != nil {
			return object.file, fmt.Errorf("download file %s: %w", id, err)
		}
		return File{}, err
	}
	f := object.file
	report.change(func(p *Progress) { p.Phase, p.Total, p.File = PhaseReceiving, f.Size, &f })
	h := sha256.New()
	err = object.read(ctx, 0, f.Size, make([]byte, receiveBuffer), func(data []byte, _ int64) error {
		h.Write(data)
		report.moved(int64(len(data)))
		if _, err := w.Write(data); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		return nil
	})
	if err != nil {
		return f, interrupted(ctx, err)
	}
	if sum := base64.StdEncoding.EncodeToString(h.Sum(nil)); sum != f.ChecksumSHA256 {
		return f, fmt.Errorf("download file %s: the SHA-256 is %s and should be %s: %w", id, sum, f.ChecksumSHA256, ErrCorrupt)
	}
	report.phase(PhaseDone)
	return f, nil
}
