package chaos

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var root, functions string // the project's folder, and that of the functions' binaries

func TestMain(m *testing.M) {
	RunChild()
	code, err := runAll(m)
	if err != nil {
		log.Print(err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	if root, err = filepath.Abs("../.."); err != nil {
		return 1, err
	}
	if functions, err = os.MkdirTemp("", "vouch-functions-"); err != nil {
		return 1, err
	}
	defer os.RemoveAll(functions)
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", functions+"/", "./functions/...")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the functions: %w\n%s", err, output)
	}
	return m.Run(), nil
}

// hold runs chaos and holds it to its promises.
func hold(t *testing.T, o Options) *Report {
	t.Helper()
	o.Template, o.Functions, o.Dir = filepath.Join(root, "template.yaml"), functions, filepath.Join(t.TempDir(), "stack")
	o.Progress = t.Output()
	report, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := report.Write(&text); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + text.String())
	if !report.Held() {
		t.Error("a promise was broken")
	}
	return report
}

func TestEveryPromiseIsKeptWhileEverythingFails(t *testing.T) {
	report := hold(t, Options{Seed: 5, Files: 60}) // a seed that has clients of parts do most of what they can
	for _, service := range []string{S3, Begin, Held, Assemble, Presigned, PartURLs, DynamoDB, Workflow, EventBus, KMS, Clamd, News, Function, ClamdAlive, Everything} {
		if len(report.Faults[service]) == 0 {
			t.Errorf("%s: no fault was made", service)
		}
	}
	for _, end := range []string{"ready", "rejected, malware-detected", "expired", "deleted"} {
		if report.Ends[end] == 0 {
			t.Errorf("no file ended as: %s", end)
		}
	}
	for _, end := range []string{"ready", "rejected, checksum-mismatch", "expired"} {
		if report.EndsInParts[end] == 0 {
			t.Errorf("no file that was sent in parts ended as: %s", end)
		}
	}
}

func TestManyUploadsAtTheSameMomentAllArrive(t *testing.T) {
	report := hold(t, Options{Seed: 1, Files: 150, Calm: true})
	if report.Ends["ready"] != 150 {
		t.Errorf("%v", report.Ends)
	}
}

// The nth request to a service meets the same fault whatever is asked of others.
func TestAPlanIsWhatItsSeedSays(t *testing.T) {
	a, b := NewPlan(7), NewPlan(7)
	other, faults, differs := NewPlan(8), 0, false
	for range 2000 {
		b.Next(Clamd)
		b.Next(S3)
		fault, share := a.Next(DynamoDB)
		if again, same := b.Next(DynamoDB); again != fault || same != share {
			t.Fatalf("%s %v, then %s %v", fault, share, again, same)
		}
		if fault != None {
			faults++
		}
		if one, _ := other.Next(DynamoDB); one != fault {
			differs = true
		}
	}
	if faults == 0 || !differs {
		t.Errorf("%d faults; another seed makes others: %v", faults, differs)
	}
	a.End()
	for range 1000 {
		if fault, _ := a.Next(DynamoDB); fault != None {
			t.Fatal("there are faults after the end")
		}
	}
}
