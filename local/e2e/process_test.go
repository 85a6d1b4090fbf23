package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/local/stack"
)

// process is a stack in a process of its own, for what cannot be done to the
// one in this process: to kill it, or to give it other parameters.
type process struct {
	binary, dir  string
	api, s3, aws string // addresses
	args         []string
	command      *exec.Cmd
}

// newProcess builds a stack that keeps its data in a new folder, called name and
// more.
func newProcess(t *testing.T, name string, args ...string) *process {
	t.Helper()
	own, err := os.MkdirTemp(dir, name+"-")
	if err != nil {
		t.Fatal(err)
	}
	p := &process{binary: filepath.Join(dir, "vouch-local"), dir: own, args: args}
	if err := build(filepath.Join(root, "local"), p.binary, "./cmd/vouch-local"); err != nil {
		t.Fatal(err)
	}
	ports := freePorts(t, 3)
	p.api, p.s3, p.aws = ports[0], ports[1], ports[2]
	return p
}

// start runs the stack until the test ends, and returns once it answers.
func (p *process) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	args := append([]string{
		"run", "-template", filepath.Join(root, "template.yaml"), "-functions", binaries, "-dir", p.dir,
		"-api", p.api, "-s3", p.s3, "-aws", p.aws, "-clam-database", "none",
	}, p.args...)
	cmd := exec.CommandContext(ctx, p.binary, args...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	p.command = cmd
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
		cancel()
	})
	deadline := time.Now().Add(30 * time.Second)
	for {
		if resp, err := http.Get("http://" + p.api + "/issuer/.well-known/openid-configuration"); err == nil {
			resp.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			cmd.Process.Kill()
			cmd.Wait()
			t.Fatalf("the stack does not answer: %s", output.String())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// kill ends the stack with no chance to tidy up.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.command.Wait()
}

// as returns somebody with a token of the stack's own issuer, which the command
// is given more flags for.
func (p *process) as(t *testing.T, name string, flags ...string) user {
	t.Helper()
	token, err := exec.Command(p.binary, append([]string{"token", "-sub", name, "-dir", p.dir, "-api", p.api}, flags...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return user{name, strings.TrimSpace(string(token)), "http://" + p.api}
}

// accessKey is a key of a function's role, as functionKey gives them out, or
// admin's, of the stack whose data is in dir.
func accessKey(t *testing.T, dir, whose string) (id, secret string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "access-keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string]struct{ ID, Secret string }
	if err := json.Unmarshal(data, &keys); err != nil {
		t.Fatal(err)
	}
	if whose != "admin" {
		whose = stack.Borrowed + whose
	}
	key, ok := keys[whose]
	if !ok {
		t.Fatalf("%s has no key", whose)
	}
	return key.ID, key.Secret
}

// config is for SDK clients of all services but S3, with the key of a function
// or of admin.
func (p *process) config(t *testing.T, whose string) aws.Config {
	t.Helper()
	id, secret := accessKey(t, p.dir, whose)
	return aws.Config{
		Region: stack.Region, BaseEndpoint: aws.String("http://" + p.aws),
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
	}
}

// objects is an S3 client that is allowed everything.
func (p *process) objects(t *testing.T) *s3.Client {
	t.Helper()
	return s3.New(s3.Options{
		Region: stack.Region, BaseEndpoint: aws.String("http://" + p.s3), UsePathStyle: true, Credentials: p.config(t, "admin").Credentials,
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
	})
}
