package file_test

import (
	"errors"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

func TestWhatMovesMeanwhileIsDecidedAnewAndNotForEver(t *testing.T) {
	conflict := &file.ConflictError{Current: file.File{ID: "f"}}
	other := errors.New("the network is down")
	for _, tt := range []struct {
		name    string
		answers []error // the last for all that come after
		want    error   // nil for an error of Anew's own, if it gives up
		calls   int
		gaveUp  bool
	}{
		{"at once", []error{nil}, nil, 1, false},
		{"after a conflict", []error{conflict, conflict, nil}, nil, 3, false},
		{"another error", []error{conflict, other}, other, 2, false},
		{"never", []error{conflict}, nil, 8, true},
	} {
		calls := 0
		err := file.Anew("write it", func() error {
			calls++
			return tt.answers[min(calls, len(tt.answers))-1]
		})
		_, moved := file.Conflict(err)
		if calls != tt.calls || moved || tt.gaveUp != (err != nil && tt.want == nil) || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %d calls, %v", tt.name, calls, err)
		}
	}
}
