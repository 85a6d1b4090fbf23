package eventbus

import (
	"context"
	"log/slog"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/metrics"
	"github.com/vouch-s3/vouch/shared/verify"
)

// Measured is a Publisher that also counts what it publishes, once it is out: an
// event that is published again, which is seldom, is counted again.
//
//	FilesReady          1 for each
//	BytesReady          its length
//	SecondsToReady      from the moment at which its object was pinned to its verdict
//	ScanSeconds         the part of them in which its bytes were read
//	ScanBytesPerSecond  how fast that was
//	FilesRejected       1 for each, and again by its Reason
type Measured struct {
	Publisher verify.Publisher
	Metrics   metrics.Emitter
}

// Publish publishes the end state of f. A metric that cannot be written is logged,
// and no failure: the event would come again for it.
func (m Measured) Publish(ctx context.Context, f file.File) error {
	if err := m.Publisher.Publish(ctx, f); err != nil {
		return err
	}
	if err := m.count(f); err != nil {
		slog.ErrorContext(ctx, "the end state is not counted", "fileId", f.ID, "error", err.Error())
	}
	return nil
}

func (m Measured) count(f file.File) error {
	if f.Status == file.Rejected {
		rejected := metrics.Value{Name: "FilesRejected", Unit: metrics.Count, Value: 1}
		if err := m.Metrics.Emit(rejected); err != nil {
			return err
		}
		return m.Metrics.By("Reason", string(f.Reason)).Emit(rejected)
	}
	values := []metrics.Value{
		{Name: "FilesReady", Unit: metrics.Count, Value: 1},
		{Name: "BytesReady", Unit: metrics.Bytes, Value: float64(f.Size)},
		{Name: "SecondsToReady", Unit: metrics.Seconds, Value: f.UpdatedAt.Sub(f.UploadedAt).Seconds()},
	}
	if f.Verdict != nil && f.Verdict.DurationMillis > 0 {
		seconds := float64(f.Verdict.DurationMillis) / 1000
		values = append(values,
			metrics.Value{Name: "ScanSeconds", Unit: metrics.Seconds, Value: seconds},
			metrics.Value{Name: "ScanBytesPerSecond", Unit: metrics.BytesPerSecond, Value: float64(f.Size) / seconds})
	}
	return m.Metrics.Emit(values...)
}
