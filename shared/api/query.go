package api

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
)

// A parameter of a query. read takes its value, and returns what would be accepted in
// the place of one that is not; nothing for one that is.
type parameter struct {
	name string
	read func(value string) (accepted string)
}

// readQuery reads the query of a call that takes these parameters and no others.
func readQuery(r Request, parameters ...parameter) error {
	var names []string
	read := map[string]func(string) string{}
	for _, p := range parameters {
		names = append(names, p.name)
		read[p.name] = p.read
	}
	last := len(names) - 1
	others := "the parameters " + strings.Join(names[:last], ", ") + " and " + names[last]
	for name, value := range r.Query {
		accepted := others
		if known := read[name]; known != nil {
			accepted = known(value)
		}
		if accepted != "" {
			return &file.Error{Code: file.CodeInvalidParameter, Field: name, Detail: "The parameter is not acceptable.", Accepted: accepted}
		}
	}
	return nil
}

// limitOf reads how much there is in a page at the most.
func limitOf(limit *int, p policy.Policy) parameter {
	return parameter{"limit", func(value string) string {
		n, err := strconv.Atoi(value)
		if *limit = n; err != nil || n < 1 || n > p.MaxPage {
			return fmt.Sprintf("a whole number from 1 to %d", p.MaxPage)
		}
		return ""
	}}
}

// cursorOf reads where a page begins.
func cursorOf(after *string) parameter {
	return parameter{"cursor", func(value string) string {
		if *after = value; !file.ValidID(value) {
			return "the nextCursor of the page before"
		}
		return ""
	}}
}
