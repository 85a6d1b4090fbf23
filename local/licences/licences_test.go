package licences

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const mit = `MIT License

Permission is hereby granted, free of charge, to any person obtaining a copy, subject to the
following conditions: The above copyright notice and this permission notice shall be included in all copies.`

const bsd2 = `Redistribution and use in source and binary forms, with or without modification, are permitted:
2. Redistributions in binary form must reproduce the above copyright notice.`

const bsd3 = bsd2 + `
3. Neither the name of the holder may be used to endorse or promote
   products derived from this software.`

const mpl = `Mozilla Public License, version 2.0. "Covered Software" means. "Secondary License"
means either the GNU General Public License, Version 2.0, the GNU Lesser General Public License.`

func TestALicenceIsToldByItsTextAndNoOtherIsTakenForIt(t *testing.T) {
	own, err := os.ReadFile("../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		text string
		want Licence // "" for none
	}{
		"our own":                    {string(own), Apache2},
		"MIT":                        {mit, MIT},
		"in other lines":             {strings.ReplaceAll(mit, " ", "\n"), MIT},
		"BSD of three clauses":       {bsd3, BSD3},
		"BSD of two":                 {bsd2, BSD2},
		"MPL":                        {mpl, MPL2},
		"MIT and a condition":        {mit + " The Commons Clause restricts the sale.", ""},
		"MPL and a condition":        {mpl + " Commons Clause", ""},
		"MIT beside another":         {mit + " Or under the GNU Affero General Public License.", ""},
		"GPL":                        {"GNU GENERAL PUBLIC LICENSE Version 3", ""},
		"Apache by its name only":    {"Licensed under the Apache License, Version 2.0", ""},
		"nothing":                    {"", ""},
		"permission for nobody else": {"Permission is hereby granted, free of charge, to my friends.", ""},
	} {
		got, ok := Of(tt.text)
		if ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("%s: %s, %v", name, got, ok)
		}
	}
}

func TestAModuleWithoutALicenceOrWithOneThatIsNotKnownIsRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		files map[string]string
		want  []Licence // nil for an error
	}{
		"one":                   {map[string]string{"LICENSE": mit}, []Licence{MIT}},
		"one with an ending":    {map[string]string{"LICENSE.txt": mit, "README.md": "x"}, []Licence{MIT}},
		"two":                   {map[string]string{"LICENSE-MIT": mit, "COPYING": bsd3, "LICENSE-SUMMARY": "both"}, []Licence{BSD3, MIT}},
		"none":                  {map[string]string{"README": mit}, nil},
		"one that nobody knows": {map[string]string{"LICENSE": mit, "LICENSE-EXTRA": "Pay me."}, nil},
	} {
		dir := t.TempDir()
		for file, text := range tt.files {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := OfModule(dir); (err == nil) != (tt.want != nil) || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
