package inspect

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// pdfLexer reads the syntax of a PDF (ISO 32000-1, 7.2 and 7.3) from bytes that
// it is fed, and remembers only what is around the current one.
//
// It follows a reader that begins at any object's start. Where such a start
// lies within what it takes for a string or a comment, a reader could be led to
// take the following bytes otherwise than it does: it is in doubt.
type pdfLexer struct {
	name  func(string)     // is told each name
	doubt func(why string) // is told where readers may differ

	state  pdfState
	parens int  // open ones in a string
	escape bool // the last byte was a backslash in a string
	last   byte

	opening, closing bool // the last byte was "<", or ">": half of a dictionary's, or a string's

	n int64 // bytes that were fed

	token  []byte // the current run of regular characters
	cut    bool   // it is longer than what is kept of it
	isName bool   // it follows a slash
	ints   int    // how many integers came one after the other just before

	held    int  // as many before a comment
	holding bool // that has not ended

	dict     pdfDict // of the current object
	open     uint64  // the arrays and dictionaries that are open: a bit each, 1 for a dictionary
	depth    int     // how many there are
	previous string  // the last name

	begins     bool // a stream's data begins with the next byte
	wasObjects bool // the stream that is being read is one of objects
	ended      bool // such a stream has just ended: "endobj" must follow

	objects bool    // what is read is an object stream,
	first   int64   // whose objects begin here,
	offsets []int64 // each at one of these places: the last one first, and gone once it was passed
	indexed bool    // all of them are known; until then, the numbers of the index
}

type pdfState int

const (
	pdfGround pdfState = iota
	pdfInString
	pdfInHex
	pdfInComment
	pdfInStream
)

// pdfDict is what matters of a stream's dictionary.
type pdfDict struct {
	objects    bool // an object stream, by its type,
	hasFirst   bool // or by a key that every one must have
	first      int64
	predictor  bool
	filters    []string
	filterKeys int
	odd        bool // a value is not where it must be, or by reference

	filterOpen, filterArray bool // the next names are those of filters
}

const (
	maxPDFToken   = 128 // bytes; the longest name of interest has 13, or 39 when each is escaped
	maxPDFOpen    = 64  // arrays and dictionaries within each other
	maxPDFObjects = 1 << 16
)

func pdfSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func pdfDelimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

// feedUntilStream reads bytes of b up to where a stream's data begins, and returns
// how many. It does what feed does for each of them, but takes runs of regular
// characters at once: most of a PDF is the packed data of its streams.
func (l *pdfLexer) feedUntilStream(b []byte) int {
	for i := 0; i < len(b); {
		run := 0
		if l.state != pdfInString && !l.opening && !l.closing && !l.ended && !l.objects {
			for i+run < len(b) && pdfRegular[b[i+run]] {
				run++
			}
		}
		if run > 0 {
			l.regularRun(b[i : i+run])
			i += run
			continue
		}
		l.feed(b[i])
		i++
		if l.begins {
			return i
		}
	}
	return len(b)
}

// regularRun is feed for regular characters, outside of strings.
func (l *pdfLexer) regularRun(run []byte) {
	l.n += int64(len(run))
	l.last = run[len(run)-1]
	if len(l.token)+len(run) <= maxPDFToken {
		l.token = append(l.token, run...)
		return
	}
	l.cut = true
	if len(run) >= maxPDFToken/2 {
		l.token = append(l.token[:0], run[len(run)-maxPDFToken/2:]...)
		return
	}
	kept := copy(l.token, l.token[max(0, len(l.token)-maxPDFToken/2):])
	l.token = append(l.token[:kept], run...)
}

// pdfRegular are the regular characters: neither white space nor delimiters.
var pdfRegular = func() (regular [256]bool) {
	for c := range regular {
		regular[c] = !pdfSpace(byte(c)) && !pdfDelimiter(byte(c))
	}
	return regular
}()

// feed reads one byte.
func (l *pdfLexer) feed(c byte) {
	if l.objects {
		l.place()
	}
	l.n++
	l.last = c
	if l.ended && !pdfSpace(c) {
		l.ended = false
		if c != 'e' {
			l.doubt("an object stream has more than one end")
		}
	}
	switch {
	case l.opening:
		l.opening = false
		if c == '<' {
			l.push(1)
			return
		}
		l.state = pdfInHex
	case l.closing:
		l.closing = false
		if c == '>' {
			l.pop(1)
			return
		}
	}
	if pdfRegular[c] {
		l.regular(c)
		return
	}
	if len(l.token) > 0 || l.isName {
		l.word(c)
		l.token, l.cut, l.isName = l.token[:0], false, false
	}
	l.delimiter(c)
}

// regular adds a byte to the current token.
func (l *pdfLexer) regular(c byte) {
	if len(l.token) == maxPDFToken {
		// The end tells "endstream" from data that it follows without a space.
		l.token = append(l.token[:0], l.token[maxPDFToken-16:]...)
		l.cut = true
	}
	l.token = append(l.token, c)
	if l.state == pdfInString {
		l.escape = c == '\\' && !l.escape
	}
}

// delimiter acts on a space or a delimiter that stands for itself.
func (l *pdfLexer) delimiter(c byte) {
	switch {
	case c == '%':
		if l.ints > 0 && !l.holding {
			l.held, l.holding = l.ints, true
		}
		l.ints = 0
	case c == '\n', c == '\r':
		l.holding = false
	case !pdfSpace(c) && c != '/':
		l.ints = 0
	}
	switch l.state {
	case pdfInString:
		escaped := l.escape
		l.escape = false
		switch {
		case escaped:
		case c == '(':
			l.parens++
		case c == ')':
			if l.parens--; l.parens == 0 {
				l.state = pdfGround
			}
		}
		return
	case pdfInHex:
		switch {
		case c == '>':
			l.state = pdfGround
		case !pdfSpace(c):
			l.doubt("a string of digits has others in it")
		}
		return
	case pdfInComment:
		if c == '\n' || c == '\r' {
			l.state = pdfGround
		}
		return
	case pdfInStream:
		l.isName = c == '/'
		return
	}
	switch c {
	case '(':
		l.state, l.parens, l.escape = pdfInString, 1, false
	case '%':
		l.state = pdfInComment
	case '/':
		l.isName = true
	case '<':
		l.opening = true
	case '>':
		l.closing = true
	case '[':
		l.push(0)
		if d := &l.dict; d.filterOpen && !d.filterArray && len(d.filters) == 0 {
			d.filterArray = true
		}
	case ']':
		l.pop(0)
		l.dict.filterOpen = false
	}
}

func (l *pdfLexer) push(kind uint64) {
	if l.depth == maxPDFOpen {
		l.doubt("objects are nested too deep")
		return
	}
	l.open, l.depth = l.open<<1|kind, l.depth+1
}

// pop closes what is open. What closes nothing is passed over, as readers do.
func (l *pdfLexer) pop(kind uint64) {
	if l.depth > 0 && l.open&1 == kind {
		l.open, l.depth = l.open>>1, l.depth-1
	}
}

// word acts on a name, a number or a keyword that ended before c.
func (l *pdfLexer) word(c byte) {
	held := 0
	if !l.holding {
		held, l.held = l.held, 0
	}
	if l.state == pdfInStream && bytes.HasSuffix(l.token, []byte("endstream")) { // the data may have no end of line
		l.state = pdfGround
		l.ended, l.wasObjects = l.wasObjects, false
		return
	}
	if l.isName {
		l.ints = 0
		l.nameWord()
		return
	}
	digits := bytes.TrimLeft(l.token, "0123456789")
	if len(digits) == 0 {
		l.ints++
		if l.state == pdfGround {
			l.number(string(l.token))
		}
		return
	}
	ints := l.ints
	l.ints = 0
	if string(digits) == "obj" && ints+held > 0 && !l.objects {
		l.object()
		return
	}
	if l.state == pdfGround {
		l.keyword(string(l.token), c)
	}
}

// nameWord acts on a name.
func (l *pdfLexer) nameWord() {
	if l.cut {
		l.previous = ""
		return
	}
	name := unescapeName(string(l.token))
	switch {
	case l.state == pdfGround:
		l.key(name)
		l.name(name)
	case l.state == pdfInStream && l.previous == "S" && pdfActs(name):
		// An action, in what need not be a stream for every reader.
		l.name(name)
	}
	l.previous = name
}

// object begins an object.
func (l *pdfLexer) object() {
	switch l.state {
	case pdfInString, pdfInHex, pdfInComment:
		l.doubt("an object begins within a string or a comment")
		return
	case pdfInStream:
		if l.wasObjects {
			l.doubt("an object begins within an object stream")
		}
	}
	l.state, l.wasObjects, l.previous = pdfGround, false, ""
	l.opening, l.closing = false, false
	l.dict, l.open, l.depth = pdfDict{}, 0, 0
}

// key takes note of a name in a stream's dictionary.
func (l *pdfLexer) key(name string) {
	d := &l.dict
	if d.filterOpen {
		const more = 8 // than are undone
		if len(d.filters) < more {
			d.filters = append(d.filters, name)
		}
		d.filterOpen = d.filterArray
		return
	}
	switch name {
	case "ObjStm":
		d.objects = true
	case "First":
		if d.hasFirst {
			d.odd = true
		}
		d.hasFirst, d.first = true, -1
	case "Filter":
		d.filterKeys++
		d.filterOpen, d.filterArray = true, false
	}
}

// number takes note of an integer in a stream's dictionary, or of an object's
// place in a stream of objects.
func (l *pdfLexer) number(token string) {
	if l.objects && !l.indexed {
		v, err := strconv.ParseInt(token, 10, 32)
		if err != nil || len(l.offsets) == 2*maxPDFObjects {
			l.doubt("the index of an object stream cannot be read")
			v = 0
		}
		if len(l.offsets) < 2*maxPDFObjects {
			l.offsets = append(l.offsets, v)
		}
		return
	}
	d := &l.dict
	switch {
	case d.filterOpen:
		d.odd = true
	case l.previous == "Predictor":
		d.predictor = d.predictor || token != "1"
	case l.previous == "First" && l.ints == 1:
		v, err := strconv.ParseInt(token, 10, 32)
		if err != nil {
			d.odd = true
		}
		d.first = v
	}
}

func (l *pdfLexer) keyword(token string, c byte) {
	switch token {
	case "R":
		if l.previous == "First" {
			l.dict.odd = true
		}
	case "stream":
		if l.objects {
			break
		}
		if l.depth == 0 && pdfSpace(c) {
			l.state, l.begins = pdfInStream, true
			return
		}
		// Within an array or a dictionary it is a word like any other to most readers.
		l.doubt("a stream begins where none can")
	}
	if l.dict.filterOpen {
		l.dict.odd = true
	}
}

// place is called before each byte of a stream of objects. It notes where the
// index ends, and is in doubt where an object begins within a string or a comment.
func (l *pdfLexer) place() {
	if !l.indexed && l.n >= l.first {
		if len(l.token) > 0 && !l.isName {
			l.word(' ')
			l.token = l.token[:0]
		}
		l.indexed = true
		var offsets []int64
		for i := 1; i < len(l.offsets); i += 2 {
			offsets = append(offsets, l.first+l.offsets[i])
		}
		slices.SortFunc(offsets, func(a, b int64) int { return cmp.Compare(b, a) })
		l.offsets = offsets
	}
	for l.indexed && len(l.offsets) > 0 && l.offsets[len(l.offsets)-1] <= l.n {
		l.offsets = l.offsets[:len(l.offsets)-1]
		if l.state != pdfGround {
			l.doubt("an object begins within a string or a comment")
		}
	}
}

// unescapeName undoes the escapes of a name: "#" and two digits.
func unescapeName(name string) string {
	if !strings.Contains(name, "#") {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] == '#' && i+2 < len(name) && hexDigit(name[i+1]) >= 0 && hexDigit(name[i+2]) >= 0 {
			b.WriteByte(byte(hexDigit(name[i+1])<<4 | hexDigit(name[i+2]))) // #nosec G115 -- 0 to 255
			i += 2
			continue
		}
		b.WriteByte(name[i])
	}
	return b.String()
}
