package rescan

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/verify"
)

var now = time.Date(2026, 11, 24, 15, 0, 0, 123456789, time.UTC)

func clock() time.Time { return now }

// world is a workflow that remembers what was started, and an index that holds
// as many files as it is told.
type world struct {
	running map[string]Position
	ended   map[string]bool
	files   int
}

func (w *world) StartRescan(_ context.Context, name string, p Position) (time.Time, error) {
	if w.ended[name] {
		return time.Time{}, verify.ErrAlreadyEnded
	}
	if was, runs := w.running[name]; runs && was != p {
		return time.Time{}, verify.ErrAlreadyEnded
	}
	w.running[name] = p
	return now, nil
}

func (w *world) Unchecked(_ context.Context, _ time.Time, cursor string, limit int) ([]verify.Job, string, error) {
	from := 0
	if cursor != "" {
		var err error
		if from, err = strconv.Atoi(cursor); err != nil {
			return nil, "", err
		}
	}
	to := min(from+limit, w.files)
	var jobs []verify.Job
	for i := from; i < to; i++ {
		jobs = append(jobs, verify.Job{FileID: fmt.Sprint(i)})
	}
	if to == w.files {
		return jobs, "", nil
	}
	return jobs, strconv.Itoa(to), nil
}

func newWorld(files int) *world {
	return &world{running: map[string]Position{}, ended: map[string]bool{}, files: files}
}

func (w *world) starter() Starter { return Starter{Workflow: w, Now: clock} }

func (w *world) pager() Pager {
	return Pager{Records: w, Workflow: w, Now: clock, Concurrency: 5}
}

func TestADoubledCallIsOneRunAndOneAfterItsEndAnother(t *testing.T) {
	w := newWorld(0)
	before := now.Add(-time.Hour)
	first, err := w.starter().Start(t.Context(), before)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := w.starter().Start(t.Context(), before); err != nil || again != first {
		t.Errorf("%+v, %v; want %+v", again, err, first)
	}
	w.ended[first.ID] = true
	after, err := w.starter().Start(t.Context(), before)
	if err != nil || after.ID == first.ID || !after.Before.Equal(first.Before) || w.running[after.ID].Run != after.ID {
		t.Errorf("%+v, %v", after, err)
	}
	if !regexp.MustCompile(`^[0-9A-Za-z-]{1,60}$`).MatchString(first.ID) {
		t.Errorf("the name %q leaves no room for parts, or is none", first.ID)
	}
}

func TestARunIsOverFilesOfThePastOnly(t *testing.T) {
	w := newWorld(0)
	r, err := w.starter().Start(t.Context(), time.Time{})
	if err != nil || !r.Before.Equal(now.Truncate(time.Millisecond)) {
		t.Errorf("without a time: %+v, %v", r, err)
	}
	if _, err := w.starter().Start(t.Context(), now.Add(time.Second)); file.CodeOf(err) != file.CodeInvalidRequest {
		t.Errorf("a time to come: %v", err)
	}
	if len(w.running) != 1 {
		t.Errorf("running %v", w.running)
	}
	if page, err := w.pager().Page(t.Context(), Position{Before: now.Add(time.Second)}); err == nil {
		t.Errorf("a page for a time to come: %+v", page)
	}
}

// Whatever its size, a run hands out every file once, no execution is handed
// more pages than its history has room for, and no page is more than may pass
// between states.
func TestARunOfAnySizeStaysWithinTheQuotas(t *testing.T) {
	for _, files := range []int{0, 1, PageSize, PageSize + 1, PageSize*PagesPerExecution + 1, 2*PageSize*PagesPerExecution + PageSize} {
		w := newWorld(files)
		r, err := w.starter().Start(t.Context(), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		seen, id := 0, r.ID
		for part := 0; ; part++ {
			p, pages := w.running[id], 0
			for !p.Done {
				page, err := w.pager().Page(t.Context(), p)
				if err != nil {
					t.Fatal(err)
				}
				for _, j := range page.Jobs {
					if j.FileID != strconv.Itoa(seen) {
						t.Fatalf("%d files: file %s came as number %d", files, j.FileID, seen)
					}
					seen++
				}
				if page.Concurrency != 5 || page.Jobs == nil {
					t.Fatalf("%+v", page)
				}
				p = page.Next
				pages++
			}
			if pages > PagesPerExecution+1 {
				t.Errorf("%d files: an execution had %d pages", files, pages)
			}
			next := fmt.Sprintf("%s-part%d", r.ID, part+1)
			if _, goesOn := w.running[next]; !goesOn {
				break
			}
			id = next
		}
		if seen != files {
			t.Errorf("%d of %d files were handed out", seen, files)
		}
	}
}

func TestGoingOnTwiceIsGoingOnOnce(t *testing.T) {
	w := newWorld(10)
	full := Position{Run: "r", Before: now, Cursor: "5", Part: 3, Pages: PagesPerExecution}
	for range 2 {
		page, err := w.pager().Page(t.Context(), full)
		if err != nil || !page.Next.Done || len(page.Jobs) != 0 {
			t.Fatalf("%+v, %v", page, err)
		}
	}
	w.ended["r-part4"] = true // it was quick
	if page, err := w.pager().Page(t.Context(), full); err != nil || !page.Next.Done {
		t.Errorf("%+v, %v", page, err)
	}
	if next := w.running["r-part4"]; len(w.running) != 1 || next.Cursor != "5" || next.Pages != 0 || next.Part != 4 {
		t.Errorf("running %+v", w.running)
	}
}

// Files that nothing can decide upon come first in every run, and must not keep
// the others from their turn; a scanner that is down must not be asked for all.
func TestARunGoesOnBehindAPageThatFailsAndNotBehindSeveral(t *testing.T) {
	for name, tt := range map[string]struct {
		fails func(page int) bool
		pages int  // with files
		ends  bool // as stopped
	}{
		"none":                      {func(int) bool { return false }, 10, false},
		"the first":                 {func(n int) bool { return n == 0 }, 10, false},
		"two in a row and again":    {func(n int) bool { return n%3 != 2 }, 10, true}, // the last one fails too
		"all":                       {func(int) bool { return true }, MaxFailedPages, true},
		"the last":                  {func(n int) bool { return n == 9 }, 10, true},
		"all from the fifth onward": {func(n int) bool { return n >= 4 }, 4 + MaxFailedPages, true},
	} {
		w := newWorld(10 * PageSize)
		p, pages := Position{Run: "r", Before: now}, 0
		for !p.Done {
			page, err := w.pager().Page(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			p = page.Next
			if len(page.Jobs) > 0 {
				p.Failed = tt.fails(pages)
				pages++
			}
		}
		if pages != tt.pages || p.Failed != tt.ends {
			t.Errorf("%s: %d pages, stopped %v", name, pages, p.Failed)
		}
	}
}

// A schedule starts the state machine with no more than {}.
func TestAnEmptyInputIsARunOverAllFiles(t *testing.T) {
	var p Position
	if err := json.Unmarshal([]byte(`{}`), &p); err != nil {
		t.Fatal(err)
	}
	page, err := newWorld(PageSize+1).pager().Page(t.Context(), p)
	if err != nil || len(page.Jobs) != PageSize || page.Next.Done || !page.Next.Before.Equal(now.Truncate(time.Millisecond)) || page.Next.Run == "" {
		t.Errorf("%+v, %v", page.Next, err)
	}
}

// 256 KiB may pass from one state to the next.
func TestAPageOfTheLongestJobsPassesBetweenStates(t *testing.T) {
	job := verify.Job{
		FileID: "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e", Key: file.Key("alice", "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"),
		VersionID: strings.Repeat("v", 64), ETag: strings.Repeat("e", 40),
	}
	page := Page{Jobs: make([]verify.Job, PageSize), Next: Position{Run: name(now, attempts), Before: now, Cursor: strings.Repeat("c", 80)}}
	for i := range page.Jobs {
		page.Jobs[i] = job
	}
	data, err := json.Marshal(page)
	if err != nil || len(data) > 256<<10/4*3 {
		t.Errorf("a page has %d bytes, %v", len(data), err)
	}
}
