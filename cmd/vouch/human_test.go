package main

import (
	"strings"
	"testing"
	"time"
	"unicode"
)

func TestBytesAreWrittenForPeople(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 14: "14 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 40 << 20: "40.0 MiB",
		1<<20 - 1: "1.0 MiB", 5 << 40: "5.0 TiB", 1<<63 - 1: "8.0 EiB",
	} {
		if got := bytesText(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestSpansAreWrittenInTheirLargestUnits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 0: "0s", 8 * time.Second: "8s", 200 * time.Second: "3m20s", 59*time.Second + 600*time.Millisecond: "1m00s",
		59 * time.Minute: "59m", 5*time.Hour + 4*time.Minute: "5h04m", 47 * time.Hour: "47h", 12 * 24 * time.Hour: "12d",
	} {
		if got := durationText(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestCountsOfBytesAreReadAsTheyAreMeant(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "1048576": 1 << 20, "8MiB": 8 << 20, "8M": 8 << 20, "8mib": 8 << 20, "8MB": 8_000_000, "5 GiB": 5 << 30, "7B": 7, "7EiB": 7 << 60,
	} {
		if got, err := parseBytes(text); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "x", "8iB", "8QiB", "1.5M", "8EiB", "99999999999999999999", "MiB", "i", "B"} {
		if got, err := parseBytes(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
}

func TestWhatOthersWroteCannotMoveTheCursorOrDeceive(t *testing.T) {
	for text, want := range map[string]string{
		"holiday (final).png":   "holiday (final).png",
		"报告 отчёт 👩\u200d👧":     "报告 отчёт 👩\u200d👧",
		"a\x1b[31mred":          `a\x1b[31mred`,
		"a\r\nb\tc":             `a\r\nb\tc`,
		"invoice\u202egpj.exe":  `invoice\u202egpj.exe`,
		"a\xffb":                `a\xffb`,
		"\u0085\u200b\ufeff":    `\u0085\u200b\ufeff`,
		"a replaced \ufffd one": "a replaced \ufffd one",
	} {
		if got := plain(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzPlain(f *testing.F) {
	f.Add("a\x1b]0;title\x07\u202e\xff")
	f.Fuzz(func(t *testing.T, text string) {
		if i := strings.IndexFunc(plain(text), func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }); i >= 0 {
			t.Errorf("%q: %q", text, plain(text))
		}
	})
}

func FuzzParseBytes(f *testing.F) {
	f.Add("8MiB")
	f.Fuzz(func(t *testing.T, text string) {
		if n, err := parseBytes(text); err == nil && n < 1 {
			t.Errorf("%q: %d", text, n)
		}
	})
}
