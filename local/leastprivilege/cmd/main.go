// Command cmd writes the table of permissions in docs/iam.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vouch-s3/vouch/local/leastprivilege"
)

func main() {
	root := flag.String("root", "..", "the folder of the project")
	flag.Parse()
	if err := write(*root); err != nil {
		fmt.Fprintln(os.Stderr, "iam:", err)
		os.Exit(1)
	}
}

func write(root string) error {
	roles, err := leastprivilege.Roles(filepath.Join(root, "template.yaml"))
	if err != nil {
		return err
	}
	path := filepath.Join(root, "docs/iam.md")
	document, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the document: %w", err)
	}
	changed, err := leastprivilege.Renew(string(document), leastprivilege.Table(roles, leastprivilege.Reviewed))
	if err != nil {
		return fmt.Errorf("put the table into %s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		return fmt.Errorf("write the document: %w", err)
	}
	return nil
}
