// Command registry-schemas writes the schemas of the events into template.yaml, as
// EventBridge's schema registry takes them.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vouch-s3/vouch/local/schemas"
)

func main() {
	root := flag.String("root", ".", "the folder of the project")
	flag.Parse()
	if err := write(*root); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(root string) error {
	all, err := schemas.Registry(root)
	if err != nil {
		return err
	}
	path := filepath.Join(root, "template.yaml")
	template, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the template: %w", err)
	}
	text, err := schemas.InTemplate(string(template), all)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the template: %w", err)
	}
	return nil
}
