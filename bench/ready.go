package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/bench/results"
	"github.com/vouch-s3/vouch/client"
)

// ready is how long a file takes from the first call until it is ready, against what
// cannot be spared: the same bytes put to the same S3 by one presigned PUT, and then
// scanned by the same daemon with its own client. Each of one follows one of the other.
var ready = benchmark{name: "ready", stack: true, measure: bench.readies, write: writeReady, draw: drawReady}

// The goals: how much longer it may take than what cannot be spared.
const (
	fixedGoalMS = 150
	shareGoal   = 0.10
)

// sizes of files, and how often each is sent. The first are so many that one in a
// hundred of them can be told.
var readySizes = []struct {
	name  string
	bytes int64
	runs  int
}{
	{"1 KB", 1_000, 200},
	{"1 MB", 1_000_000, 100},
	{"100 MB", 100_000_000, 7},
	{"1 GB", 1_000_000_000, 3},
}

// traced are the sizes of which it is drawn where the time goes.
var traced = []string{"1 MB", "100 MB"}

func (b bench) readies(ctx context.Context, t *results.Table) error {
	sdk, err := b.client()
	if err != nil {
		return err
	}
	defer sdk.CloseIdleConnections()
	s := sender{b, sdk}
	for range 3 { // until every function is warm, as those are that are called often
		if _, _, err := s.toReady(ctx, 1_000, seedOf(0, 0)); err != nil {
			return err
		}
	}
	for i, size := range readySizes {
		runs := size.runs
		if b.quick {
			if runs = 2; size.bytes > 100_000_000 {
				continue
			}
		}
		row := t.Row(size.name, map[string]string{"bytes": strconv.FormatInt(size.bytes, 10)})
		var typical []span // of the run in the middle
		for run := range runs {
			put, scanned, err := s.bare(ctx, size.bytes, seedOf(i, 2*run))
			if err != nil {
				return fmt.Errorf("%s, bare: %w", size.name, err)
			}
			took, spans, err := s.toReady(ctx, size.bytes, seedOf(i, 2*run+1))
			if err != nil {
				return fmt.Errorf("%s: %w", size.name, err)
			}
			row.AddTime("put-ms", put)
			row.AddTime("clamdscan-ms", scanned)
			row.AddTime("ready-ms", took)
			if run == runs/2 {
				typical = spans
			}
		}
		waits := min(runs, 20)
		if size.bytes > 1_000_000 {
			waits = 0
		}
		for run := range waits {
			took, err := s.waited(ctx, size.bytes, seedOf(i, 1000+run))
			if err != nil {
				return fmt.Errorf("%s, waited for: %w", size.name, err)
			}
			row.AddTime("waited-ms", took)
		}
		if slices.Contains(traced, size.name) {
			addSpans(t, size.name, typical)
		}
	}
	return nil
}

// seedOf makes every file another one: clamd remembers what it has found clean.
func seedOf(size, run int) uint64 { return uint64(size)<<32 | uint64(run) }

// sender sends files, and the same number of bytes without Vouch.
type sender struct {
	bench
	sdk *client.Client
}

// bare puts a file to S3 and has clamdscan scan it, and returns what each took.
func (s sender) bare(ctx context.Context, size int64, seed uint64) (put, scanned time.Duration, err error) {
	path := filepath.Join(s.dir, "bare.bin")
	if err := writeSeeded(path, size, seed); err != nil {
		return 0, 0, err
	}
	url, err := s3.NewPresignClient(s.stack.Objects()).PresignPutObject(ctx, &s3.PutObjectInput{
		Bucket: s.bucket(), Key: aws.String("bench/bare"), ContentLength: &size, ContentType: aws.String("application/octet-stream"),
	})
	if err != nil {
		return 0, 0, err
	}
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	begun := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, url.URL, f)
	if err != nil {
		return 0, 0, err
	}
	req.ContentLength = size
	req.Header.Set("Content-Type", "application/octet-stream")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	if answer, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		return 0, 0, fmt.Errorf("PUT: %s %s (%w)", resp.Status, answer, err)
	}
	put = time.Since(begun)
	if scanned, err = s.clamdscan(ctx, path); err != nil {
		return 0, 0, err
	}
	return put, scanned, s.empty(ctx)
}

// span is some time that something took.
type span struct {
	name     string
	from, to time.Duration // since the beginning
}

// toReady sends a file by the Go client, and returns how long it took until it was
// ready, and what took it.
func (s sender) toReady(ctx context.Context, size int64, seed uint64) (took time.Duration, spans []span, err error) {
	src, err := s.source(size, seed)
	if err != nil {
		return 0, nil, err
	}
	defer src.Close()
	s.watch.forget()
	begun := time.Now()
	f, err := s.sdk.Upload(ctx, src, client.UploadOptions{NoWait: true})
	if err != nil {
		return 0, nil, err
	}
	sent := time.Since(begun)
	at, err := s.watch.until(f.ID, 5*time.Minute)
	if err != nil {
		return 0, nil, err
	}
	spans = []span{{"the client", 0, sent}}
	for _, i := range s.watch.all() {
		spans = append(spans, span{i.function, i.from.Sub(begun), i.to.Sub(begun)})
	}
	slices.SortStableFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	return at.Sub(begun), spans, s.sdk.Delete(ctx, f.ID)
}

// waited sends a file as whoever waits for the verdict does, and returns how long it
// took until that was there.
func (s sender) waited(ctx context.Context, size int64, seed uint64) (time.Duration, error) {
	src, err := s.source(size, seed)
	if err != nil {
		return 0, err
	}
	defer src.Close()
	begun := time.Now()
	f, err := s.sdk.Upload(ctx, src, client.UploadOptions{})
	took := time.Since(begun)
	if err != nil {
		return 0, err
	}
	return took, s.sdk.Delete(ctx, f.ID)
}

func (s sender) source(size int64, seed uint64) (client.Source, error) {
	path := filepath.Join(s.dir, "sent.bin")
	if err := writeSeeded(path, size, seed); err != nil {
		return nil, err
	}
	return client.OpenFile(path)
}

// addSpans adds a row for each, in their order.
func addSpans(t *results.Table, file string, spans []span) {
	for i, s := range spans {
		row := t.Row("span", map[string]string{"file": file, "number": fmt.Sprintf("%02d", i), "of": s.name})
		row.AddTime("from-ms", s.from)
		row.AddTime("to-ms", s.to)
	}
}

// bareOf is what cannot be spared of a row's files, run by run, in milliseconds: there is
// a run of it for each of theirs.
func bareOf(r results.Row) ([]float64, error) {
	put, scanned, took := r.Samples["put-ms"], r.Samples["clamdscan-ms"], r.Samples["ready-ms"]
	if len(put) != len(took) || len(scanned) != len(took) || len(took) == 0 {
		return nil, fmt.Errorf("%s: the runs have no pairs", r.Name)
	}
	bare := make([]float64, len(took))
	for i := range bare {
		bare[i] = put[i] + scanned[i]
	}
	return bare, nil
}

// sized are the rows of files.
func sized(t results.Table) (rows []results.Row) {
	for _, r := range t.Rows {
		if r.Name != "span" {
			rows = append(rows, r)
		}
	}
	return rows
}

func writeReady(m *results.Markdown, t results.Table) error {
	m.Head("file", "of them", "PUT and clamdscan: median", "p99", "ready: median", "p99", "overhead: median", fmt.Sprintf("at most %d ms + %.0f %%", fixedGoalMS, 100*shareGoal))
	for _, r := range sized(t) {
		bare, err := bareOf(r)
		if err != nil {
			return err
		}
		took := r.Samples["ready-ms"]
		var over, beyond []float64
		for i := range took {
			over = append(over, took[i]-bare[i])
			beyond = append(beyond, over[i]-shareGoal*bare[i])
		}
		m.Row(r.Name, strconv.Itoa(len(took)), results.Time(results.Of(bare).Median), tail(bare), results.Time(results.Of(took).Median), tail(took),
			fmt.Sprintf("%.0f ms", results.Of(over).Median), results.AtMost(fixedGoalMS).Judge(results.Of(beyond).Median))
	}
	for _, r := range sized(t) {
		if waited := r.Of("waited-ms"); waited.N > 0 {
			m.Text("Whoever waits with the Go client, which asks when `Retry-After` says so, has the verdict on a file of %s after %s.", r.Name, waited.Times())
		}
	}
	m.Picture("ready", "how long files take from the first call to ready, and without Vouch")
	for _, file := range traced {
		if name := waterfallName(file); len(spansOf(t, file).Of) > 0 {
			m.Picture(name, "where the time of a file of "+file+" goes")
		}
	}
	return nil
}

// tail is the figure that one in a hundred exceeds, where there are as many.
func tail(samples []float64) string {
	if len(samples) < 100 {
		return "(longest) " + results.Time(slices.Max(samples))
	}
	return results.Time(results.Percentile(samples, 99))
}

func drawReady(t results.Table) (map[string]drawing, error) {
	d := results.Dots{Title: "From the first call to ready, and PUT and clamdscan alone", Unit: "ms", Log: true}
	for _, r := range sized(t) {
		bare, err := bareOf(r)
		if err != nil {
			return nil, err
		}
		d.Of = append(d.Of, results.Dot{Name: r.Name, Spread: r.Of("ready-ms")}, results.Dot{Name: r.Name + ", alone", Spread: results.Of(bare)})
	}
	drawings := map[string]drawing{"ready": d}
	for _, file := range traced {
		if w := spansOf(t, file); len(w.Of) > 0 {
			drawings[waterfallName(file)] = w
		}
	}
	return drawings, nil
}

func waterfallName(file string) string {
	return "where-the-time-goes-" + map[string]string{"1 MB": "1mb", "100 MB": "100mb"}[file]
}

// spansOf is what took the time of a file.
func spansOf(t results.Table, file string) results.Waterfall {
	w := results.Waterfall{Title: "A file of " + file + ", from the first call to ready"}
	for _, r := range t.Rows {
		if r.Name == "span" && r.Params["file"] == file {
			w.Of = append(w.Of, results.Span{Name: r.Params["of"], From: r.Of("from-ms").Median, To: r.Of("to-ms").Median})
		}
	}
	return w
}
