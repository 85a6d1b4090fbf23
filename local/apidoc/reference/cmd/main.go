// Command cmd writes docs/api.md from docs/openapi.yaml (make reference).
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vouch-s3/vouch/local/apidoc/reference"
)

func main() {
	root := flag.String("root", "..", "the project's folder")
	flag.Parse()
	if err := run(*root); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	text, err := os.ReadFile(filepath.Join(root, "docs/openapi.yaml"))
	if err != nil {
		return fmt.Errorf("read the description of the API: %w", err)
	}
	d, err := reference.Parse(text)
	if err != nil {
		return err
	}
	rendered, err := d.Render(reference.Statuses())
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, "docs/api.md"), []byte(rendered), 0o644); err != nil {
		return fmt.Errorf("write the reference: %w", err)
	}
	return nil
}
