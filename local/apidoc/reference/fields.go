package reference

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pb33f/libopenapi/datamodel/high/base"
	"github.com/pb33f/libopenapi/orderedmap"
)

const schemas = "#/components/schemas/"

// count counts how often each named schema is referred to, from wherever a reader may
// come: parameters, bodies, answers, and other schemas.
func (d Document) count() {
	for _, o := range d.Operations() {
		for _, q := range o.Parameters {
			d.countIn(q.Schema)
		}
		if o.RequestBody != nil {
			for media := range o.RequestBody.Content.ValuesFromOldest() {
				d.countIn(media.Schema)
			}
		}
		for answer := range o.Responses.Codes.ValuesFromOldest() {
			for media := range answer.Content.ValuesFromOldest() {
				d.countIn(media.Schema)
			}
		}
	}
}

func (d Document) countIn(proxy *base.SchemaProxy) {
	if name, ok := strings.CutPrefix(proxy.GetReference(), schemas); ok {
		d.uses[name]++
		if d.uses[name] > 1 {
			return // what it refers to itself is counted already
		}
	}
	s := d.schema(proxy)
	for property := range properties(s).ValuesFromOldest() {
		d.countIn(property)
	}
	if items := elements(s); items != nil {
		d.countIn(items)
	}
}

// shared says that a named schema has a section of its own.
func (d Document) shared(name string) bool { return d.uses[name] > 1 }

// schema is what a proxy stands for, be it a reference with a description of its own.
func (d Document) schema(proxy *base.SchemaProxy) *base.Schema {
	if name, ok := strings.CutPrefix(proxy.GetReference(), schemas); ok {
		return d.Components.Schemas.GetOrZero(name).Schema()
	}
	return proxy.Schema()
}

func properties(s *base.Schema) *orderedmap.Map[string, *base.SchemaProxy] {
	if s.Properties == nil {
		return orderedmap.New[string, *base.SchemaProxy]()
	}
	return s.Properties
}

// elements is the schema of an array's elements, nil where s is no array.
func elements(s *base.Schema) *base.SchemaProxy {
	if s.Items == nil || !s.Items.IsA() {
		return nil
	}
	return s.Items.A
}

// Field is a field of a body.
type Field struct {
	Path     string // dotted, with [] behind arrays
	Required bool   // wherever what it lies in is there
	Schema   *base.SchemaProxy
}

// Fields returns the fields of a body, those of what lies in it behind it. Shared
// schemas are not gone into.
func (d Document) Fields(proxy *base.SchemaProxy) []Field { return d.within("", proxy) }

func (d Document) within(path string, proxy *base.SchemaProxy) []Field {
	s := d.schema(proxy)
	var all []Field
	for name, property := range properties(s).FromOldest() {
		at := strings.TrimPrefix(path+"."+name, ".")
		all = append(all, Field{at, slices.Contains(s.Required, name), property})
		all = append(all, d.below(at, property)...)
	}
	return all
}

// below returns the fields that lie in a property.
func (d Document) below(path string, property *base.SchemaProxy) []Field {
	if name, ok := strings.CutPrefix(property.GetReference(), schemas); ok && d.shared(name) {
		return nil
	}
	if items := elements(d.schema(property)); items != nil {
		return d.below(path+"[]", items)
	}
	return d.within(path, property)
}

// fields writes the table of a body's fields, or where the body is a shared schema,
// and this is not its own section, a link to it.
func (p *page) fields(proxy *base.SchemaProxy) {
	if name, ok := strings.CutPrefix(proxy.GetReference(), schemas); ok && p.shared(name) {
		p.line("A [%s](%s).\n", name, anchor(name))
		return
	}
	p.line("| field | | is |")
	p.line("| --- | --- | --- |")
	for _, f := range p.Fields(proxy) {
		p.line("| %s | %s | %s |", name(f.Path, f.Required), p.kind(f.Schema), p.sentence("", f.Schema))
	}
	p.line("")
}

// name is a field's name, in bold where it must be there.
func name(path string, required bool) string {
	if required {
		return "**`" + path + "`**"
	}
	return "`" + path + "`"
}

// kind says in a few words what a value is: its type, and what it is held to.
func (p *page) kind(proxy *base.SchemaProxy) string {
	if name, ok := strings.CutPrefix(proxy.GetReference(), schemas); ok && p.shared(name) {
		return fmt.Sprintf("[%s](%s)", name, anchor(name))
	}
	s := p.schema(proxy)
	kind := strings.Join(s.Type, " or ")
	if s.Format != "" && s.Format != "int64" {
		kind = strings.Replace(kind, "string", s.Format, 1)
	}
	if items := elements(s); items != nil {
		kind += " of " + p.kind(items)
	}
	for _, limit := range limits(s) {
		kind += ", " + limit
	}
	if s.Const != nil {
		kind += ", always `" + s.Const.Value + "`"
	}
	if len(s.Enum) > 0 {
		var values []string
		for _, v := range s.Enum {
			values = append(values, "`"+v.Value+"`")
		}
		kind += ": " + strings.Join(values, ", ")
	}
	if s.Default != nil {
		kind += "; default `" + s.Default.Value + "`"
	}
	return kind
}

// limits says what bounds a value.
func limits(s *base.Schema) []string {
	var said []string
	within := func(least, most *int64, of string) {
		switch {
		case least != nil && most != nil:
			said = append(said, fmt.Sprintf("%d to %d%s", *least, *most, of))
		case least != nil:
			said = append(said, fmt.Sprintf("at least %d%s", *least, of))
		case most != nil:
			said = append(said, fmt.Sprintf("at most %d%s", *most, of))
		}
	}
	within(whole(s.Minimum), whole(s.Maximum), "")
	within(s.MinLength, s.MaxLength, " characters")
	within(s.MinItems, s.MaxItems, "")
	if s.UniqueItems != nil && *s.UniqueItems {
		said = append(said, "none twice")
	}
	if s.Pattern != "" {
		said = append(said, "as `"+strings.ReplaceAll(s.Pattern, "|", `\|`)+"`")
	}
	return said
}

// whole is a limit of an integer, which JSON Schema has as a number.
func whole(limit *float64) *int64 {
	if limit == nil {
		return nil
	}
	n := int64(*limit)
	return &n
}

// sentence is what is said of a value: by the description given, or else by that of
// its schema, but not by that of a shared one, which has its own section.
func (p *page) sentence(given string, proxy *base.SchemaProxy) string {
	if given == "" {
		given = proxy.Schema().Description
		name, ok := strings.CutPrefix(proxy.GetReference(), schemas)
		if ok && p.shared(name) && given == p.schema(proxy).Description {
			given = ""
		}
	}
	return flat(linked(given))
}

// flat makes a cell of a table of a text.
func flat(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}

var document = regexp.MustCompile(`\bdocs/([a-z-]+\.(?:md|yaml))`)

// linked makes links of the documents that a text names.
func linked(text string) string { return document.ReplaceAllString(text, "[$1]($1)") }
