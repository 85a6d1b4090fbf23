package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestATokenIsSentOnlyToWhereItIsSafe(t *testing.T) {
	for address, want := range map[string]bool{
		"https://files.example.com": true, "https://files.example.com/v1/": true,
		"http://127.0.0.1:8080": true, "http://localhost:8080": true, "http://[::1]:8080": true,
		"http://files.example.com": false, "http://127.0.0.1.example.com": false, "http://10.0.0.1": false, "ftp://files.example.com": false,
		"files.example.com": false, "": false, "https://": false, "https://user:password@files.example.com": false,
		"https://files.example.com?x=1": false, "https://files.example.com#x": false, "http://localhost.example.com": false,
	} {
		if _, err := New(address, StaticToken("a")); (err == nil) != want {
			t.Errorf("%q: %v", address, err)
		} else if err != nil && strings.Contains(err.Error(), "password") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
	if _, err := New("http://files.example.com", StaticToken("a"), WithInsecureHTTP()); err != nil {
		t.Error(err)
	}
	if _, err := New("https://files.example.com", nil); err == nil {
		t.Error("no source of tokens is needed")
	}
}

func TestS3IsNotSpokenToInTheClearWhereTheAPIIsNot(t *testing.T) {
	c, err := New("https://files.example.com", StaticToken("a"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.storageRequest(t.Context(), presigned{method: "PUT", url: "http://bucket.example.com/x?signature=1"}, nil); err == nil || strings.Contains(err.Error(), "signature") {
		t.Error(err)
	}
}

func TestProblemsAreToldApart(t *testing.T) {
	all := []error{ErrNotFound, ErrNotReady, ErrNotUploaded, ErrClosed, ErrPartsMismatch, ErrUnauthorized, ErrForbidden, ErrTooLarge, ErrQuota, ErrAccountClosed}
	vouch := func(code string) string {
		return `{"type":"urn:vouch:problem:` + code + `","title":"A title","status":599,"detail":"A detail.","accepted":"another","field":"size","fileStatus":"expired"}`
	}
	for _, tt := range []struct {
		status int
		body   string
		is     error
		text   string
	}{
		{404, vouch("not-found"), ErrNotFound, "not-found: A detail (accepted: another)"},
		{409, vouch("not-ready"), ErrNotReady, "not-ready: A detail (accepted: another)"},
		{409, vouch("not-uploaded"), ErrNotUploaded, ""},
		{409, vouch("closed"), ErrClosed, ""},
		{409, vouch("parts-mismatch"), ErrPartsMismatch, ""},
		{401, vouch("unauthorized"), ErrUnauthorized, ""},
		{403, vouch("forbidden"), ErrForbidden, ""},
		{422, vouch("file-too-large"), ErrTooLarge, ""},
		{403, vouch("quota-exceeded"), ErrQuota, "quota-exceeded: A detail (accepted: another)"},
		{429, vouch("too-many-uploads"), ErrQuota, ""},
		{403, vouch("account-closed"), ErrAccountClosed, ""},
		{429, `{"message":"Too Many Requests"}`, nil, ""},
		{422, vouch("invalid-size"), nil, ""},
		{401, `{"message":"Unauthorized"}`, ErrUnauthorized, "the API answers 401: Unauthorized"},
		{403, `{"message":"Forbidden"}`, ErrForbidden, ""},
		{404, `{"message":"Not Found"}`, nil, "the API answers 404: Not Found"},
		{404, `<html>`, nil, "the API answers 404: Not Found"},
		{404, `{"type":"https://example.com/not-found"}`, nil, "the API answers 404: Not Found"},
		{500, `{"type":5}`, nil, "the API answers 500: Internal Server Error"},
		{502, ``, nil, "the API answers 502: Bad Gateway"},
	} {
		p := problemOf(tt.status, http.Header{"Apigw-Requestid": {"r"}}, []byte(tt.body), time.Now())
		err := fmt.Errorf("wrapped: %w", p)
		for _, target := range all {
			if errors.Is(err, target) != (target == tt.is) {
				t.Errorf("%d %s is %q: %v", tt.status, tt.body, target, errors.Is(err, target))
			}
		}
		if p.StatusCode != tt.status || p.RequestID != "r" || tt.text != "" && p.Error() != tt.text {
			t.Errorf("%+v: %s", p, p.Error())
		}
	}
}

func FuzzProblem(f *testing.F) {
	f.Add(404, []byte(`{"type":"urn:vouch:problem:not-found","title":"t","status":404}`), "5")
	f.Add(502, []byte(`<html>`), "Wed, 21 Oct 2015 07:28:00 GMT")
	f.Add(429, []byte(`{"message":"Too Many Requests"}`), "-1")
	f.Fuzz(func(t *testing.T, status int, body []byte, after string) {
		p := problemOf(status, http.Header{"Retry-After": {after}}, body, time.Now())
		if p.StatusCode != status || p.Error() == "" || p.retryAfter < 0 || p.retryAfter > longestAsked {
			t.Errorf("%+v", p)
		}
		if p.Code() == "" && p.Type != "" {
			t.Errorf("the type %q is none of ours", p.Type)
		}
		s := storageErrorOf(status, http.Header{}, body, time.Now())
		if s.StatusCode != status || s.Error() == "" {
			t.Errorf("%+v", s)
		}
	})
}

func TestAListGoesOnFromPageToPage(t *testing.T) {
	d := newDouble(t)
	var want []string
	for range 7 {
		want = append([]string{d.ready([]byte("x"))}, want...)
	}
	var got []string
	for f, err := range d.client().List(t.Context(), ListOptions{PageSize: 3, Status: StatusReady}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, f.ID)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || d.count("GET") != 3 {
		t.Errorf("%v in %d calls", got, d.count("GET"))
	}
	for range d.client().List(t.Context(), ListOptions{PageSize: 3}) {
		break
	}
	if d.count("GET") != 4 {
		t.Error("a list that was left went on")
	}
	d.tokens = nil
	for _, err := range d.client().List(t.Context(), ListOptions{}) {
		if !errors.Is(err, ErrUnauthorized) {
			t.Error(err)
		}
	}
}

func TestMoreThanAPageOfPartsIsListed(t *testing.T) {
	d := newDouble(t)
	created, err := d.client().Create(t.Context(), NewFile{Filename: "a", ContentType: "text/plain", Size: 2500, Method: MethodMultipart, PartSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 2500 {
		d.files[created.ID].parts[n+1] = heldBytes{[]byte("x"), "e"}
	}
	held, terms, err := d.client().Parts(t.Context(), created.ID)
	if err != nil || len(held) != 2500 || held[2499].PartNumber != 2500 || terms.PartCount != 2500 {
		t.Errorf("%v, %d parts of %+v", err, len(held), terms)
	}
}

func TestWaitTellsOfEveryChangeAndAsksForNoMore(t *testing.T) {
	d := newDouble(t)
	d.verify = 3
	_, src := write(t, random(100))
	c := d.client()
	f, err := c.Upload(t.Context(), src, UploadOptions{NoWait: true})
	if err != nil || f.Status != StatusUploaded {
		t.Fatal(f.Status, err)
	}
	var seen []Status
	f, err = c.Wait(t.Context(), f.ID, func(f File) { seen = append(seen, f.Status) })
	if err != nil || f.Status != StatusReady || fmt.Sprint(seen) != "[verifying ready]" {
		t.Errorf("%v: %s after %v", err, f.Status, seen)
	}
	if n := d.count("GET file"); n != 5 {
		t.Errorf("%d calls", n)
	}
}

func TestWaitWaitsAsLongAsItIsAskedTo(t *testing.T) {
	d := newDouble(t)
	id := d.ready([]byte("x"))
	d.files[id].Status = StatusPending
	d.api = func(w http.ResponseWriter, _ *http.Request) bool { w.Header().Set("Retry-After", "60"); return false }
	ctx, cancel := context.WithCancel(t.Context())
	_, err := d.client().Wait(ctx, id, func(File) { time.AfterFunc(50*time.Millisecond, cancel) })
	if !errors.Is(err, context.Canceled) || d.count("GET file") != 1 {
		t.Errorf("%v after %d calls", err, d.count("GET file"))
	}
}

func TestARejectedFileIsAnErrorThatSaysWhy(t *testing.T) {
	d := newDouble(t)
	d.verdict = StatusRejected
	_, src := write(t, random(100))
	f, err := d.client().Upload(t.Context(), src, UploadOptions{Journal: JournalDir(t.TempDir())})
	rejected, ok := errors.AsType[*RejectedError](err)
	if !ok || rejected.File.Reason != "malware-detected" || f.Status != StatusRejected || d.file(f.ID).Status != StatusRejected {
		t.Errorf("%v, %s", err, f.Status)
	}
}

func TestAReadyFileOfOtherBytesIsAnError(t *testing.T) {
	d := newDouble(t)
	d.api = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet {
			return false
		}
		id := strings.TrimPrefix(r.URL.Path, "/files/")
		f := d.file(id).File
		f.Status, f.ChecksumSHA256 = StatusReady, sum([]byte("other"))
		reply(w, 200, f)
		return true
	}
	_, src := write(t, random(100))
	if _, err := d.client().Upload(t.Context(), src, UploadOptions{}); err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Error(err)
	}
}

func TestAnIDNeverBecomesAnotherPath(t *testing.T) {
	d := newDouble(t)
	for _, id := range []string{"", ".", "..", "../x", "a/b", "a?b", "a#b", "a%2fb", "é"} {
		_, err := d.client().Get(t.Context(), id)
		if !errors.Is(err, ErrNotFound) || !errors.Is(d.client().Delete(t.Context(), id), ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if len(d.requests) > 0 {
		t.Errorf("%v was asked for", d.requests)
	}
}

func TestAnAnswerWithoutEndIsNotRead(t *testing.T) {
	d := newDouble(t)
	d.api = func(w http.ResponseWriter, r *http.Request) bool {
		for r.Context().Err() == nil {
			w.Write(make([]byte, 1<<16))
		}
		return true
	}
	if _, err := d.client(WithRetries(0)).Get(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "bytes") {
		t.Error(err)
	}
}

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for field, want := range map[string]time.Duration{
		"": 0, "5": 5 * time.Second, "0": 0, "-5": 0, "100000": longestAsked, "x": 0, "99999999999999999999": 0,
		"Tue, 24 Nov 2026 12:00:30 GMT": 30 * time.Second, "Tue, 24 Nov 2026 11:00:00 GMT": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {field}}, now); got != want {
			t.Errorf("%q is %v", field, got)
		}
	}
}

func TestDelaysGrowAndEnd(t *testing.T) {
	for retry := range 100 {
		for range 100 {
			if d := fullJitter(retry); d < 0 || d > longestDelay || retry < 3 && d > firstDelay<<retry {
				t.Fatalf("retry %d after %v", retry, d)
			}
		}
	}
}

func TestAFilesFormIsTheAPIs(t *testing.T) {
	const text = `{"id":"0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e","status":"ready","method":"put","filename":"a","contentType":"b/c","size":3,"checksumSHA256":"x","createdAt":"2026-11-24T12:00:00Z","updatedAt":"2026-11-24T12:00:01Z","verdict":{"outcome":"clean"},"receipt":"r"}`
	var f File
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		t.Fatal(err)
	}
	back, err := json.Marshal(f)
	if err != nil || string(back) != text {
		t.Errorf("%s, %v", back, err)
	}
}
