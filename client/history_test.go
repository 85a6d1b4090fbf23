package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// events answers with five events, newest first, by pages as the API does.
func events(w http.ResponseWriter, r *http.Request) bool {
	q := r.URL.Query()
	if !strings.HasSuffix(r.URL.Path, "/history") {
		return false
	}
	begin, limit := 5, 20
	fmt.Sscan(q.Get("limit"), &limit)
	fmt.Sscan(q.Get("cursor"), &begin)
	var page []string
	for n := begin - 1; n > 0 && len(page) < limit; n-- {
		page = append(page, fmt.Sprintf(`{"id":"%d","at":"2026-11-24T15:00:0%dZ","actor":"alice","action":"status-changed","outcome":"%s","status":"ready"}`, n, n, q.Get("outcome")))
	}
	next := ""
	if last := begin - len(page); last > 1 {
		next = fmt.Sprintf(`,"nextCursor":"%d"`, last)
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"events":[%s]%s}`, strings.Join(page, ","), next)
	return true
}

func TestAHistoryIsWalkedPageByPageAsFarAsItIsAskedFor(t *testing.T) {
	const id = "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"
	for _, size := range []int{0, 1, 3, 4} {
		d := newDouble(t)
		d.api = events
		var got string
		for e, err := range d.client().History(t.Context(), id, HistoryOptions{PageSize: size, Denied: true}) {
			if err != nil || e.Outcome != "denied" || e.Status != StatusReady || e.At.IsZero() {
				t.Fatalf("%+v, %v", e, err)
			}
			got += e.ID
		}
		if got != "4321" {
			t.Errorf("%d at a time: %s", size, got)
		}
	}
	d, pages := newDouble(t), 0
	d.api = func(w http.ResponseWriter, r *http.Request) bool { pages++; return events(w, r) }
	for range d.client().History(t.Context(), id, HistoryOptions{PageSize: 1}) {
		break
	}
	if pages != 1 {
		t.Errorf("%d pages were asked for", pages)
	}
	for e, err := range newDouble(t).client().History(t.Context(), id, HistoryOptions{}) {
		if !errors.Is(err, ErrNotFound) || e != (Event{}) {
			t.Errorf("%+v, %v", e, err)
		}
	}
	for _, err := range newDouble(t).client().History(t.Context(), "", HistoryOptions{}) {
		if err == nil {
			t.Error("no file has a history")
		}
	}
}
