package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/vouch-s3/vouch/client"
)

// A watcher shows how transfers go, on stderr only.
type watcher interface {
	// follow begins to show one transfer. The first function it returns is called
	// with its progress, from one goroutine at a time; the second at its end.
	follow(label string, size int64) (show func(client.Progress), end func())

	// close takes away what is shown.
	close()
}

// The values of --progress.
const (
	progressAuto  = "auto"  // bars on a terminal, otherwise lines
	progressBars  = "bars"  // a bar a file, and one for all of several
	progressLines = "lines" // a line every few seconds
	progressJSON  = "json"  // events, one JSON object a line
	progressNone  = "none"
)

var progressKinds = []string{progressAuto, progressBars, progressLines, progressJSON, progressNone}

// watch returns the watcher that is asked for, of so many files with so many
// bytes in all.
func (a *app) watch(files int, size int64) watcher {
	switch kind := a.progressKind(); kind {
	case progressBars:
		b := newBars(a.stderr, files, size)
		a.around = b.around
		return b
	case progressLines:
		return &lines{each: 5 * time.Second, now: time.Now, format: lineText, write: func(text string) { a.write(a.err, text) }}
	case progressJSON:
		return &lines{each: 500 * time.Millisecond, now: time.Now, format: eventText, write: func(text string) { a.write(a.err, text) }}
	}
	return nothing{}
}

func (a *app) progressKind() string {
	switch {
	case a.progress != progressAuto:
		return a.progress
	case a.quiet:
		return progressNone
	case isTerminal(a.err):
		return progressBars
	}
	return progressLines
}

// nothing shows nothing.
type nothing struct{}

func (nothing) follow(string, int64) (func(client.Progress), func()) {
	return func(client.Progress) {}, func() {}
}
func (nothing) close() {}

// lines writes a line at each phase of a transfer, and every few seconds while
// bytes move: for logs, and for programs.
type lines struct {
	each   time.Duration
	now    func() time.Time
	format func(label string, p client.Progress, m *meter) string
	write  func(text string)
	mu     sync.Mutex
}

func (l *lines) follow(label string, _ int64) (func(client.Progress), func()) {
	m := &meter{now: l.now}
	var phase client.Phase
	var last time.Time
	return func(p client.Progress) {
		l.mu.Lock()
		defer l.mu.Unlock()
		m.follow(p)
		now := l.now()
		if p.Phase == phase && now.Sub(last) < l.each {
			return
		}
		phase, last = p.Phase, now
		if text := l.format(label, p, m); text != "" {
			l.write(text + "\n")
		}
	}, func() {}
}

func (*lines) close() {}

// lineText says how a transfer goes in a line.
func lineText(label string, p client.Progress, m *meter) string {
	if !moves(p.Phase) {
		if p.Phase == client.PhaseDone {
			return "" // the result says that
		}
		return plain(label) + ": " + string(p.Phase)
	}
	return plain(label) + ": " + string(p.Phase) + ", " + strings.Join(amounts(p.Done, p.Total, m), ", ")
}

// amounts are the numbers of a transfer, the weightiest first.
func amounts(done, total int64, m *meter) []string {
	var parts []string
	if total > 0 {
		parts = append(parts, fmt.Sprintf("%d%%", percent(done, total)))
		parts = append(parts, bytesText(done)+" of "+bytesText(total))
	} else {
		parts = append(parts, bytesText(done))
	}
	if m.rate >= 1 && done < total {
		parts = append(parts, bytesText(int64(m.rate))+"/s")
	}
	if left, ok := m.left(total - done); ok && done < total {
		parts = append(parts, durationText(left)+" left")
	}
	return parts
}

// percent is rounded down, so that 100 means all of it.
func percent(done, total int64) int64 {
	if total <= 0 {
		return 0
	}
	return int64(float64(min(max(done, 0), total)) / float64(total) * 100)
}

// event is an event of --progress=json.
type event struct {
	Event        string       `json:"event"` // "progress"
	Label        string       `json:"label"` // the local path, or the file's name
	ID           string       `json:"id,omitempty"`
	Phase        client.Phase `json:"phase"`
	Done         int64        `json:"done"`         // bytes, those that were there already included
	Total        int64        `json:"total"`        // bytes
	Resumed      int64        `json:"resumed"`      // bytes that were there already
	PartsSent    int          `json:"partsSent"`    // parts that were sent in this run
	PartsResumed int          `json:"partsResumed"` // parts that were there already
	Parts        int          `json:"parts"`
	Rate         int64        `json:"bytesPerSecond,omitempty"`
	SecondsLeft  *int64       `json:"secondsLeft,omitempty"`
}

func eventText(label string, p client.Progress, m *meter) string {
	e := event{
		Event: "progress", Label: label, ID: p.FileID, Phase: p.Phase, Done: p.Done, Total: p.Total, Resumed: p.Resumed,
		PartsSent: p.PartsSent, PartsResumed: p.PartsResumed, Parts: p.Parts,
	}
	if moves(p.Phase) {
		e.Rate = int64(m.rate)
	}
	if left, ok := m.left(p.Total - p.Done); ok && moves(p.Phase) {
		seconds := int64(left.Seconds())
		e.SecondsLeft = &seconds
	}
	data, err := json.Marshal(e)
	if err != nil {
		return "" // strings and numbers are always JSON
	}
	return string(data)
}
