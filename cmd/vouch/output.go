package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/vouch-s3/vouch/client"
	"github.com/vouch-s3/vouch/shared/file"
)

// output is where results go: to people, or with --json to programs. Results are
// written to stdout, all else to stderr.
type output struct {
	out, err    io.Writer
	json, quiet bool
	color       bool
	mu          sync.Mutex
	failed      error // the first that stdout had

	// around, if it is not nil, is called with what writes, so that bars on the
	// same terminal make room for it.
	around func(write func())
}

// isTerminal reports whether w is a terminal that can move its cursor.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd())) // #nosec G115 -- a descriptor is small
}

func (o *output) write(w io.Writer, text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	write := func() {
		if _, err := io.WriteString(w, text); err != nil && w == o.out && o.failed == nil {
			o.failed = fmt.Errorf("write the result: %w", err)
		}
	}
	if o.around != nil {
		o.around(write)
		return
	}
	write()
}

// line writes a line of a result.
func (o *output) line(format string, args ...any) { o.write(o.out, fmt.Sprintf(format, args...)+"\n") }

// note writes a line that is not a result, unless it was asked for quiet.
func (o *output) note(format string, args ...any) {
	if !o.quiet {
		o.write(o.err, fmt.Sprintf(format, args...)+"\n")
	}
}

// complain writes an error. Nothing keeps it quiet.
func (o *output) complain(text string) { o.write(o.err, "vouch: "+text+"\n") }

// object writes one JSON object as a line of stdout.
func (o *output) object(v any) error {
	var line strings.Builder
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false) // URLs have an & in them
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("encode a result: %w", err)
	}
	o.write(o.out, line.String())
	return nil
}

// fileLine is a file in the output of --json: as docs/openapi.yaml has it, and
// what is known on this side.
type fileLine struct {
	Path string `json:"path,omitempty"` // of the local file that was sent, or that was written
	client.File
	Explanation string `json:"explanation,omitempty"` // for people: what became of it
}

// errorLine is an error in the output of --json.
type errorLine struct {
	Path  string      `json:"path,omitempty"`
	ID    string      `json:"id,omitempty"`
	Error errorObject `json:"error"`
}

type errorObject struct {
	Exit    exit   `json:"exit"`           // the exit code that it leads to
	Code    string `json:"code,omitempty"` // the last part of the problem's type (docs/problems.md), if the API said it
	Message string `json:"message"`        // for people
}

// fail tells an error, of a local file or a file's id where it is one's.
func (o *output) fail(path, id string, err error) {
	message := explain(err)
	if o.json {
		line := errorLine{Path: path, ID: id, Error: errorObject{Exit: exitOf(err), Message: message}}
		if problem, ok := errors.AsType[*client.Problem](err); ok {
			line.Error.Code = problem.Code()
		}
		if err := o.object(line); err == nil && o.failed == nil {
			return
		}
	}
	switch {
	case path != "":
		message = plain(path) + ": " + message
	case id != "":
		message = id + ": " + message
	}
	o.complain(message)
}

// verdict tells what became of a file that was sent.
func (o *output) verdict(path string, f client.File) error {
	if o.json {
		return o.object(fileLine{Path: path, File: f, Explanation: explainFile(f)})
	}
	if o.quiet {
		o.line("%s", f.ID)
		return nil
	}
	text := fmt.Sprintf("%s  %s  %s  %s\n", f.ID, o.status(f), plain(path), o.faint(explainFile(f)))
	for _, line := range findings(f) {
		text += "  - " + line + "\n"
	}
	o.write(o.out, text)
	return nil
}

// status is the file's status in its colour.
func (o *output) status(f client.File) string {
	switch s := string(f.Status); file.Status(s) {
	case file.Ready:
		return o.paint("32", s)
	case file.Rejected:
		return o.paint("31", s)
	case file.Expired, file.Deleted:
		return o.paint("2", s)
	default:
		return o.paint("33", plain(s))
	}
}

func (o *output) faint(text string) string { return o.paint("2", text) }

// paint puts text between a colour's escape sequences (ECMA-48, SGR).
func (o *output) paint(sgr, text string) string {
	if !o.color {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}
