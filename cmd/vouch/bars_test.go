package main

import (
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/client"
)

func barsOf(files int, size int64) *bars {
	at := time.Unix(0, 0)
	return &bars{files: files, size: size, all: meter{now: func() time.Time { return at }}, full: '#', rest: '-'}
}

func TestABarSaysAsMuchAsThereIsRoomFor(t *testing.T) {
	b := barsOf(1, 40<<20)
	b.rows = []*row{{label: "holiday.mp4", last: client.Progress{Phase: "sending", Done: 10 << 20, Total: 40 << 20}, meter: meter{rate: 5 << 20}}}
	for width, want := range map[int]string{
		100: "holiday.mp4                       ####--------------  25%  10.0 MiB of 40.0 MiB  5.0 MiB/s  6s left",
		60:  "holiday.mp4           ########------------------------  25%",
		20:  "hol….mp4",
	} {
		if lines := b.lines(width, 24); len(lines) != 1 || lines[0] != want {
			t.Errorf("in %d columns: %q, want %q", width, lines, want)
		}
	}
}

func TestSeveralFilesHaveALineForAllAndNeverMoreLinesThanTheTerminal(t *testing.T) {
	b := barsOf(9, 900)
	b.finished, b.moved = 2, 200
	for range 7 {
		b.rows = append(b.rows, &row{label: "a", last: client.Progress{Phase: "sending", Done: 50, Total: 100}})
	}
	lines := b.lines(80, 5)
	if len(lines) != 5 || !strings.HasPrefix(lines[4], "2 of 9 files") || !strings.Contains(lines[4], "61%") {
		t.Errorf("%q", lines)
	}
}

func TestALabelKeepsBothItsEnds(t *testing.T) {
	for text, want := range map[string]string{
		"a.png":                    "a.png     ",
		"holiday-in-june-2026.mp4": "holi…6.mp4",
		"報告報告報告報告.txt":             "報告報…txt",
	} {
		if got := fit(text, 10); got != want || columns(got) != 10 {
			t.Errorf("%q: %q in %d columns, want %q", text, got, columns(got), want)
		}
	}
}

func FuzzFit(f *testing.F) {
	f.Add("報告.txt", 10)
	f.Fuzz(func(t *testing.T, text string, width int) {
		if width < 1 || width > 200 {
			return
		}
		if got := fit(plain(text), width); columns(got) != width {
			t.Errorf("%q in %d: %q has %d", text, width, got, columns(got))
		}
	})
}
