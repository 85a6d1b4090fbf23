package api

import (
	"context"
	"log/slog"
	"strings"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/metrics"
)

// handedOut is an answer with URLs or forms in it.
type handedOut interface {
	// signed says how many they are, and how many bytes may be sent by them.
	signed() (urls int, bytes int64)
}

func (c Created) signed() (int, int64) {
	if c.Upload == nil && c.Form == nil {
		return 0, 0 // the URLs of parts are asked for by themselves
	}
	return 1, c.Size // 0 of a form that has promised only the most
}

func (p PresignedParts) signed() (int, int64) {
	var bytes int64
	for _, part := range p.Parts {
		bytes += part.Size
	}
	return len(p.Parts), bytes
}

func (Link) signed() (int, int64) { return 1, 0 }

// count measures an answer as one of the function that runs.
func count(ctx context.Context, r Response) { measure(ctx, metrics.OfFunction(), r) }

// measure counts what an answer hands out: URLsSigned, the URLs and forms, and
// BytesPromised, the bytes that may be sent by them. An answer that Idempotent gives
// again is a text by then, and is not counted again. A metric that cannot be written is
// logged, and fails no call.
func measure(ctx context.Context, m metrics.Emitter, r Response) {
	answer, ok := r.Body.(handedOut)
	if !ok {
		return
	}
	var values []metrics.Value
	urls, bytes := answer.signed()
	if urls > 0 {
		values = append(values, metrics.Value{Name: "URLsSigned", Unit: metrics.Count, Value: float64(urls)})
	}
	if bytes > 0 {
		values = append(values, metrics.Value{Name: "BytesPromised", Unit: metrics.Bytes, Value: float64(bytes)})
	}
	if len(values) == 0 {
		return
	}
	if err := m.Emit(values...); err != nil {
		slog.ErrorContext(ctx, "what was handed out is not counted", "error", err.Error())
	}
}

// made is the id of the file that a call has made, or "": from here on it leads from
// the call to everything that becomes of the file.
func made(r Response) string {
	id, _ := strings.CutPrefix(r.Header["Location"], "/files/")
	if !file.ValidID(id) {
		return ""
	}
	return id
}
