package main

import (
	"path"
	"strings"
	"unicode/utf8"

	"github.com/vouch-s3/vouch/shared/file"
)

// longestLocalName leaves room for the suffixes of a download that is not
// complete, in bytes.
const longestLocalName = file.MaxFilenameBytes - 40

// localName makes of what a file is called there a name to write it to in the
// current folder. Servers are not trusted with paths: the name is always one
// element, is not hidden, looks like no option, is no device, and can be written
// to a terminal.
func localName(filename, id string) string {
	name := strings.ToValidUTF8(filename, "_")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || plain(string(r)) != string(r) || file.CheckFilename("x"+string(r)+"x") != nil {
			return '_'
		}
		return r
	}, name)
	name = strings.TrimRight(strings.TrimSpace(name), ". ")
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "-") || strings.HasPrefix(name, "~") {
		name = "_" + name[1:]
	}
	name = shorten(name, longestLocalName)
	if file.CheckFilename(name) != nil { // a device, or nothing is left
		name = "_" + name
	}
	if file.CheckFilename(name) != nil || strings.Trim(name, "_") == "" {
		return "vouch-" + id
	}
	return name
}

// shorten cuts a name to so many bytes, and keeps its extension if that is one.
func shorten(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	extension := path.Ext(name)
	if len(extension) > 16 {
		extension = ""
	}
	cut := limit - len(extension)
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return strings.TrimRight(name[:cut], ". ") + extension
}
