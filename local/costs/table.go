package costs

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The marks in docs/costs.md that the tables stand between.
const (
	beginMark = "<!-- make costs writes what follows -->\n"
	endMark   = "<!-- to here -->\n"
)

// Renew returns a document with tables in the place of those that are there.
func Renew(document, tables string) (string, error) {
	before, rest, opened := strings.Cut(document, beginMark)
	_, after, closed := strings.Cut(rest, endMark)
	if !opened || !closed {
		return "", errors.New("there are no marks for tables to stand between")
	}
	return before + beginMark + tables + endMark + after, nil
}

const million = 1e6

// Tables are those of docs/costs.md: they follow from the counts and the prices
// alone.
func Tables(c Counts, l PriceList) (string, error) {
	w := writer{counts: c, prices: l}
	for _, part := range []func() error{w.short, w.perMillion, w.lives, w.used, w.byMonth, w.compared, w.saved, w.listed} {
		if err := part(); err != nil {
			return "", err
		}
	}
	return w.String(), nil
}

type writer struct {
	strings.Builder
	counts Counts
	prices PriceList
}

func (w *writer) row(cells ...string) { fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")) }

func (w *writer) head(title string, cells ...string) {
	fmt.Fprintf(w, "\n### %s\n\n", title)
	w.row(cells...)
	w.row(slices.Repeat([]string{"---"}, len(cells))...)
}

// usd writes an amount: with cents, or if it is less than one, with as many digits
// as it takes.
func usd(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 0.01:
		return fmt.Sprintf("%.2g", v)
	case v >= 1000:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// number writes a count without zeros at its end.
func number(v float64) string {
	if v >= 100 || v == math.Trunc(v) {
		return fmt.Sprintf("%.0f", v)
	}
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.3f", v), "0"), ".")
}

// columns are the groups of which there is something in some stage.
func (w *writer) columns() (all []group) {
	for _, g := range groups {
		for _, s := range w.counts.Stages {
			if u := s.billed(); slices.ContainsFunc(g.of, func(d Dimension) bool { return u[d] > 0 }) {
				all = append(all, g)
				break
			}
		}
	}
	return all
}

func (w *writer) perMillion() error {
	columns := w.columns()
	cells := []string{"of a million"}
	for _, g := range columns {
		cells = append(cells, g.name)
	}
	w.head("A million times, in USD", append(cells, "**all**")...)
	for _, s := range w.counts.Stages {
		b, err := w.prices.bill(s.billed())
		if err != nil {
			return err
		}
		cells := []string{s.Name}
		for _, g := range columns {
			cells = append(cells, usd(million*b.sum(g.of...)))
		}
		w.row(append(cells, "**"+usd(million*b.sum())+"**")...)
	}
	return nil
}

// life is a file's from its upload on.
type life struct {
	name   string
	bytes  float64
	stages []string
}

var lives = []life{
	{"files of 1 MB", megabyte, []string{UploadMB, Download, Deletion}},
	{"files of 200 MB, in parts", large, []string{UploadParts, DownloadParts, Deletion}},
}

// whole is what a life costs.
func (w *writer) whole(of life) (bill, error) {
	total := bill{}
	for _, name := range of.stages {
		s, ok := w.counts.Stage(name)
		if !ok {
			return nil, fmt.Errorf("nobody has counted the %s", name)
		}
		b, err := w.prices.bill(s.billed())
		if err != nil {
			return nil, err
		}
		for d, v := range b {
			total[d] += v
		}
	}
	return total, nil
}

// most says what most of a bill is, in percent.
func most(b bill) string {
	shares := slices.Clone(groups)
	slices.SortStableFunc(shares, func(x, y group) int { return cmp.Compare(b.sum(y.of...), b.sum(x.of...)) })
	var all []string
	for _, g := range shares[:4] {
		all = append(all, fmt.Sprintf("%s %.0f %%", g.name, 100*b.sum(g.of...)/b.sum()))
	}
	return strings.Join(all, ", ")
}

// short says in a few sentences what the tables come to.
func (w *writer) short() error {
	fmt.Fprintf(w, "\n### In short\n\nCounted on %s; prices of %s as of %s.\n\n", w.counts.Machine, w.prices.Region, w.prices.Date)
	small, err := w.whole(lives[0])
	if err != nil {
		return err
	}
	big, err := w.whole(lives[1])
	if err != nil {
		return err
	}
	designs, err := w.counts.designs(w.prices)
	if err != nil {
		return err
	}
	clamav, guardduty := designs[0], designs[1]
	scans, err := w.prices.bill(Usage{GuardDutyObjects: million, GuardDutyBytes: million * megabyte})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "- A million files of 1 MB, each uploaded, verified, downloaded once and deleted, cost **$%.0f** with ClamAV. Of it are %s.\n", million*small.sum(), most(small))
	fmt.Fprintf(w, "- A TB in files of 200 MB costs **$%.0f**. Of it are %s.\n", 1e12/large*big.sum(), most(big))
	fmt.Fprintf(w, "- A month costs **$%.0f** besides with ClamAV on Fargate, and **$%.0f** with GuardDuty alone, whose scans of a million files of 1 MB are another $%.0f.\n", clamav.month, guardduty.month, scans.sum())
	fmt.Fprintf(w, "- So GuardDuty is the cheaper up to some **%.0f files** of 1 MB a month, and ClamAV on Fargate from there on.\n", math.Round((clamav.month-guardduty.month)/(guardduty.file-clamav.file)/1000)*1000)
	traces := 0.0
	for _, name := range lives[0].stages {
		s, _ := w.counts.Stage(name)
		usd, err := w.prices.of(Traces, s.Usage[Traces]/float64(s.Files))
		if err != nil {
			return err
		}
		traces += usd
	}
	fmt.Fprintf(w, "- With `Tracing=Active`, which is not in any other table, a million of those files cost another **$%.0f**.\n", million*traces)
	return nil
}

// lives adds stages up to whole lives.
func (w *writer) lives() error {
	w.head("Whole lives, in USD", "each is uploaded, downloaded once and deleted", "a million files", "a TB", "of it, the most")
	for _, l := range lives {
		total, err := w.whole(l)
		if err != nil {
			return err
		}
		w.row(l.name, usd(million*total.sum()), usd(1e12/l.bytes*total.sum()), most(total))
	}
	return nil
}

// used is what was counted, by file.
func (w *writer) used() error {
	cells := []string{"of each file"}
	var all []Dimension
	for _, s := range w.counts.Stages {
		for _, d := range s.Usage.Dimensions() {
			if !slices.Contains(all, d) {
				all = append(all, d)
			}
		}
	}
	slices.Sort(all)
	for _, d := range all {
		cells = append(cells, string(d))
	}
	w.head("What was counted", cells...)
	for _, s := range w.counts.Stages {
		u := s.Usage.per(float64(s.Files))
		cells := []string{s.Name}
		for _, d := range all {
			cells = append(cells, number(u[d]))
		}
		w.row(cells...)
	}
	return nil
}

// byMonth is what is paid without a file.
func (w *writer) byMonth() error {
	w.head("A month without a file", "what", "ClamAV on Fargate", "USD", "GuardDuty alone", "USD")
	c, l := w.counts, w.prices
	for _, d := range slices.Sorted(maps.Keys(c.ClamAV)) {
		a, err := l.of(d, c.ClamAV[d])
		if err != nil {
			return err
		}
		b, err := l.of(d, c.GuardDuty[d])
		if err != nil {
			return err
		}
		w.row(l.Prices[d].Unit, number(c.ClamAV[d]), usd(a), number(c.GuardDuty[d]), usd(b))
	}
	n := float64(len(c.Metrics))
	m, err := l.of(Metrics, n)
	if err != nil {
		return err
	}
	w.row(l.Prices[Metrics].Unit, number(n), usd(m), number(n), usd(m))
	for _, s := range c.Schedules {
		b, err := l.bill(s.monthly())
		if err != nil {
			return err
		}
		runs := number(s.monthly()[ScheduledRuns])
		w.row("runs of "+s.Name, runs, usd(b.sum()), runs, usd(b.sum()))
	}
	a, err := c.fixedMonth(l, c.ClamAV)
	if err != nil {
		return err
	}
	b, err := c.fixedMonth(l, c.GuardDuty)
	w.row("**all**", "", "**"+usd(a)+"**", "", "**"+usd(b)+"**")
	return err
}

// perThread is how many bytes a second one of clamd's threads is taken to scan, and
// threads how many the two tasks have that always run.
const (
	perThread = 10e6
	threads   = 8
)

func (w *writer) compared() error {
	designs, err := w.counts.designs(w.prices)
	if err != nil {
		return err
	}
	volumes := []float64{1e4, 1e5, 1e6, 1e7}
	cells := []string{"files of 1 MB a month, from the upload to the verdict"}
	for _, v := range volumes {
		cells = append(cells, number(v))
	}
	w.head("Beside others, in USD a month", append(cells, "each million more, and each TB")...)
	for _, d := range designs {
		cells := []string{d.name}
		for _, v := range volumes {
			cells = append(cells, usd(d.month+v*d.file))
		}
		w.row(append(cells, usd(million*d.file))...)
	}
	busy := []string{"the two tasks of clamd are busy for"}
	for _, v := range volumes {
		busy = append(busy, number(100*v*megabyte/perThread/(threads*hours*3600))+" %")
	}
	w.row(append(busy, "")...)
	return nil
}

func (w *writer) saved() error {
	all, err := w.counts.savings(w.prices)
	if err != nil {
		return err
	}
	w.head("What could be left out", "with", "saves, of a million uploads of 1 MB, USD")
	for _, s := range all {
		w.row(s.what, usd(s.usd))
	}
	return nil
}

// listed is the list of prices.
func (w *writer) listed() error {
	w.head("The prices", "price", "USD", "for", "AWS's page", "checked")
	for _, d := range slices.Sorted(maps.Keys(w.prices.Prices)) {
		p := w.prices.Prices[d]
		checked := p.Verified
		if checked == "" {
			checked = "no, from memory"
		}
		w.row(string(d), strconv.FormatFloat(p.USD, 'f', -1, 64), strings.TrimPrefix(fmt.Sprintf("%.0f %s", p.Per, p.Unit), "1 "), p.Page, checked)
	}
	fmt.Fprintln(w)
	return nil
}
