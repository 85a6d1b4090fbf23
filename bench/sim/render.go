package sim

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/bench/results"
)

// Render returns docs/scale.md with its tables written anew from the results.
func Render(document string, t results.Table) (string, error) {
	quotas, err := Quotas()
	if err != nil {
		return "", err
	}
	times, err := ReadTimes()
	if err != nil {
		return "", err
	}
	for _, part := range []struct {
		name    string
		content string
	}{
		{"scale-limits", limitsTable(t, quotas)},
		{"scale-runs", runsTable(t, asItStands, openDoor, raised)},
		{"scale-before", runsTable(t, asItWas, openDoor, raised)},
		{"scale-hot", hotTable(t)},
		{"scale-pause", pauseTable(t)},
		{"scale-quotas", quotasTable(quotas)},
		{"scale-times", timesTable(times)},
	} {
		if document, err = results.Renew(document, part.name, part.content); err != nil {
			return "", err
		}
	}
	return document, nil
}

// ours are the limits that are the project's own: what they are called, and how they
// are raised.
var ours = map[string][2]string{
	routePrefix + "POST /files":               {"the route `POST /files`", "`RouteSettings` in template.yaml"},
	routePrefix + "POST /files/{id}/complete": {"the route `POST /files/{id}/complete`", "`RouteSettings` in template.yaml"},
	routePrefix:     {"all other routes, for `GET /files/{id}`", "`DefaultRouteSettings` in template.yaml"},
	scanConcurrency: {"scan-object at a time", "`ReservedConcurrentExecutions` in template.yaml, 4 for each task"},
	clamdTasks:      {"tasks of clamd", "`MaxCapacity` of `ClamdScaling` in template.yaml, and `MinCapacity` before a rush"},
}

func limitsTable(t results.Table, quotas []Quota) string {
	var m results.Markdown
	m.Head("of", "an upload takes", "there is", "which holds, uploads a second", "10,000 a second need", "raised to", "how")
	rows := rowsOf(t, "use")
	slices.SortStableFunc(rows, func(a, b results.Row) int {
		return cmp.Or(cmp.Compare(holds(a), holds(b)), strings.Compare(a.Params["of"], b.Params["of"]))
	})
	for _, r := range rows {
		name, limit := r.Params["of"], r.Params["limit"]
		each, there := value(r, "per-upload"), value(r, "default")
		what, how, raisedTo := name, "", ""
		if o, ok := ours[limit]; ok {
			what, how = o[0], o[1]
		}
		if i := slices.IndexFunc(quotas, func(q Quota) bool { return q.Name == limit }); i >= 0 {
			q := quotas[i]
			what, how = fmt.Sprintf("%s: %s", q.Service, q.Quota), q.How
			switch limit {
			case warmWrites, tableWrites:
				what = fmt.Sprintf("%s: `%s`, as a new one", q.Service, name)
				if limit == tableWrites {
					what = fmt.Sprintf("%s: `%s`", q.Service, name)
				}
			case keyWrites:
				what = fmt.Sprintf("%s: one key of `%s`", q.Service, name)
			case s3Writes, s3Reads:
				how = "S3 splits prefixes by itself, to 16 of them here"
			}
		}
		if each*10_000 > there {
			raisedTo = count(value(r, "raised"))
		} else {
			how = ""
		}
		m.Row(what, figure(each), count(there), "**"+count(holds(r))+"**", count(each*10_000), raisedTo, how)
	}
	return m.String()
}

func holds(r results.Row) float64 { return value(r, "default") / value(r, "per-upload") }

// runsTable writes the runs of some groups, side by side by their rate where the first
// group has it.
func runsTable(t results.Table, groups ...string) string {
	var m results.Markdown
	m.Head("", "uploads a second", "for", "uploads", "ready", "refused at the door", "**good ones rejected**", "last byte to ready: median", "99 %", "all done after", "executions at once", "functions at once", "clamd tasks", "most held back by", "USD an hour")
	rates := map[string]bool{}
	for _, r := range rowsOf(t, groups[0]) {
		rates[r.Params["rate"]] = true
	}
	for _, g := range groups {
		for _, r := range rowsOf(t, g) {
			if groups[0] == asItWas && !rates[r.Params["rate"]] || groups[0] == asItWas && g == openDoor && r.Params["rate"] == "10000" {
				continue
			}
			m.Row(g, rate(r), r.Params["for"], count(value(r, "uploads")), count(value(r, "ready")), count(value(r, "refused")), "**"+count(value(r, "broken"))+"**",
				seconds(value(r, "ready-p50-s")), seconds(value(r, "ready-p99-s")), seconds(value(r, "drained-s")),
				count(value(r, "executions")), count(value(r, "concurrency")), count(value(r, "tasks")), heldBack(r), dollars(r))
		}
	}
	return m.String()
}

func dollars(r results.Row) string {
	if r.Params["for"] == "0s" {
		return ""
	}
	return count(value(r, "usd-an-hour"))
}

func rate(r results.Row) string {
	if v, err := strconv.ParseFloat(r.Params["rate"], 64); err == nil {
		return count(v)
	}
	return r.Params["rate"]
}

// heldBack names the two limits that refused the most.
func heldBack(r results.Row) string {
	type refusal struct {
		name string
		n    float64
	}
	var all []refusal
	for metric, s := range r.Samples {
		if name, ok := strings.CutPrefix(metric, "throttled "); ok {
			all = append(all, refusal{name, s[0]})
		}
	}
	slices.SortFunc(all, func(a, b refusal) int { return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(a.name, b.name)) })
	if len(all) == 0 {
		return "nothing"
	}
	var names []string
	for _, x := range all[:min(2, len(all))] {
		name := x.name
		if name == routePrefix {
			name = "routes without a limit of their own"
		}
		names = append(names, fmt.Sprintf("%s (%s)", name, count(x.n)))
	}
	return strings.Join(names, ", ")
}

func hotTable(t results.Table) string {
	var m results.Markdown
	m.Head("files of", "counted in", "uploads a second", "uploads", "ready", "refused at the door", "met another, for each upload", "last byte to ready: median", "99 %", "hottest key, write units a second")
	for _, g := range []string{oneOwner, oneTenant} {
		for _, r := range rowsOf(t, g) {
			items := cmp.Or(r.Params["shards"], "1")
			m.Row(g, items+" items", rate(r), count(value(r, "uploads")), count(value(r, "ready")), count(value(r, "refused")),
				figure(value(r, "conflicts")/value(r, "uploads")), seconds(value(r, "ready-p50-s")), seconds(value(r, "ready-p99-s")), count(value(r, "hottest-key")))
		}
	}
	return strings.ReplaceAll(m.String(), "| 1 items |", "| 1 item |")
}

func pauseTable(t results.Table) string {
	var m results.Markdown
	m.Head("for five minutes", "uploads a second", "quotas", "whose client calls complete", "uploads", "ready", "**good ones rejected**", "last byte to ready: median", "99 %", "all done after", "by the sweeper")
	for _, g := range []string{pause, losing, losses} {
		for _, r := range rowsOf(t, g) {
			q := "raised"
			if r.Params["quotas"] == "default" || r.Params["rate"] == "100" {
				q = "default"
			}
			share, _ := strconv.ParseFloat(r.Params["completes"], 64)
			m.Row(g, rate(r), q, fmt.Sprintf("%.0f %%", 100*share), count(value(r, "uploads")), count(value(r, "ready")), "**"+count(value(r, "broken"))+"**",
				seconds(value(r, "ready-p50-s")), seconds(value(r, "ready-p99-s")), seconds(value(r, "drained-s")), count(value(r, "swept")))
		}
	}
	return m.String()
}

func quotasTable(quotas []Quota) string {
	var m results.Markdown
	m.Head("service", "quota", "default", "burst", "unit", "can be raised", "elsewhere", "AWS's page", "checked")
	for _, q := range quotas {
		there, burst := "none", ""
		if q.Value != nil {
			there = count(*q.Value)
		}
		if q.Burst != 0 {
			burst = count(q.Burst)
		}
		m.Row(q.Service, q.Quota, there, burst, q.Unit, q.Adjustable, q.Region, q.Page, q.Checked)
	}
	return m.String()
}

func timesTable(t *Times) string {
	var m results.Markdown
	m.Head("what", "median", "99 %", "from")
	var names []string
	for name := range t.Latencies {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		l := t.Latencies[name]
		m.Row(name, fmt.Sprintf("%g ms", l.P50), fmt.Sprintf("%g ms", l.P99), l.Source)
	}
	m.Text("A file has %s bytes in the median and %s in the mean (%s). clamd works %g ms on it and a second on %s bytes (%s). A client sends %s bytes a second (%s); %g %% of files are malware (%s).",
		count(t.Sizes.Median), count(t.Sizes.Mean), t.Sources["Sizes"], t.ScanFixed, count(t.ScanBytesPerSecond), t.Sources["Scan"],
		count(t.ClientBytesPerSecond), t.Sources["ClientBytesPerSecond"], 100*t.Malware, t.Sources["Malware"])
	return m.String()
}

func rowsOf(t results.Table, name string) (rows []results.Row) {
	for _, r := range t.Rows {
		if r.Name == name {
			rows = append(rows, r)
		}
	}
	return rows
}

func value(r results.Row, metric string) float64 {
	if len(r.Samples[metric]) == 0 {
		return math.NaN()
	}
	return r.Samples[metric][0]
}

// count writes a number with commas, as whole as it is exact.
func count(v float64) string {
	if math.IsInf(v, 1) {
		return "no limit"
	}
	if v < 10 && v != math.Trunc(v) {
		return figure(v)
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// figure writes a small number to two digits.
func figure(v float64) string {
	if v >= 10 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	if v < 0.1 {
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}

func seconds(v float64) string {
	switch {
	case v < 10:
		return strconv.FormatFloat(v, 'f', 2, 64) + " s"
	case v < 600:
		return strconv.FormatFloat(v, 'f', 0, 64) + " s"
	case v < 7200:
		return fmt.Sprintf("%.0f min", time.Duration(v*float64(time.Second)).Minutes())
	}
	return fmt.Sprintf("%.1f h", v/3600)
}
