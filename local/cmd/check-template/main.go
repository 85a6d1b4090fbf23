// Command check-template holds templates to the rules of the package cloudformation,
// and writes the state machines of them, as they are deployed, to a folder, for
// whoever checks those.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vouch-s3/vouch/local/cloudformation"
)

func main() {
	root := flag.String("root", ".", "the folder of the project")
	python := flag.String("python", "python3", "a Python that has the SAM translator")
	definitions := flag.String("definitions", "", "the folder that definitions are written to")
	flag.Parse()
	if err := check(*root, *python, *definitions); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(root, python, definitions string) error {
	wrong := 0
	for _, t := range cloudformation.Templates() {
		path := filepath.Join(root, t.Path)
		transform := func(parameters map[string]string) (cloudformation.Template, error) {
			return cloudformation.Transform(python, root, path, parameters)
		}
		findings, err := cloudformation.Check(transform, t.Deployments, t.Reviewed)
		if err != nil {
			return err
		}
		for _, f := range findings {
			fmt.Fprintf(os.Stderr, "%s: %s\n", t.Path, f)
		}
		wrong += len(findings)
		whole, err := transform(t.Deployments[0].Parameters)
		if err != nil {
			return err
		}
		machines, err := cloudformation.Definitions(whole, filepath.Dir(path))
		if err != nil {
			return err
		}
		for id, definition := range machines {
			if err := os.WriteFile(filepath.Join(definitions, id+".asl.json"), []byte(definition), 0o644); err != nil {
				return fmt.Errorf("write the definition of %s: %w", id, err)
			}
		}
		fmt.Printf("%s: %s in %d deployments, %d exceptions\n", t.Path, whole, len(t.Deployments), len(t.Reviewed))
	}
	if wrong > 0 {
		return fmt.Errorf("%d findings", wrong)
	}
	return nil
}
