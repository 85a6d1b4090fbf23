package e2e

import (
	"html"
	"html/template"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// page reads docs/form.md.
func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs/form.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// command is the line of a page that begins with prefix.
func command(t *testing.T, page, prefix string) string {
	t.Helper()
	for line := range strings.Lines(page) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, prefix) {
			return line
		}
	}
	t.Fatalf("docs/form.md has no line that begins with %s", prefix)
	return ""
}

func TestTheCommandsOfThePageSendAFileByForm(t *testing.T) {
	alice := as(t, "alice")
	pdf, err := sample("letter.pdf")
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	if err := os.WriteFile(filepath.Join(work, "cv.pdf"), pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	text := page(t)
	sh := exec.CommandContext(t.Context(), "sh", "-ec", command(t, text, "ASK=")+"\n"+command(t, text, `echo "$ASK"`)+` >&2; echo "$ASK"`)
	sh.Dir = work
	sh.Env = append(os.Environ(), "API="+local.APIURL(), "TOKEN="+alice.token)
	var stderr strings.Builder
	sh.Stderr = &stderr
	out, err := sh.Output()
	if err != nil {
		t.Fatalf("%v %s\n%s", err, out, &stderr)
	}
	var f file
	reply{body: string(out)}.into(t, &f)
	if f = alice.await(t, f.ID, "ready"); f.ChecksumSHA256 != checksum(pdf) {
		t.Errorf("%+v", f)
	}
}

func TestTheHTMLOfThePageSendsAFile(t *testing.T) {
	alice := as(t, "alice")
	_, rest, _ := strings.Cut(page(t), "```html\n")
	source, _, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("docs/form.md has no HTML")
	}
	pdf, err := sample("letter.pdf")
	if err != nil {
		t.Fatal(err)
	}
	f, form := alice.askForm(t, map[string]any{"contentType": "application/pdf", "maxSize": 10_485_760})
	var page strings.Builder
	if err := template.Must(template.New("form").Parse(source)).Execute(&page, form); err != nil {
		t.Fatal(err)
	}
	// A browser sends the fields in the order of the page.
	action := regexp.MustCompile(`<form action="([^"]*)" method="post" enctype="multipart/form-data">`).FindStringSubmatch(page.String())
	if action == nil {
		t.Fatalf("%s", &page)
	}
	var fields [][2]string
	for _, input := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">|<input type="file" name="(file)"`).FindAllStringSubmatch(page.String(), -1) {
		if input[3] != "" {
			fields = append(fields, [2]string{})
			continue
		}
		fields = append(fields, [2]string{html.UnescapeString(input[1]), html.UnescapeString(input[2])})
	}
	last := len(fields) - 1
	if last != len(form.Fields) || fields[last] != [2]string{} {
		t.Fatalf("%q in\n%s", fields, &page)
	}
	contentType, body := formBody(t, fields[:last], pdf)
	if p := postBody(t, html.UnescapeString(action[1]), contentType, strings.NewReader(string(body))); p.status != http.StatusCreated {
		t.Fatalf("%v %s", p, p.body)
	}
	alice.await(t, f.ID, "ready")
}
