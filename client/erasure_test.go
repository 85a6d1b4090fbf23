package client

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"
)

func TestAnErasureIsAskedForAndWaitedFor(t *testing.T) {
	const id = "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"
	at := time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)
	want := Erasure{
		ID: id, Status: Erasing, Pseudonym: "2bd806c97f0e00af1a1fc3328fa763a9", KeepClosed: true, StartedAt: at, UpdatedAt: at,
		WaitsUntil: at.Add(time.Hour), Removed: ErasureCounts{Files: 1, Versions: 2, Uploads: 3, Events: 4},
	}
	var asked []string
	looks := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		asked = append(asked, r.Method+" "+r.URL.Path+" "+string(body))
		answer := want
		status := http.StatusAccepted
		if r.Method == http.MethodGet {
			status = http.StatusOK
			if looks++; looks > 2 {
				answer.Status, answer.EndedAt, answer.WaitsUntil, answer.Statement = ErasureFinished, at, time.Time{}, "a.b.c"
			}
		}
		w.WriteHeader(status)
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	c, err := New(server.URL, StaticToken("a token"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdleConnections()
	c.poll = time.Millisecond
	if got, err := c.Erase(t.Context(), Owner{Subject: "alice", Tenant: "acme"}, true); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := c.Erasure(t.Context(), id); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := c.WaitErasure(t.Context(), id); err != nil || got.Status != ErasureFinished || got.Statement != "a.b.c" || !got.EndedAt.Equal(at) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := c.Erase(t.Context(), Owner{Subject: "bob"}, false); err != nil {
		t.Error(err)
	}
	if _, err := c.Erasure(t.Context(), "../files"); err == nil {
		t.Error("an id became a path")
	}
	get := "GET /admin/erasures/" + id + " "
	all := []string{
		`POST /admin/erasures {"subject":"alice","tenant":"acme","keepClosed":true}`, get, get, get,
		`POST /admin/erasures {"subject":"bob"}`,
	}
	if !reflect.DeepEqual(asked, all) {
		t.Errorf("it was asked %q", asked)
	}
}
