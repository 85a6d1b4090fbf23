package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/term"

	"github.com/vouch-s3/vouch/client"
)

// bars are progress bars on a terminal, one a transfer and one for all of
// several. They take the lines at the cursor and give them back. The terminal
// itself is left as it is, so that there is nothing to restore when the process
// is killed.
type bars struct {
	out   *os.File
	files int   // in all
	size  int64 // bytes in all
	full  rune  // what a bar is drawn of
	rest  rune

	mu       sync.Mutex
	rows     []*row
	finished int   // files
	moved    int64 // bytes of finished files
	resumed  int64 // bytes of finished files that were there already
	all      meter
	drawn    int // lines on the terminal now
	stopping chan struct{}
	stopped  chan struct{}
}

// row is one transfer.
type row struct {
	label string
	size  int64
	last  client.Progress
	meter meter
	since time.Time // when its phase began
}

// redraw is the time between two drawings.
const redraw = 100 * time.Millisecond

func newBars(out *os.File, files int, size int64) *bars {
	b := &bars{
		out: out, files: files, size: size, all: meter{now: time.Now}, full: '#', rest: '-',
		stopping: make(chan struct{}), stopped: make(chan struct{}),
	}
	if showsUnicode() {
		b.full, b.rest = '█', '░'
	}
	go func() {
		defer close(b.stopped)
		ticker := time.NewTicker(redraw)
		defer ticker.Stop()
		for {
			select {
			case <-b.stopping:
				return
			case <-ticker.C:
				b.mu.Lock()
				io.WriteString(b.out, b.draw())
				b.mu.Unlock()
			}
		}
	}()
	return b
}

// showsUnicode goes by the locale (POSIX, 8.2), which Windows does not have.
func showsUnicode() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToUpper(os.Getenv(name)); v != "" {
			return strings.Contains(v, "UTF-8") || strings.Contains(v, "UTF8")
		}
	}
	return os.PathSeparator == '\\'
}

func (b *bars) follow(label string, size int64) (func(client.Progress), func()) {
	r := &row{label: plain(label), size: size, meter: meter{now: time.Now}, since: time.Now()}
	b.mu.Lock()
	b.rows = append(b.rows, r)
	b.mu.Unlock()
	return func(p client.Progress) {
			b.mu.Lock()
			defer b.mu.Unlock()
			if p.Phase != r.last.Phase {
				r.since = time.Now()
			}
			r.last = p
			r.meter.follow(p)
		}, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			for i := range b.rows {
				if b.rows[i] == r {
					b.rows = append(b.rows[:i], b.rows[i+1:]...)
					break
				}
			}
			b.finished++
			b.size -= r.size - r.last.Done // what will not be moved any more, of a file that failed
			b.moved += r.last.Done
			b.resumed += r.last.Resumed
		}
}

func (b *bars) close() {
	close(b.stopping)
	<-b.stopped
	b.mu.Lock()
	defer b.mu.Unlock()
	io.WriteString(b.out, b.clear())
}

// around makes room for what somebody writes above the bars.
func (b *bars) around(write func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	io.WriteString(b.out, b.clear())
	write()
}

// clear is the text that takes away what is drawn.
func (b *bars) clear() string {
	if b.drawn == 0 {
		return ""
	}
	n := b.drawn
	b.drawn = 0
	return fmt.Sprintf("\r\x1b[%dA\x1b[J", n)
}

// draw is the text that draws the bars over those before.
func (b *bars) draw() string {
	width, height, err := term.GetSize(int(b.out.Fd())) // #nosec G115 -- a descriptor is small
	if err != nil || width < 1 || height < 1 {          // some terminals do not say
		width, height = 80, 24
	}
	lines := b.lines(width, max(height-2, 1))
	text := b.clear()
	for _, line := range lines {
		// No wrapping: how wide a character is, terminals do not agree on.
		text += "\x1b[?7l" + line + "\x1b[?7h\x1b[K\n"
	}
	b.drawn = len(lines)
	return text
}

// lines are the bars as they stand, in at most so many columns and lines. The
// last one, where there are several files, is that of all.
func (b *bars) lines(width, height int) []string {
	var lines []string
	done, resumed := b.moved, b.resumed
	for _, r := range b.rows {
		done += r.last.Done
		resumed += r.last.Resumed
		lines = append(lines, b.line(r, width))
	}
	if b.files < 2 {
		return lines[:min(len(lines), height)]
	}
	if done < b.size {
		b.all.update(done - resumed)
	}
	lines = lines[:min(len(lines), height-1)]
	label := fmt.Sprintf("%d of %d files", b.finished, b.files)
	return append(lines, b.compose(label, done, b.size, amounts(done, b.size, &b.all), width))
}

func (b *bars) line(r *row, width int) string {
	p := r.last
	if moves(p.Phase) {
		return b.compose(r.label, p.Done, p.Total, amounts(p.Done, p.Total, &r.meter), width)
	}
	phase := string(p.Phase)
	if phase == "" {
		phase = "starting"
	}
	return fit(r.label, labelWidth(width)) + "  " + phase + " " + durationText(time.Since(r.since))
}

// compose makes a line of a label, a bar and as many of the numbers as there is
// room for.
func (b *bars) compose(label string, done, total int64, numbers []string, width int) string {
	const leastBar = 10
	labels := labelWidth(width)
	text := ""
	for _, n := range numbers {
		if labels+2+leastBar+2+columns(text)+columns(n)+2 > width {
			break
		}
		text += "  " + n
	}
	bar := ""
	if room := min(width-labels-2-columns(text)-1, 40); room >= leastBar && total > 0 {
		full := int(float64(room) * float64(min(max(done, 0), total)) / float64(total))
		bar = "  " + strings.Repeat(string(b.full), full) + strings.Repeat(string(b.rest), room-full)
	}
	return fit(label, labels) + bar + text
}

func labelWidth(width int) int { return min(max(width/3, 8), 32) }

// fit makes text as wide as it is told, by spaces behind it or by an ellipsis in
// the place of its middle, since names differ at both ends.
func fit(text string, width int) string {
	if n := columns(text); n <= width {
		return text + strings.Repeat(" ", width-n)
	}
	runes := []rune(text)
	head, tail := runes[:len(runes)/2], runes[len(runes)/2:]
	for columns(string(head))+columns(string(tail))+1 > width {
		if len(head) >= len(tail) {
			head = head[:len(head)-1]
		} else {
			tail = tail[1:]
		}
	}
	text = string(head) + "…" + string(tail)
	return text + strings.Repeat(" ", width-columns(text))
}

// columns estimates how many columns text takes on a terminal (Unicode, UAX #11):
// two for what is written in squares, none for what stands over another letter.
func columns(text string) int {
	n := 0
	for _, r := range text {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff ||
			r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 || r >= 0xffe0 && r <= 0xffe6 || r >= 0x1f300 && r <= 0x1faff || r >= 0x20000 && r <= 0x3fffd):
			n += 2
		default:
			n++
		}
	}
	return n
}
