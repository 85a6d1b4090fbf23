package chaos

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestTheProxyMakesTheFaultsOfItsPlan(t *testing.T) {
	for _, service := range []string{Presigned, Assemble} {
		t.Run(service, func(t *testing.T) { makesFaults(t, service) })
	}
}

// makesFaults asks a twin of the plan what each request is to meet.
func makesFaults(t *testing.T, service string) {
	const answer = "the whole answer"
	var carriedOut atomic.Int64
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil && string(body) == "body" {
			carriedOut.Add(1)
		}
		w.Header().Set("X-Host", r.Host)
		io.WriteString(w, answer)
	}))
	defer upstream.Close()
	plan, twin := NewPlan(2), NewPlan(2) // in which every fault comes soon
	proxy, err := newHTTPProxy(strings.TrimPrefix(upstream.URL, "http://"), plan, func(*http.Request) string { return service })
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.close()
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // which tries nothing again
	send := func() (status int, body, host string, err error) {
		resp, err := c.Post("http://"+proxy.addr()+"/", "text/plain", strings.NewReader("body"))
		if err != nil {
			return 0, "", "", err
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		return resp.StatusCode, string(data), resp.Header.Get("X-Host"), err
	}
	seen := map[Fault]bool{}
	for range 60 {
		fault, _ := twin.Next(service)
		seen[fault] = true
		before := carriedOut.Load()
		status, body, host, err := send()
		reached := carriedOut.Load() - before
		var right bool
		switch fault {
		case None, Delay:
			right = err == nil && status == http.StatusOK && body == answer && reached == 1 && host == proxy.addr()
		case ServerError:
			right = err == nil && status >= 500 && reached == 0
		case ErrorIn200:
			right = err == nil && status == http.StatusOK && strings.Contains(body, "<Error>") && reached == 0
		case CutBefore, CutInRequest:
			right = err != nil && reached == 0
		case CutAfter, CutInAnswer:
			right = err != nil && reached == 1
		}
		if !right {
			t.Errorf("%q: %d %q %v, carried out %d times", fault, status, body, err, reached)
		}
	}
	for fault := range rates[service] {
		if !seen[fault] {
			t.Errorf("not met: %s", fault)
		}
	}
}

func TestEachOperationOnAnUploadInPartsHasFaultsOfItsOwn(t *testing.T) {
	for request, want := range map[string]string{
		"GET /b/k":                                           S3,
		"GET /b/k?tagging=":                                  S3,
		"POST /b/k?uploads=":                                 Begin,
		"GET /b?uploads=&prefix=files":                       Uploads,
		"GET /b/k?uploadId=u&x-id=ListParts":                 Held,
		"POST /b/k?uploadId=u":                               Assemble,
		"DELETE /b/k?uploadId=u":                             Abort,
		"PUT /b/k?X-Amz-Signature=s":                         Presigned,
		"PUT /b/k?partNumber=1&uploadId=u&X-Amz-Signature=s": PartURLs,
	} {
		method, url, _ := strings.Cut(request, " ")
		if got := objectService(httptest.NewRequest(method, url, nil)); got != want {
			t.Errorf("%s is of %q, not %q", request, got, want)
		}
	}
}
