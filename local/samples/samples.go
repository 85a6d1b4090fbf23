// Package samples knows the sample events of events/, which sam local invoke is
// given, and what each must be answered with.
package samples

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Sample is an event for a function.
type Sample struct {
	Function string // the name of its folder under functions/
	File     string // its name under events/
	Event    []byte // JSON
	Want     Want
}

// Load reads the samples of the project at root, by function. A function without a
// sample, a sample without a function, and one of which nothing says what it must be
// answered with are errors, which say what to add.
func Load(root string) (map[string][]Sample, error) {
	functions, err := names(filepath.Join(root, "functions", "*"))
	if err != nil {
		return nil, err
	}
	files, err := names(filepath.Join(root, "events", "*.json"))
	if err != nil {
		return nil, err
	}
	owned, err := match(functions, files, wants)
	if err != nil {
		return nil, err
	}
	all := map[string][]Sample{}
	for _, file := range files {
		event, err := os.ReadFile(filepath.Join(root, "events", file))
		if err != nil {
			return nil, fmt.Errorf("read a sample: %w", err)
		}
		all[owned[file]] = append(all[owned[file]], Sample{Function: owned[file], File: file, Event: event, Want: wants[file]})
	}
	return all, nil
}

// match returns the function of each file: the one whose name it begins with.
func match(functions, files []string, wants map[string]Want) (map[string]string, error) {
	owned := map[string]string{}
	var faults []error
	for _, file := range files {
		name := strings.TrimSuffix(file, ".json")
		for _, f := range functions {
			if (name == f || strings.HasPrefix(name, f+"-")) && len(f) > len(owned[file]) {
				owned[file] = f
			}
		}
		if owned[file] == "" {
			faults = append(faults, fmt.Errorf("events/%s is a sample of no function: its name must begin with that of a folder of functions/", file))
		}
		if _, ok := wants[file]; !ok {
			faults = append(faults, fmt.Errorf("nothing says what events/%s must be answered with: add %q to wants in local/samples/wants.go", file, file))
		}
	}
	for _, file := range slices.Sorted(maps.Keys(wants)) {
		if !slices.Contains(files, file) {
			faults = append(faults, fmt.Errorf("there is no events/%s, of which local/samples/wants.go says what it must be answered with", file))
		}
	}
	samples := slices.Collect(maps.Values(owned))
	for _, f := range functions {
		if !slices.Contains(samples, f) {
			faults = append(faults, fmt.Errorf("functions/%s has no sample event: add events/%s.json, %q to wants in local/samples/wants.go, and its line to docs/sam.md", f, f, f+".json"))
		}
	}
	return owned, errors.Join(faults...)
}

func names(pattern string) ([]string, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("there is nothing like %s: %w", pattern, errors.Join(err, os.ErrNotExist))
	}
	for i, path := range paths {
		paths[i] = filepath.Base(path)
	}
	return paths, nil
}
