// Command cmd writes the files of the corpus to a folder, for people to try a
// deployment with. A scanner on the machine may take some of them away.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vouch-s3/vouch/local/corpus"
)

func main() {
	dir := flag.String("dir", "testdata", "the folder to write to")
	flag.Parse()
	if err := write(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	samples, err := corpus.Samples()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	for _, s := range samples {
		data, err := s.Bytes()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, s.Name), data, 0o644); err != nil {
			return fmt.Errorf("write %s: %w", s.Name, err)
		}
	}
	fmt.Printf("%d files in %s\n", len(samples), dir)
	return nil
}
