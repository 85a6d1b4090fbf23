package results

import (
	"fmt"
	"slices"
	"strings"
)

// Renew returns a document with content between the marks of the name,
//
//	<!-- bench: NAME -->
//	<!-- /bench -->
//
// which each stand on a line of their own, in place of what stands there.
func Renew(document, name, content string) (string, error) {
	begin, end := "<!-- bench: "+name+" -->\n", "<!-- /bench -->\n"
	before, rest, opened := strings.Cut(document, begin)
	old, after, closed := strings.Cut(rest, end)
	switch {
	case !opened || !closed:
		return "", fmt.Errorf("there are no marks for %s to stand between", name)
	case strings.Contains(old, "<!-- bench: "):
		return "", fmt.Errorf("the mark of %s is not closed before the next", name)
	case strings.Contains(after, begin):
		return "", fmt.Errorf("%s has a place twice", name)
	}
	return before + begin + content + end + after, nil
}

// Markdown writes tables. The zero value is ready to use.
type Markdown struct{ strings.Builder }

// Head begins a table, after an empty line.
func (m *Markdown) Head(cells ...string) {
	m.WriteByte('\n')
	m.Row(cells...)
	m.Row(slices.Repeat([]string{"---"}, len(cells))...)
}

// Row writes a row.
func (m *Markdown) Row(cells ...string) { fmt.Fprintf(m, "| %s |\n", strings.Join(cells, " | ")) }

// Text writes a paragraph of its own.
func (m *Markdown) Text(format string, args ...any) {
	fmt.Fprintf(m, "\n"+format+"\n", args...)
}

// Picture shows a plot that lies beside the document, at docs/performance/NAME.svg.
func (m *Markdown) Picture(name, says string) { m.Text("![%s](performance/%s.svg)", says, name) }

// Measured says where the table comes from, and how to have it again.
func (m *Markdown) Measured(t Table) {
	m.Text("Measured on %s, by `%s`; the raw figures are in [%s.json](../bench/results/data/%s.json).", t.Where(), t.Command, t.Name, t.Name)
	m.WriteByte('\n')
}
