package objectstorage

import (
	"io"
	"strings"
	"testing"
)

func TestABodyThatEndsEarlyIsNoObject(t *testing.T) {
	for length, ok := range map[int64]bool{5: true, 6: false, 0: true} {
		data, err := io.ReadAll(whole(strings.NewReader("hello"), &length))
		if (err == nil) != ok || string(data) != "hello" {
			t.Errorf("length %d: %q, %v", length, data, err)
		}
	}
}
