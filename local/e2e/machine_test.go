package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/vouch-s3/vouch/client"
	"github.com/vouch-s3/vouch/local/stack"
)

// program is a program with the credentials of a session of a role.
type program struct {
	stack.MachineKey
	api string
}

// machine returns a session of a role of the stack that may do what is usual.
func machine(t *testing.T, role, session string) program {
	t.Helper()
	return machineWith(t, role, session, nil)
}

// machineFor returns a role that may call the routes, as GET/files/*, of an API.
func machineFor(t *testing.T, role, api string, routes ...string) program {
	t.Helper()
	var resources []string
	for _, r := range routes {
		resources = append(resources, "arn:aws:execute-api:us-east-1:000000000000:"+api+"/$default/"+r)
	}
	policy, err := json.Marshal(map[string]any{"Statement": map[string]any{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resources}})
	if err != nil {
		t.Fatal(err)
	}
	return machineWith(t, role, "one", policy)
}

func machineWith(t *testing.T, role, session string, policy []byte) program {
	t.Helper()
	key, err := local.MachineKey(role, session, policy)
	if err != nil {
		t.Fatal(err)
	}
	return program{key, local.MachineURL()}
}

// sdk returns the SDK that signs as p.
func (p program) sdk(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.New(p.api, nil, client.SignedBy(credentials.NewStaticCredentialsProvider(p.AccessKeyID, p.SecretAccessKey, ""), stack.Region))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// signing is a call, what it is signed as, and what becomes of it afterwards. What is
// empty is as it must be.
type signing struct {
	method, path, body string
	region, service    string
	at                 time.Time
	after              func(*http.Request)
}

// call makes a call that is signed as p, and holds what is answered to docs/openapi.yaml.
func (p program) call(t *testing.T, s signing) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), s.method, p.api+s.path, strings.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	if s.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if s.region == "" {
		s.region = stack.Region
	}
	if s.service == "" {
		s.service = "execute-api"
	}
	if s.at.IsZero() {
		s.at = time.Now()
	}
	sum := sha256.Sum256([]byte(s.body))
	if err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: p.AccessKeyID, SecretAccessKey: p.SecretAccessKey}, req, hex.EncodeToString(sum[:]), s.service, s.region, s.at); err != nil {
		t.Fatal(err)
	}
	if s.after != nil {
		s.after(req)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	r := reply{resp.StatusCode, resp.Header, string(data)}
	check(t, req, r)
	return r
}

func TestAMachineUploadsPollsAndDownloads(t *testing.T) {
	uploader := machine(t, "Uploader", "first")
	for name, tt := range map[string]struct {
		size int
		o    client.UploadOptions
	}{
		"by one PUT": {300_000, client.UploadOptions{}},
		"in parts":   {6_000_000, client.UploadOptions{Method: client.MethodMultipart, PartSize: 5 << 20}},
	} {
		data := random(t, tt.size)
		f, err := uploader.sdk(t).Upload(t.Context(), onDisk(t, data), tt.o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if owner := record(t, f.ID).Owner; owner != uploader.Subject {
			t.Errorf("%s: it is %s's, and not %s's", name, owner, uploader.Subject)
		}
		var back bytes.Buffer
		if _, err := uploader.sdk(t).Copy(t.Context(), f.ID, &back, client.DownloadOptions{}); err != nil || !bytes.Equal(back.Bytes(), data) {
			t.Errorf("%s: %d bytes came back, %v", name, back.Len(), err)
		}
		// The session's name is whatever the caller says, and so says nothing.
		if got, err := machine(t, "Uploader", "alice").sdk(t).Get(t.Context(), f.ID); err != nil || got.Access != client.AccessOwner {
			t.Errorf("%s: another session is %q to it, %v", name, got.Access, err)
		}
		for who, c := range map[string]*client.Client{"another machine": machine(t, "Other", "first").sdk(t), "a person": as(t, "alice").sdk(t)} {
			if _, err := c.Get(t.Context(), f.ID); !errors.Is(err, client.ErrNotFound) {
				t.Errorf("%s: %s sees it: %v", name, who, err)
			}
		}
	}
	if usage, err := uploader.sdk(t).Usage(t.Context()); err != nil || usage.Files.Used != 2 {
		t.Errorf("%+v, %v", usage, err)
	}
}

func TestARoleThatIsMadeAgainOwnsNothingOfTheFirst(t *testing.T) {
	first := machine(t, "Reborn", "one")
	f, err := first.sdk(t).Upload(t.Context(), onDisk(t, []byte("hello")), client.UploadOptions{ContentType: octets})
	if err != nil {
		t.Fatal(err)
	}
	if err := stack.ForgetMachine(filepath.Join(dir, "stack"), "Reborn"); err != nil {
		t.Fatal(err)
	}
	if r := first.call(t, signing{method: "GET", path: "/files/" + f.ID}); r.status != http.StatusForbidden {
		t.Errorf("with the key of the role that is gone: %d %s", r.status, r.body)
	}
	second := machine(t, "Reborn", "one")
	if _, err := second.sdk(t).Get(t.Context(), f.ID); !errors.Is(err, client.ErrNotFound) || second.Subject == first.Subject {
		t.Errorf("%s is %s: %v", second.Subject, first.Subject, err)
	}
}

func TestOnlyASignatureThatHoldsOpensTheAPIForMachines(t *testing.T) {
	uploader := machine(t, "Uploader", "first")
	alice := as(t, "alice")
	f, err := uploader.sdk(t).Upload(t.Context(), onDisk(t, []byte("hello")), client.UploadOptions{ContentType: octets})
	if err != nil {
		t.Fatal(err)
	}
	secret, key := uploader, uploader
	secret.SecretAccessKey = strings.ToUpper(secret.SecretAccessKey)
	key.AccessKeyID = "AKIAAAAAAAAAAAAAAAAA"
	atThePeoples := uploader
	atThePeoples.api = local.APIURL()
	function := program{stack.MachineKey{}, local.MachineURL()}
	function.AccessKeyID, function.SecretAccessKey = accessKey(t, filepath.Join(dir, "stack"), "DeleteFileFunction")
	root := program{stack.MachineKey{}, local.MachineURL()}
	root.AccessKeyID, root.SecretAccessKey = accessKey(t, filepath.Join(dir, "stack"), "admin")
	one := signing{method: "DELETE", path: "/files/" + f.ID}
	with := func(change func(*signing)) signing {
		s := one
		change(&s)
		return s
	}
	authorization := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", value) }
	}
	for name, tt := range map[string]struct {
		who    program
		call   signing
		status int
	}{
		"another secret":     {secret, one, 403},
		"another key":        {key, one, 403},
		"sixteen minutes on": {uploader, with(func(s *signing) { s.at = time.Now().Add(-16 * time.Minute) }), 403},
		"ahead of its time":  {uploader, with(func(s *signing) { s.at = time.Now().Add(16 * time.Minute) }), 403},
		"another region":     {uploader, with(func(s *signing) { s.region = "eu-west-1" }), 403},
		"another service":    {uploader, with(func(s *signing) { s.service = "s3" }), 403},
		"another path": {uploader, with(func(s *signing) {
			s.path = "/files/0195f3a2-7c1e-7b4a-9d5e-000000000000"
			s.after = func(r *http.Request) { r.URL.Path = one.path }
		}), 403},
		"another method":                     {uploader, with(func(s *signing) { s.method, s.after = "GET", func(r *http.Request) { r.Method = "DELETE" } }), 403},
		"another body":                       {uploader, signing{method: "PUT", path: "/files/" + f.ID + "/grants/eve", body: `{"level":"reads"}`, after: func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"level":"read" }`)) }}, 403},
		"no signature":                       {uploader, with(func(s *signing) { s.after = func(r *http.Request) { r.Header.Del("Authorization") } }), 403},
		"a person's token":                   {uploader, with(func(s *signing) { s.after = authorization("Bearer " + alice.token) }), 403},
		"a signature where tokens are taken": {atThePeoples, one, 401},
		"a function of the stack":            {function, one, 403},
		"the root user":                      {root, one, 401},
		"a role that may only read":          {machineFor(t, "Reader", "machines", "GET/files/*"), one, 403},
		"a role of another API":              {machineFor(t, "Elsewhere", "local", "*"), one, 403},
	} {
		t.Run(name, func(t *testing.T) {
			r := tt.who.call(t, tt.call)
			if r.status != tt.status || strings.HasPrefix(r.body, `{"message":"`) != (name != "the root user") {
				t.Errorf("%d %s", r.status, r.body)
			}
		})
	}
	if kept := record(t, f.ID); string(kept.Status) != "ready" || len(kept.Grants) != 0 {
		t.Errorf("and yet the file is %s, with %d grants", kept.Status, len(kept.Grants))
	}
	if r := uploader.call(t, one); r.status != http.StatusNoContent {
		t.Errorf("as it must be: %d %s", r.status, r.body)
	}
}

func TestPeopleAndMachinesShareTheirFiles(t *testing.T) {
	alice, worker := as(t, "alice"), machine(t, "Worker", "one")
	hers := alice.ready(t, "a.bin", []byte("hello"))
	if _, err := worker.sdk(t).Get(t.Context(), hers.ID); !errors.Is(err, client.ErrNotFound) {
		t.Fatal(err)
	}
	// Its name stands in a path as it is, and the SDK sends it encoded.
	alice.share(t, hers.ID, worker.Subject, "read")
	var back bytes.Buffer
	if _, err := worker.sdk(t).Copy(t.Context(), hers.ID, &back, client.DownloadOptions{}); err != nil || back.String() != "hello" {
		t.Errorf("%q came back, %v", back.String(), err)
	}
	if r := worker.call(t, signing{method: "DELETE", path: "/files/" + hers.ID}); r.status != http.StatusForbidden || !strings.Contains(r.body, "urn:vouch:problem:forbidden") {
		t.Errorf("what it may not do: %d %s", r.status, r.body)
	}
	if _, err := machine(t, "Stranger", "one").sdk(t).Get(t.Context(), hers.ID); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("another role: %v", err)
	}
	if err := alice.sdk(t).DeleteGrant(t.Context(), hers.ID, client.Subject(worker.Subject)); err != nil {
		t.Fatal(err)
	}
	if _, err := worker.sdk(t).Get(t.Context(), hers.ID); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("after it was taken away: %v", err)
	}

	its, err := worker.sdk(t).Upload(t.Context(), onDisk(t, []byte("report")), client.UploadOptions{ContentType: octets})
	if err != nil {
		t.Fatal(err)
	}
	granted, err := worker.sdk(t).PutGrant(t.Context(), its.ID, client.Grant{Grantee: client.Subject("bob"), Level: client.LevelRead})
	if err != nil || granted.GrantedBy != worker.Subject {
		t.Fatalf("%+v, %v", granted, err)
	}
	back.Reset()
	if _, err := as(t, "bob").sdk(t).Copy(t.Context(), its.ID, &back, client.DownloadOptions{}); err != nil || back.String() != "report" {
		t.Errorf("%q came back, %v", back.String(), err)
	}
	if _, err := as(t, "eve").sdk(t).Get(t.Context(), its.ID); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("somebody else: %v", err)
	}
}

func TestTheAdminsRouteIsForTheRoleThatIAMAllowsIt(t *testing.T) {
	for name, tt := range map[string]struct {
		who    program
		status int
	}{
		"an ordinary role":  {machine(t, "Uploader", "first"), 403},
		"one for all files": {machineFor(t, "Files", "machines", "*/files*"), 403},
		"one for it":        {machineFor(t, "Operator", "machines", "POST/admin/rescan"), 202},
	} {
		r := tt.who.call(t, signing{method: "POST", path: "/admin/rescan", body: `{"before":"2020-01-01T00:00:00Z"}`})
		if r.status != tt.status {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
}

// A stack of its own: with tenants, with a key that outlives it, and with the command.
func TestMachinesAreOfOneTenantAndTheirKeysStay(t *testing.T) {
	address := freePorts(t, 1)[0]
	p := newProcess(t, "machines", "-tenants", "-machine-api", address)
	p.start(t)
	out, err := exec.Command(p.binary, "machine-key", "-dir", p.dir, "Uploader").Output()
	if err != nil {
		t.Fatal(err)
	}
	comment, exports, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	subject := strings.TrimPrefix(comment, "# ")
	binary, err := buildCLI()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "a.txt"), []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	vouch := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(binary, append([]string{"--iam"}, args...)...)
		cmd.Dir = home
		cmd.Env = append(strings.Fields(strings.TrimPrefix(exports, "export ")), "HOME="+home, "VOUCH_API=http://"+address)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("vouch %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	id := vouch("put", "-q", "a.txt")
	vouch("share", id, "--with", "alice")
	for tenant, want := range map[string]int{"acme": http.StatusOK, "other": http.StatusNotFound} {
		if r := p.as(t, "alice", "-tenant", tenant).call(t, "GET", "/files/"+id, ""); r.status != want {
			t.Errorf("alice of %s: %d %s", tenant, r.status, r.body)
		}
	}
	p.kill(t)
	p.start(t)
	vouch("get", id, "-o", "back.txt")
	if back, err := os.ReadFile(filepath.Join(home, "back.txt")); err != nil || string(back) != "hello" {
		t.Errorf("%q came back, %v", back, err)
	}
	again, err := exec.Command(p.binary, "machine-key", "-dir", p.dir, "-session", "another", "Uploader").Output()
	if err != nil || !strings.HasPrefix(string(again), "# "+subject+"\n") || strings.Contains(string(again), exports) {
		t.Errorf("another session of %s is %s, %v", subject, again, err)
	}
}
