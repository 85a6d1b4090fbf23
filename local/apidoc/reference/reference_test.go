package reference

import (
	"cmp"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/local/apidoc"
)

func text(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func parse(t *testing.T, text string) Document {
	t.Helper()
	d, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func described(t *testing.T) Document {
	t.Helper()
	return parse(t, text(t, "../../../docs/openapi.yaml"))
}

func TestTheReferenceIsWhatTheDescriptionGives(t *testing.T) {
	rendered, err := described(t).Render(Statuses())
	if err != nil {
		t.Fatal(err)
	}
	if rendered != text(t, "../../../docs/api.md") {
		t.Error("docs/api.md is not what docs/openapi.yaml gives: make reference")
	}
}

func TestEveryExampleIsAsItsSchemaHasIt(t *testing.T) {
	if err := described(t).Check(); err != nil {
		t.Error(err)
	}
}

func TestAnExampleThatIsNotAsItsSchemaHasItIsFound(t *testing.T) {
	good := text(t, "../../../docs/openapi.yaml")
	for what, lie := range map[string][2]string{
		"a status that there is not":   {"status: verifying\n", "status: checking\n"},
		"a number as a text":           {"partCount: 44, expiresAt", `partCount: "44", expiresAt`},
		"a field that is missing":      {"                grantedBy: alice\n", ""},
		"a field that there is not":    {"value: { partNumbers: [1, 2] }", "value: { partNumbers: [1, 2], urgent: true }"},
		"a time that is none":          {`expiresAt: "2026-11-24T15:08:20Z"`, "expiresAt: in five minutes"},
		"more than there may be":       {"value: { partNumbers: [1, 2] }", "value: { partNumbers: [1, 10001] }"},
		"an id that is none":           {"pseudonym: 2bd806c97f0e00af1a1fc3328fa763a9", "pseudonym: alice"},
		"two ways to send in one file": {"multipart: { partSize: 16777216, partCount: 44", "form: { url: https://x.example, fields: {}, expiresAt: \"2026-11-24T15:00:00Z\" }\n                    multipart: { partSize: 16777216, partCount: 44"},
	} {
		t.Run(what, func(t *testing.T) {
			bad := strings.Replace(good, lie[0], lie[1], 1)
			if bad == good {
				t.Fatalf("there is no %q to lie about", lie[0])
			}
			if err := parse(t, bad).Check(); err == nil {
				t.Error("it is not found")
			}
		})
	}
}

func TestEveryOperationShowsWhatIsSentAndAnswered(t *testing.T) {
	d := described(t)
	for _, o := range d.Operations() {
		if o.Summary == "" || o.Description == "" {
			t.Errorf("%s is not described", o.OperationId)
		}
		if o.RequestBody != nil && len(of(requestBody(o))) == 0 {
			t.Errorf("%s shows no body", o.OperationId)
		}
		for status, answer := range o.Responses.Codes.FromOldest() {
			if body := inJSON(answer.Content); succeeds(status) && body != nil && len(of(body)) == 0 {
				t.Errorf("%s shows no answer %s", o.OperationId, status)
			}
			for header, h := range answer.Headers.FromOldest() {
				if h.Description == "" {
					t.Errorf("%s %s does not say what the header %s is", o.OperationId, status, header)
				}
			}
		}
		for _, q := range o.Parameters {
			if q.Description == "" {
				t.Errorf("%s does not say what %s is", o.OperationId, q.Name)
			}
			if q.In == "path" && q.Example == nil {
				t.Errorf("%s has no example of %s", o.OperationId, q.Name)
			}
		}
	}
}

func TestEveryFieldIsDescribed(t *testing.T) {
	d := described(t)
	for name, schema := range d.Components.Schemas.FromOldest() {
		if s := schema.Schema(); s.Properties == nil && s.Description == "" {
			t.Errorf("%s is not described", name)
		}
		for _, f := range d.Fields(schema) {
			own, referred := f.Schema.Schema().Description, d.schema(f.Schema).Description
			if said := strings.TrimSpace(cmp.Or(own, referred)); !strings.HasSuffix(said, ".") { // a comma in {} ends a description
				t.Errorf("%s says of %s only %q", name, f.Path, said)
			}
		}
	}
}

// The end-to-end tests hold every problem that is answered to these lists.
func TestTheProblemsOfAnOperationAreThoseOfItsStatuses(t *testing.T) {
	statuses, used := Statuses(), map[string]bool{}
	for _, o := range described(t).Operations() {
		codes := apidoc.Problems(o.Operation)
		if !slices.Contains(codes, "internal") {
			t.Errorf("%s never fails, it says", o.OperationId)
		}
		may := map[int]bool{}
		for _, code := range codes {
			status, ok := statuses[code]
			if !ok {
				t.Errorf("%s answers %s, which there is not", o.OperationId, code)
			}
			if o.Responses.Codes.GetOrZero(strconv.Itoa(status)) == nil {
				t.Errorf("%s answers %s, and has no %d", o.OperationId, code, status)
			}
			may[status], used[code] = true, true
		}
		for status := range o.Responses.Codes.FromOldest() {
			code, err := strconv.Atoi(status)
			if err != nil {
				t.Fatal(err)
			}
			gateway := code == 401 || code == 403 || code == 429
			if !succeeds(status) && !gateway && !may[code] {
				t.Errorf("%s has a %s, and no problem that is it", o.OperationId, status)
			}
		}
	}
	for code := range statuses {
		if !used[code] {
			t.Errorf("no operation says that it answers %s", code)
		}
	}
}

func TestEveryLinkOfTheReferenceLeadsSomewhere(t *testing.T) {
	page := text(t, "../../../docs/api.md")
	anchors := func(page string) map[string]bool {
		found := map[string]bool{}
		for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$|<a id="([^"]+)">`).FindAllStringSubmatch(page, -1) {
			at := strings.ReplaceAll(strings.ToLower(m[1]), " ", "-") + m[2]
			if found[at] {
				t.Errorf("there are two of #%s", at)
			}
			found[at] = true
		}
		return found
	}
	links := regexp.MustCompile(`\]\(([^)#\s]*)(?:#([^)\s]+))?\)`).FindAllStringSubmatch(page, -1)
	if len(links) < 100 {
		t.Fatalf("only %d links are found", len(links))
	}
	known := map[string]map[string]bool{"": anchors(page)}
	for _, link := range links {
		file, at := link[1], link[2]
		if known[file] == nil {
			known[file] = anchors(text(t, "../../../docs/"+file))
		}
		if at != "" && !known[file][at] {
			t.Errorf("%s#%s leads nowhere", file, at)
		}
	}
}
