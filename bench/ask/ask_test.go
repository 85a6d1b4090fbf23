package ask

import (
	"context"
	"io"
	"log/slog"
	"os"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(io.Discard, nil)))
	os.Exit(m.Run())
}

func BenchmarkHandler(b *testing.B) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer func(o *os.File) { os.Stdout = o }(os.Stdout)
	os.Stdout = null
	for _, bb := range []struct {
		name    string
		keeping bool
		key     string
	}{{"url", false, ""}, {"record", true, ""}, {"key", true, "abc"}} {
		b.Run(bb.name, func(b *testing.B) {
			event, err := Event(bb.key)
			if err != nil {
				b.Fatal(err)
			}
			h := handler(bb.keeping)
			if err := created(h.Invoke(context.Background(), event)); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				h.Invoke(context.Background(), event)
			}
		})
	}
	b.Run("limit", func(b *testing.B) {
		event, _ := Event("")
		l := newLimit(time.Now())
		b.ReportAllocs()
		for b.Loop() {
			l.answer(event, time.Now())
		}
	})
	b.Run("sign", func(b *testing.B) {
		l := newLimit(time.Now())
		b.ReportAllocs()
		for b.Loop() {
			l.presign(thePut().Key, "image/png", thePut().ChecksumSHA256, 5242880, time.Now())
		}
	})
}
