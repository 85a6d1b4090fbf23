package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// make bench TABLES=none writes them anew.
func TestTheDocumentSaysWhatWasMeasured(t *testing.T) {
	files, err := rendered("..")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range files {
		got, err := os.ReadFile(filepath.Join("..", path))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the raw figures say (%v): make bench TABLES=none", path, err)
		}
	}
	kept, err := filepath.Glob("../docs/performance/*.svg")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range kept {
		if _, ok := files["docs/performance/"+filepath.Base(path)]; !ok {
			t.Errorf("%s is nobody's", path)
		}
	}
}
