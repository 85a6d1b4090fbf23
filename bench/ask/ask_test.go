package ask

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/s3store"
)

// What is left out of the limit must not be what makes a URL serve.
func TestTheLimitsURLIsTheOneThatWeGiveOut(t *testing.T) {
	put := thePut()
	for {
		now := time.Now()
		bare := newLimit(now).presign(put.Key, put.ContentType, put.ChecksumSHA256, put.Size, now)
		got, err := s3store.New(configuration(), bucket).PresignPut(context.Background(), put)
		if err != nil {
			t.Fatal(err)
		}
		if now.Truncate(time.Second) != time.Now().Truncate(time.Second) {
			continue // they may be of different seconds
		}
		if got.URL != bare {
			t.Errorf("%s, want\n%s", got.URL, bare)
		}
		return
	}
}

func TestTheTableAnswersOnlyWhatTheFunctionAsks(t *testing.T) {
	err := Quietly(func() error { _, err := Handlers(); return err })
	if err != nil {
		t.Fatal(err)
	}
	event, err := Event("key")
	if err != nil {
		t.Fatal(err)
	}
	err = Quietly(func() error {
		return created(handler(true).Invoke(context.Background(), []byte(strings.Replace(string(event), "holiday.png", "", 1))))
	})
	if err == nil || !strings.Contains(err.Error(), "invalid-filename") {
		t.Errorf("a file without a name: %v", err)
	}
}

// BenchmarkHot are the hot paths whose allocations are guarded (make allocs).
func BenchmarkHot(b *testing.B) {
	err := Quietly(func() error {
		signers, err := Presigners()
		if err != nil {
			return err
		}
		handlers, err := Handlers()
		if err != nil {
			return err
		}
		run(b, "Presign", append(signers[:1], Others()...))
		run(b, "CreateUpload", handlers)
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkLimit are what others, and the least that can be, take for the same.
func BenchmarkLimit(b *testing.B) {
	limits, err := Limits()
	if err != nil {
		b.Fatal(err)
	}
	signers, err := Presigners()
	if err != nil {
		b.Fatal(err)
	}
	run(b, "Limit", limits)
	run(b, "Presign", signers[1:])
}

func run(b *testing.B, of string, works []Work) {
	for _, w := range works {
		b.Run(of+"/"+w.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
