package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// eicar is the EICAR test file, put together here so that no scanner finds it
// in this source.
var eicar = []byte(`X5O!P%@AP[4\PZX54(P^)7CC)7}$` + `EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`)

func random(t *testing.T, n int) []byte {
	t.Helper()
	data := make([]byte, n)
	rand.Read(data)
	return data
}

func TestAFileGoesUpAndComesDownByteForByte(t *testing.T) {
	alice := as(t, "alice")
	for _, promise := range []bool{true, false} {
		data := random(t, 5_000_000)
		f := alice.ask(t, "Résumé “final”.bin", data, promise)
		if f.Status != "pending" || f.Upload.Method != "PUT" {
			t.Fatalf("%+v", f)
		}
		if _, signed := f.Upload.Headers["X-Amz-Checksum-Sha256"]; signed != promise {
			t.Errorf("headers %v with a promised checksum: %v", f.Upload.Headers, promise)
		}
		if status, code := put(t, f, data); status != http.StatusOK {
			t.Fatalf("PUT: %d %s", status, code)
		}
		f = alice.await(t, f.ID, "ready")
		if f.ChecksumSHA256 != checksum(data) {
			t.Errorf("the record has the checksum %s", f.ChecksumSHA256)
		}
		status, header, body := fetch(t, alice.link(t, f.ID))
		if status != http.StatusOK || !bytes.Equal(body, data) {
			t.Fatalf("%d, %d bytes came back", status, len(body))
		}
		if got, want := header.Get("Content-Disposition"), `attachment; filename="R_sum_ _final_.bin"; filename*=UTF-8''R%C3%A9sum%C3%A9%20%E2%80%9Cfinal%E2%80%9D.bin`; got != want {
			t.Errorf("Content-Disposition %s, want %s", got, want)
		}
		if got := header.Get("Content-Type"); got != octets {
			t.Errorf("Content-Type %s", got)
		}
	}
}

func TestMalwareIsRejectedAndNeverHandedOut(t *testing.T) {
	alice := as(t, "alice")
	f := alice.ask(t, "e.com", eicar, true)
	if status, code := put(t, f, eicar); status != http.StatusOK {
		t.Fatalf("PUT: %d %s", status, code)
	}
	if f = alice.await(t, f.ID, "rejected"); f.Reason != "malware-detected" {
		t.Errorf("the reason is %s", f.Reason)
	}
	r := alice.call(t, "POST", "/files/"+f.ID+"/download", "")
	var p problem
	r.into(t, &p)
	if r.status != http.StatusConflict || p.FileStatus != "rejected" || p.Type != "urn:vouch:problem:not-ready" {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestAnothersFileIsOneThatNeverWas(t *testing.T) {
	alice, mallory := as(t, "alice"), as(t, "mallory")
	f := alice.ready(t, "a.bin", random(t, 1000))
	const never = "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"
	for _, c := range []struct{ method, path string }{
		{"GET", "/files/%s"}, {"DELETE", "/files/%s"}, {"POST", "/files/%s/complete"}, {"POST", "/files/%s/download"},
	} {
		theirs := mallory.call(t, c.method, fmt.Sprintf(c.path, f.ID), "")
		none := mallory.call(t, c.method, fmt.Sprintf(c.path, never), "")
		for _, h := range []http.Header{theirs.header, none.header} {
			h.Del("Date")
			h.Del("Apigw-Requestid")
		}
		if theirs.status != http.StatusNotFound || fmt.Sprint(theirs) != fmt.Sprint(none) {
			t.Errorf("%s %s: %v\nand %v", c.method, c.path, theirs, none)
		}
	}
	if r := mallory.call(t, "GET", "/files", ""); strings.Contains(r.body, f.ID) {
		t.Error("it is in another's list")
	}
	if alice.get(t, f.ID).Status != "ready" {
		t.Error("somebody else changed it")
	}
}

func TestAnUploadURLServesOnceForTheseBytesOnly(t *testing.T) {
	alice := as(t, "alice")
	data := random(t, 1000)
	other := random(t, 1000)
	for _, promise := range []bool{true, false} {
		f := alice.ask(t, "a.bin", data, promise)
		tampered := func(change func(url.Values)) string {
			u, err := url.Parse(f.Upload.URL)
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			change(q)
			u.RawQuery = q.Encode()
			return u.String()
		}
		type attempt struct {
			name   string
			url    string
			data   []byte
			header []string
			status int
			code   string
		}
		refused := []attempt{
			{"longer", f.Upload.URL, append(data[:len(data):len(data)], 'x'), nil, 403, "SignatureDoesNotMatch"},
			{"shorter", f.Upload.URL, data[1:], nil, 403, "SignatureDoesNotMatch"},
			{"empty", f.Upload.URL, nil, nil, 403, "SignatureDoesNotMatch"},
			{"another type", f.Upload.URL, data, []string{"Content-Type", "text/html"}, 403, "SignatureDoesNotMatch"},
			{"no if-none-match", f.Upload.URL, data, []string{"If-None-Match", ""}, 403, ""},
			{"a tag that says clean", f.Upload.URL, data, []string{"X-Amz-Tagging", "vouch-verdict=clean"}, 403, "AccessDenied"},
			{"an ACL", f.Upload.URL, data, []string{"X-Amz-Acl", "public-read"}, 403, "AccessDenied"},
			{"another key", strings.Replace(f.Upload.URL, f.ID, f.ID[:35]+otherDigit(f.ID[35]), 1), data, nil, 403, "SignatureDoesNotMatch"},
			{"a longer life", tampered(func(q url.Values) { q.Set("X-Amz-Expires", "604800") }), data, nil, 403, "SignatureDoesNotMatch"},
			{"another signature", tampered(func(q url.Values) { q.Set("X-Amz-Signature", strings.Repeat("0", 64)) }), data, nil, 403, "SignatureDoesNotMatch"},
			{"no signature", strings.SplitN(f.Upload.URL, "?", 2)[0], data, nil, 403, "AccessDenied"},
			{"as a multipart upload", tampered(func(q url.Values) { q.Set("uploadId", "x"); q.Set("partNumber", "1") }), data, nil, 403, ""},
		}
		if promise {
			refused = append(refused, []attempt{
				{"other bytes", f.Upload.URL, other, nil, 400, "BadDigest"},
				{"another checksum", f.Upload.URL, other, []string{"X-Amz-Checksum-Sha256", checksum(other)}, 403, "SignatureDoesNotMatch"},
				{"no checksum", f.Upload.URL, other, []string{"X-Amz-Checksum-Sha256", ""}, 403, "SignatureDoesNotMatch"},
			}...)
		}
		for _, tt := range refused {
			status, code := putTo(t, tt.url, f.Upload.Headers, tt.data, tt.header...)
			if status != tt.status || tt.code != "" && code != tt.code {
				t.Errorf("%s: %d %s, want %d %s", tt.name, status, code, tt.status, tt.code)
			}
		}
		if alice.get(t, f.ID).Status != "pending" {
			t.Fatalf("a refused PUT changed the file to %s", alice.get(t, f.ID).Status)
		}
		if status, code := put(t, f, data); status != http.StatusOK {
			t.Fatalf("the right PUT: %d %s", status, code)
		}
		for range 2 { // before and after the verdict
			if status, code := put(t, f, data); status != http.StatusPreconditionFailed {
				t.Errorf("replay: %d %s", status, code)
			}
			alice.await(t, f.ID, "ready")
		}
	}
}

// otherDigit returns a hexadecimal digit that is not d.
func otherDigit(d byte) string {
	if d == '0' {
		return "1"
	}
	return "0"
}

func TestOfManyPutsAtOnceExactlyOneIsTaken(t *testing.T) {
	alice := as(t, "alice")
	data := random(t, 100_000)
	f := alice.ask(t, "a.bin", data, true)
	var wg sync.WaitGroup
	statuses := make(chan int, 8)
	for range cap(statuses) {
		wg.Go(func() {
			status, _ := put(t, f, data)
			statuses <- status
		})
	}
	wg.Wait()
	close(statuses)
	taken := 0
	for s := range statuses {
		switch s {
		case http.StatusOK:
			taken++
		case http.StatusPreconditionFailed, http.StatusConflict:
		default:
			t.Errorf("one was answered %d", s)
		}
	}
	if taken != 1 {
		t.Errorf("%d were taken", taken)
	}
	alice.await(t, f.ID, "ready")
}

func TestCompleteIsIdempotentAndWaitsForNoEvent(t *testing.T) {
	alice := as(t, "alice")
	data := random(t, 1000)
	f := alice.ask(t, "a.bin", data, true)
	r := alice.call(t, "POST", "/files/"+f.ID+"/complete", "")
	var p problem
	if r.into(t, &p); r.status != http.StatusConflict || p.Type != "urn:vouch:problem:not-uploaded" {
		t.Errorf("before the bytes: %d %s", r.status, r.body)
	}
	if status, code := put(t, f, data); status != http.StatusOK {
		t.Fatalf("PUT: %d %s", status, code)
	}
	for range 3 {
		if r := alice.call(t, "POST", "/files/"+f.ID+"/complete", ""); r.status != http.StatusAccepted {
			t.Errorf("%d %s", r.status, r.body)
		}
	}
	alice.await(t, f.ID, "ready")
	if r := alice.call(t, "POST", "/files/"+f.ID+"/complete", ""); r.status != http.StatusAccepted || !strings.Contains(r.body, `"ready"`) {
		t.Errorf("after the verdict: %d %s", r.status, r.body)
	}
}

func TestPollingSaysWhenToAskAgainAndSparesWhatIsKnown(t *testing.T) {
	alice := as(t, "alice")
	f := alice.ask(t, "a.bin", []byte("x"), false)
	r := alice.call(t, "GET", "/files/"+f.ID, "")
	if r.header.Get("Retry-After") == "" || r.header.Get("ETag") == "" {
		t.Errorf("%v", r.header)
	}
	if again := alice.call(t, "GET", "/files/"+f.ID, "", "If-None-Match", r.header.Get("ETag")); again.status != http.StatusNotModified || again.body != "" {
		t.Errorf("%d %s", again.status, again.body)
	}
	if status, code := put(t, f, []byte("x")); status != http.StatusOK {
		t.Fatalf("PUT: %d %s", status, code)
	}
	alice.await(t, f.ID, "ready")
	last := alice.call(t, "GET", "/files/"+f.ID, "", "If-None-Match", r.header.Get("ETag"))
	if last.status != http.StatusOK || last.header.Get("Retry-After") != "" {
		t.Errorf("%d %v", last.status, last.header)
	}
}

func TestDeletedBytesAreGoneForEveryURL(t *testing.T) {
	alice := as(t, "alice")
	data := random(t, 1000)
	f := alice.ask(t, "a.bin", data, true)
	if status, code := put(t, f, data); status != http.StatusOK {
		t.Fatalf("PUT: %d %s", status, code)
	}
	alice.await(t, f.ID, "ready")
	link := alice.link(t, f.ID)
	for range 2 {
		if r := alice.call(t, "DELETE", "/files/"+f.ID, ""); r.status != http.StatusNoContent {
			t.Fatalf("%d %s", r.status, r.body)
		}
	}
	if status, _, _ := fetch(t, link); status != http.StatusForbidden && status != http.StatusNotFound {
		t.Errorf("a URL from before answers %d", status)
	}
	if got := alice.get(t, f.ID).Status; got != "deleted" {
		t.Errorf("the record says %s", got)
	}
	if r := alice.call(t, "POST", "/files/"+f.ID+"/download", ""); r.status != http.StatusConflict {
		t.Errorf("download: %d", r.status)
	}
	if r := alice.call(t, "POST", "/files/"+f.ID+"/complete", ""); r.status != http.StatusConflict {
		t.Errorf("complete: %d", r.status)
	}
	// The upload URL still lives, and its precondition holds again: S3 takes the
	// bytes, and they are removed without ever being offered.
	if status, code := put(t, f, data); status != http.StatusOK {
		t.Fatalf("PUT after the deletion: %d %s", status, code)
	}
	awaitVersions(t, f.ID, 0)
	if got := alice.get(t, f.ID).Status; got != "deleted" {
		t.Errorf("the record says %s", got)
	}
}

func TestListsAreOnesOwnNewestFirstAndPaged(t *testing.T) {
	carol := as(t, "carol-"+rand.Text())
	var want []string
	for i := range 5 {
		f := carol.ask(t, fmt.Sprintf("%d.bin", i), []byte("x"), false)
		want = append([]string{f.ID}, want...)
	}
	if r := carol.call(t, "DELETE", "/files/"+want[2], ""); r.status != http.StatusNoContent {
		t.Fatal(r)
	}
	list := func(query string) (ids []string, next string) {
		t.Helper()
		var page struct {
			Files      []file
			NextCursor string
		}
		r := carol.call(t, "GET", "/files?"+query, "")
		if r.status != http.StatusOK {
			t.Fatalf("%s: %d %s", query, r.status, r.body)
		}
		r.into(t, &page)
		for _, f := range page.Files {
			ids = append(ids, f.ID)
		}
		return ids, page.NextCursor
	}
	kept := append(append([]string{}, want[:2]...), want[3:]...)
	for _, status := range []string{"", "&status=pending"} {
		var got []string
		cursor := ""
		for pages := 0; ; pages++ {
			ids, next := list("limit=3" + status + cursor)
			got = append(got, ids...)
			if next == "" {
				break
			}
			if cursor = "&cursor=" + next; pages > 5 {
				t.Fatal("the pages never end")
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(kept) {
			t.Errorf("%s: %v, want %v", status, got, kept)
		}
	}
	if ids, _ := list("status=deleted"); fmt.Sprint(ids) != fmt.Sprint(want[2:3]) {
		t.Errorf("deleted: %v", ids)
	}
	if ids, _ := list("status=ready"); len(ids) != 0 {
		t.Errorf("ready: %v", ids)
	}
	// A cursor holds even if its file has left the list meanwhile.
	ids, next := list("limit=2")
	if r := carol.call(t, "DELETE", "/files/"+ids[1], ""); r.status != http.StatusNoContent {
		t.Fatal(r)
	}
	if rest, _ := list("cursor=" + next); fmt.Sprint(rest) != fmt.Sprint(kept[2:]) {
		t.Errorf("behind a deleted file: %v, want %v", rest, kept[2:])
	}
	// A cursor of another's file opens nothing.
	foreign := as(t, "alice").ask(t, "a.bin", []byte("x"), false)
	if ids, _ := list("limit=100&cursor=" + foreign.ID); len(ids) > len(kept) {
		t.Errorf("%v", ids)
	}
}

func TestRefusalsSayWhatWouldDo(t *testing.T) {
	alice := as(t, "alice")
	for _, tt := range []struct {
		body   string
		status int
		kind   string
		field  string
	}{
		{`{"filename":"a.png","size":1}`, 400, "invalid-request", "contentType"},
		{`{"filename":"a.png","contentType":"image/png"}`, 422, "invalid-size", "size"},
		{`{"filename":"a.png","contentType":"image/png","maxSize":1}`, 422, "invalid-size", "maxSize"},
		{`{"filename":"a.png","contentType":"image/png","size":1,"maxSize":1,"method":"form"}`, 422, "invalid-size", "maxSize"},
		{`{"filename":"a.png","contentType":"font/*","maxSize":1,"method":"form"}`, 422, "content-type-not-allowed", "contentType"},
		{`{"filename":"a.png","contentType":"image/png","size":1,"method":"PUT"}`, 422, "method-not-allowed", "method"},
		{`{"filename":"a.png","contentType":"image/png","size":1,"key":"x"}`, 400, "invalid-request", "key"},
		{`{"filename":"../a.png","contentType":"image/png","size":1}`, 422, "invalid-filename", "filename"},
		{`{"filename":"a\u202egnp.exe","contentType":"image/png","size":1}`, 422, "invalid-filename", "filename"},
		{`{"filename":"a.png","contentType":"text/html","size":1}`, 422, "content-type-not-allowed", "contentType"},
		{`{"filename":"a.png","contentType":"image/png","size":-1}`, 422, "invalid-size", "size"},
		{`{"filename":"a.png","contentType":"image/png","size":99999999999}`, 422, "file-too-large", "size"},
		{`{"filename":"` + strings.Repeat("a", 20000) + `"}`, 413, "request-too-large", ""},
	} {
		r := alice.call(t, "POST", "/files", tt.body)
		var p problem
		r.into(t, &p)
		if r.status != tt.status || p.Status != tt.status || p.Type != "urn:vouch:problem:"+tt.kind || p.Field != tt.field || p.Accepted == "" {
			t.Errorf("%.60s: %d %s", tt.body, r.status, r.body)
		}
		if !json.Valid([]byte(r.body)) || r.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%.60s: %v", tt.body, r.header)
		}
	}
}
