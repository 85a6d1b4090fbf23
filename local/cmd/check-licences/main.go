// Command check-licences holds the modules that are linked into what is built to
// the licences that are allowed. It asks the go command which they are, and reads
// their texts in the module cache; nothing is fetched.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/vouch-s3/vouch/local/licences"
)

func main() {
	dir := flag.String("dir", ".", "the folder of the module")
	allowed := flag.String("allow", "", "the licences that are allowed, by commas")
	flag.Parse()
	if err := check(*dir, strings.Split(*allowed, ","), flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// check prints the licences of the modules that the packages are built of, and
// returns an error that names every one that is not allowed.
func check(dir string, allowed, packages []string) error {
	list := exec.Command("go", append([]string{"list", "-deps", "-f", `{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}`}, packages...)...)
	list.Dir, list.Stderr = dir, os.Stderr
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("list the modules of %s: %w", strings.Join(packages, " "), err)
	}
	modules := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(modules)
	var refused []string
	for _, m := range slices.Compact(modules) {
		path, rest, _ := strings.Cut(m, " ")
		version, folder, ok := strings.Cut(rest, " ")
		if !ok {
			continue // the empty line of a package of the standard library
		}
		found, err := licences.OfModule(folder)
		switch {
		case err != nil:
			refused = append(refused, fmt.Sprintf("%s %s: %v", path, version, err))
		case slices.ContainsFunc(found, func(l licences.Licence) bool { return !slices.Contains(allowed, string(l)) }):
			refused = append(refused, fmt.Sprintf("%s %s is under %v", path, version, found))
		default:
			fmt.Println(path, version, found)
		}
	}
	if len(refused) > 0 {
		return fmt.Errorf("licences that are not allowed (%s):\n%s", strings.Join(allowed, ", "), strings.Join(refused, "\n"))
	}
	return nil
}
