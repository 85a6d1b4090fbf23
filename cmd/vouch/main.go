// Command vouch brings files to a Vouch, says what became of them, and brings
// them back. docs/cli.md teaches it by examples.
//
// It stands on the package client and knows only what is in docs/openapi.yaml.
package main

import "os"

func main() {
	os.Exit(int(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)))
}
