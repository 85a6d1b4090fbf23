package client

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"
)

// retain answers PUT /files/{id}/retention, as strictly as the API does.
func (d *double) retain(w http.ResponseWriter, r *http.Request, f *stored) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if !bytes.Contains(body, []byte(`"expiresAt":`)) {
		problem(w, 400, "invalid-request", "The field is missing.")
		return
	}
	var in struct {
		ExpiresAt *time.Time `json:"expiresAt"`
	}
	if err := strictly(body, &in); err != nil {
		problem(w, 400, "invalid-request", err.Error())
		return
	}
	f.ExpiresAt = time.Time{}
	kept := map[string]time.Time{}
	if in.ExpiresAt != nil {
		if !in.ExpiresAt.After(d.now()) {
			problem(w, 422, "invalid-expiry", "It is over already.")
			return
		}
		f.ExpiresAt = in.ExpiresAt.Truncate(time.Millisecond)
		kept["expiresAt"] = f.ExpiresAt
	}
	reply(w, 200, kept)
}

// hold answers PUT and DELETE /admin/holds/{id}.
func (d *double) hold(w http.ResponseWriter, r *http.Request, id string) {
	var in struct {
		Reason string `json:"reason"`
	}
	if !d.read(w, r, 16<<10, &in) {
		return
	}
	f := d.files[id]
	switch {
	case f == nil:
		problem(w, 404, "not-found", "There is no such file.")
	case in.Reason == "":
		problem(w, 400, "invalid-request", "That is no reason.")
	case r.Method == http.MethodDelete:
		f.OnHold = false
		w.WriteHeader(204)
	default:
		f.OnHold = true
		reply(w, 201, Hold{Reason: in.Reason, By: "operator", At: d.now().UTC()})
	}
}

func TestAFileIsKeptAsLongAsIsSaid(t *testing.T) {
	d := newDouble(t)
	c := d.client()
	until := time.Now().Add(24 * time.Hour).Truncate(time.Second)
	src, err := FromReader(bytes.NewReader([]byte("hello")), 5)
	if err != nil {
		t.Fatal(err)
	}
	f, err := c.Upload(t.Context(), src, UploadOptions{Filename: "a.bin", ExpiresAt: until})
	if err != nil || !f.ExpiresAt.Equal(until) {
		t.Fatalf("%+v, %v", f, err)
	}
	for _, at := range []time.Time{until.Add(time.Hour), {}} {
		kept, err := c.Retain(t.Context(), f.ID, at)
		if err != nil || !kept.Equal(at) {
			t.Errorf("%v: %v, %v", at, kept, err)
		}
		if f, err = c.Get(t.Context(), f.ID); err != nil || !f.ExpiresAt.Equal(at) {
			t.Errorf("%v: %+v, %v", at, f, err)
		}
	}
	_, err = c.Retain(t.Context(), f.ID, time.Now().Add(-time.Hour))
	if p, ok := errors.AsType[*Problem](err); !ok || p.Code() != "invalid-expiry" {
		t.Errorf("%v", err)
	}
}

func TestAFileOnHoldIsNotDeleted(t *testing.T) {
	d := newDouble(t)
	c := d.client()
	src, err := FromReader(bytes.NewReader([]byte("hello")), 5)
	if err != nil {
		t.Fatal(err)
	}
	f, err := c.Upload(t.Context(), src, UploadOptions{Filename: "a.bin"})
	if err != nil {
		t.Fatal(err)
	}
	h, err := c.Hold(t.Context(), f.ID, "a lawsuit")
	if err != nil || h.Reason != "a lawsuit" || h.By != "operator" || h.At.IsZero() {
		t.Errorf("%+v, %v", h, err)
	}
	if f, err = c.Get(t.Context(), f.ID); err != nil || !f.OnHold {
		t.Errorf("%+v, %v", f, err)
	}
	if err := c.Delete(t.Context(), f.ID); !errors.Is(err, ErrOnHold) {
		t.Errorf("%v", err)
	}
	if err := c.Release(t.Context(), f.ID, "it is settled"); err != nil {
		t.Error(err)
	}
	if err := c.Delete(t.Context(), f.ID); err != nil {
		t.Error(err)
	}
	for _, id := range []string{"", "../rescan", "a/b"} { // must not become another route of the administrator's
		if _, err := c.Hold(t.Context(), id, "x"); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}
