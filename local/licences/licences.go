// Package licences tells which licence a module is under by its text, without
// asking anybody. A text that it does not know is no licence.
package licences

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Licence is a licence by its SPDX identifier.
type Licence string

// The licences whose texts are known. Others, copyleft ones among them, are not
// told from each other: they are unknown, and not allowed.
const (
	Apache2 Licence = "Apache-2.0"
	MIT     Licence = "MIT"
	MIT0    Licence = "MIT-0"
	BSD3    Licence = "BSD-3-Clause"
	BSD2    Licence = "BSD-2-Clause"
	ISC     Licence = "ISC"
	MPL2    Licence = "MPL-2.0"
)

// marks are phrases that a licence's text has, all of them, in the order in
// which they are looked for: each licence before those whose conditions are a
// part of its own.
var marks = []struct {
	Licence
	phrases []string
}{
	{Apache2, []string{"apache license version 2.0, january 2004", "grant of copyright license", "grant of patent license"}},
	{MPL2, []string{"mozilla public license", "version 2.0", "covered software", "secondary license"}},
	{BSD3, []string{"redistribution and use in source and binary forms", "in binary form must reproduce", "endorse or promote products"}},
	{BSD2, []string{"redistribution and use in source and binary forms", "in binary form must reproduce"}},
	{MIT, []string{"permission is hereby granted, free of charge", "the above copyright notice and this permission notice shall be included"}},
	{MIT0, []string{"mit no attribution", "permission is hereby granted, free of charge"}},
	{ISC, []string{"permission to use, copy, modify, and/or distribute this software for any purpose with or without fee"}},
	{ISC, []string{"permission to use, copy, modify, and distribute this software for any purpose with or without fee"}},
}

// others are the names of licences and conditions that may stand beside a text
// that is known. Such a text is unknown, except for MPL2, which names the first
// three as those that it may be combined with.
var others = []string{
	"gnu general public license", "gnu lesser general public license", "gnu affero general public license",
	"server side public license", "commons clause", "business source license",
}

// Of returns the licence that text is, and whether it is one that is known.
func Of(text string) (Licence, bool) {
	text = strings.Join(strings.Fields(strings.ToLower(text)), " ")
	has := func(phrase string) bool { return strings.Contains(text, phrase) }
	for _, m := range marks {
		if slices.ContainsFunc(m.phrases, func(p string) bool { return !has(p) }) {
			continue
		}
		named := others
		if m.Licence == MPL2 {
			named = others[3:]
		}
		return m.Licence, !slices.ContainsFunc(named, has)
	}
	return "", false
}

// OfModule returns the licences of the module in the folder dir: of each file
// that is called like one. It is an error when there is none, or one that is not
// known.
func OfModule(dir string) ([]Licence, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("look for the licence: %w", err)
	}
	var found []Licence
	for _, e := range entries {
		name, kind, _ := strings.Cut(strings.TrimSuffix(strings.ToUpper(e.Name()), strings.ToUpper(filepath.Ext(e.Name()))), "-")
		if !e.Type().IsRegular() || !slices.Contains([]string{"LICENSE", "LICENCE", "COPYING", "UNLICENSE"}, name) || kind == "SUMMARY" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read the licence: %w", err)
		}
		licence, ok := Of(string(text))
		if !ok {
			return nil, fmt.Errorf("%s is no licence that is known here", e.Name())
		}
		found = append(found, licence)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("it has no licence")
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}
