package objectstorage

import (
	"net/http"
	"testing"
)

// What versitygw refuses may not have been signed by whose key it names.
func TestAnAccessIsOneOnlyIfItsSignatureHasHeld(t *testing.T) {
	for status, want := range map[int]int{200: 1, 206: 1, 304: 1, 404: 1, 412: 1, 403: 0, 400: 0} {
		told := 0
		o := Options{OnAnswer: func(a Access, allowed bool) {
			if a.Action != "s3:GetObject" || !allowed {
				t.Errorf("%d: %+v, allowed: %v", status, a, allowed)
			}
			told++
		}}
		ctx := withRequest(t.Context(), signature{}, operation{}, []Access{{Action: "s3:GetObject"}})
		resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: (&http.Request{Method: http.MethodGet}).WithContext(ctx)}
		if err := new(Store).answered(resp, o); err != nil || told != want {
			t.Errorf("%d: told %d times, %v", status, told, err)
		}
	}
}
