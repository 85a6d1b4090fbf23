// Package inspect looks into a file's bytes as they stream by: what type they
// really are, what is in archives within archives, and whether there is
// anything in them that acts. It reads its input once, in memory that does not
// grow with the input, and writes nothing anywhere.
//
// A malware scanner knows bad things by name. This package knows shapes: it
// finds what no uploader needs, and says how much it has really looked at. It
// trusts no length that a file states of itself: what is unpacked is counted as
// it comes out.
package inspect

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/vouch-s3/vouch/shared/file"
)

// Limits bound what one inspection does. Each limit that is hit is a finding,
// and ends the inspection: its report is then not complete.
type Limits struct {
	// MaxDepth is how deep archives may lie within archives: 1 allows an
	// archive, 2 an archive in an archive. A compressed file is an archive of one
	// entry, and a .tar.gz a single archive.
	MaxDepth int `yaml:"maxDepth"`

	// MaxEntries is how many entries all archives may have together.
	MaxEntries int64 `yaml:"maxEntries"`

	// MaxUnpacked is how many bytes all archives may unpack to together,
	// counted again at each level.
	MaxUnpacked int64 `yaml:"maxUnpacked"`

	// MaxRatio is how many bytes may be unpacked for each byte of the file,
	// once there are more than RatioFrom of them.
	MaxRatio int64 `yaml:"maxRatio"`

	// MaxPixels is how many pixels an image may have: its width times its height.
	MaxPixels int64 `yaml:"maxPixels"`
}

// RatioFrom is how many bytes may be unpacked before their ratio counts: small
// files of zeros are no bombs.
const RatioFrom = 32 << 20

// Report is what an inspection found.
type Report struct {
	// Type is the media type that the bytes show, without parameters;
	// application/octet-stream for bytes that show none.
	Type string

	// Findings are in the order of file.Findings, at most file.MaxFindings of
	// them; every code that was found is there at least once.
	Findings []file.Finding

	Coverage file.Coverage
}

// Stream inspects r to its end. Its error is one of reading r; whatever is
// wrong with the bytes is in the report.
func Stream(r io.Reader, l Limits) (Report, error) {
	src := &source{r: r}
	w := &walk{limits: l, src: src}
	kind := w.look(src, place{})
	if _, err := io.Copy(io.Discard, src); err != nil && src.err == nil {
		src.err = err
	}
	if src.err != nil {
		return Report{}, fmt.Errorf("read the bytes to inspect: %w", src.err)
	}
	w.coverage.Bytes = src.n
	w.coverage.Complete = !w.partial
	return Report{Type: kind, Findings: w.sorted(), Coverage: w.coverage}, nil
}

// source is the file itself. It tells an error of reading from a fault of the
// bytes, which decoders report alike.
type source struct {
	r   io.Reader
	n   int64
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.n += int64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// place is where within nested archives a stream lies.
type place struct {
	depth int // of archives around it
	path  string

	// compressed is whether it is all that a gzip or bzip2 holds. A tar there
	// makes one archive with what compresses it, a .tar.gz, and is no deeper.
	compressed bool
}

// walk is one inspection.
type walk struct {
	limits   Limits
	src      *source
	findings []file.Finding
	coverage file.Coverage
	partial  bool // not every byte was looked at
	stopped  bool // a limit was hit: nothing more is looked at
}

// errStopped ends every decoder once a limit was hit.
var errStopped = errors.New("a limit of the inspection was hit")

// look inspects one stream by its type, reads it to its end, and returns the type.
func (w *walk) look(r io.Reader, at place) string {
	s := newStream(r)
	kind := typeOf(s.head())
	if inspect := inspectorOf(kind); inspect != nil && !w.stopped {
		inspect(w, s, at)
	}
	if w.stopped {
		return kind.String()
	}
	s.drain()
	if !kind.isZip() && !w.stopped {
		w.lookForHiddenZip(s, at)
	}
	return kind.String()
}

// find notes a finding, unless a limit was hit before: what seems wrong then may
// come of ending there.
func (w *walk) find(code file.Reason, at place, detail string) {
	if w.stopped {
		return
	}
	const perCode = 3
	same := 0
	for _, f := range w.findings {
		if f.Code == code {
			same++
			if f.Where == at.path {
				return
			}
		}
	}
	if same < perCode {
		w.findings = append(w.findings, file.Finding{Code: code, Where: at.path, Detail: detail})
	}
}

// miss notes a finding that also keeps bytes from being looked at.
func (w *walk) miss(code file.Reason, at place, detail string) {
	w.partial = true
	w.find(code, at, detail)
}

// stop notes that a limit was hit, and ends the inspection.
func (w *walk) stop(code file.Reason, at place, limit int64) error {
	if !w.stopped {
		w.coverage.Limits = append(w.coverage.Limits, code)
		w.miss(code, at, fmt.Sprintf("more than %d", limit))
		w.stopped = true
	}
	return errStopped
}

// sorted returns the findings, the gravest first, with every code at least once.
func (w *walk) sorted() []file.Finding {
	order := file.Findings()
	var first, more []file.Finding
	seen := map[file.Reason]bool{}
	for _, f := range w.findings {
		if seen[f.Code] {
			more = append(more, f)
			continue
		}
		seen[f.Code] = true
		first = append(first, f)
	}
	all := append(first, more...)
	all = all[:min(len(all), file.MaxFindings)]
	slices.SortStableFunc(all, func(a, b file.Finding) int {
		return slices.Index(order, a.Code) - slices.Index(order, b.Code)
	})
	return all
}

// enter steps into an archive at a place, and returns the place of its entries.
func (w *walk) enter(at place) (place, error) {
	inside := place{depth: at.depth + 1, path: at.path}
	if inside.depth > w.limits.MaxDepth {
		return inside, w.stop(file.ArchiveDepth, at, int64(w.limits.MaxDepth))
	}
	w.coverage.Depth = max(w.coverage.Depth, inside.depth)
	return inside, nil
}

// entry counts an entry of the archive whose entries lie at a place, looks at
// its name, and returns its own place.
func (w *walk) entry(inside place, name string) (place, error) {
	at := place{depth: inside.depth, path: join(inside.path, name)}
	w.coverage.Entries++
	if w.coverage.Entries > w.limits.MaxEntries {
		return at, w.stop(file.ArchiveEntries, at, w.limits.MaxEntries)
	}
	if leaves(name) {
		w.find(file.ArchivePath, at, "the name of the entry leaves the folder it is unpacked to")
	}
	return at, nil
}

// unpacked counts what is read from r, which unpacks an entry at a place, and
// ends it when a limit is hit.
func (w *walk) unpacked(r io.Reader, at place) io.Reader { return &counted{w: w, r: r, at: at} }

type counted struct {
	w  *walk
	r  io.Reader
	at place
	n  int64
}

func (c *counted) Read(p []byte) (int, error) {
	if c.w.stopped {
		return 0, errStopped
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.w.coverage.Unpacked += int64(n)
	total := c.w.coverage.Unpacked
	switch {
	case total > c.w.limits.MaxUnpacked:
		return n, c.w.stop(file.ArchiveSize, c.at, c.w.limits.MaxUnpacked)
	case total > RatioFrom && total > c.w.limits.MaxRatio*c.w.src.n:
		return n, c.w.stop(file.ArchiveRatio, c.at, c.w.limits.MaxRatio)
	}
	return n, err
}
