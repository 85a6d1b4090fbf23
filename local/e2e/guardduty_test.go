package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/vouch-s3/vouch/local/samtemplate"
	"github.com/vouch-s3/vouch/local/stack"
	"github.com/vouch-s3/vouch/shared/dynamo"
	domain "github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/guardduty"
	"github.com/vouch-s3/vouch/shared/verify"
	"github.com/vouch-s3/vouch/shared/workflow"
)

const resultsTable = "vouch-ScanResultsTable"

// record reads a file's record.
func (p *process) record(t *testing.T, id string) domain.File {
	t.Helper()
	f, err := dynamo.New(dynamodb.NewFromConfig(p.config(t, "admin")), table).Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// meeting reads what the table of results has on a version: the token that
// waits and the result, each empty for none.
func (p *process) meeting(t *testing.T, v guardduty.Version) (token, result string) {
	t.Helper()
	out, err := dynamodb.NewFromConfig(p.config(t, "admin")).GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String(resultsTable), ConsistentRead: aws.Bool(true),
		Key: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: v.Key + "\n" + v.VersionID + "\n" + v.ETag}},
	})
	if err != nil {
		t.Fatal(err)
	}
	text := func(name string) string {
		if s, ok := out.Item[name].(*types.AttributeValueMemberS); ok {
			return s.Value
		}
		return ""
	}
	return text("token"), text("result")
}

// waits waits until the workflow waits for GuardDuty with another token than
// before, and returns the token.
func (p *process) waits(t *testing.T, v guardduty.Version, before string) string {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		if token, _ := p.meeting(t, v); token != "" && token != before {
			return token
		}
		if time.Now().After(deadline) {
			t.Fatalf("no task waits for GuardDuty's word on %s", v.Key)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// hears waits until a result on a version is in the table.
func (p *process) hears(t *testing.T, v guardduty.Version) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		if _, result := p.meeting(t, v); result != "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no result on %s came", v.Key)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// scanned puts GuardDuty's event on the default bus with the key of whom.
func (p *process) scanned(t *testing.T, whose string, v guardduty.Version, scanStatus, result, rest string) error {
	t.Helper()
	detail := fmt.Sprintf(`{"schemaVersion":"1.0","scanStatus":%q,"resourceType":"S3_OBJECT","s3ObjectDetails":{"bucketName":%q,"objectKey":%q,"eTag":%q,"versionId":%q,"s3Throttled":false},"scanResultDetails":{"scanResultStatus":%q%s}}`,
		scanStatus, bucket, v.Key, v.ETag, v.VersionID, result, rest)
	out, err := eventbridge.NewFromConfig(p.config(t, whose)).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{{
		Source: aws.String("aws.guardduty"), DetailType: aws.String("GuardDuty Malware Protection Object Scan Result"), Detail: &detail,
	}}})
	if err != nil {
		return err
	}
	if out.FailedEntryCount > 0 {
		return fmt.Errorf("%s", *out.Entries[0].ErrorCode)
	}
	return nil
}

func (p *process) clean(t *testing.T, v guardduty.Version) {
	t.Helper()
	if err := p.scanned(t, "admin", v, "COMPLETED", "NO_THREATS_FOUND", `,"threats":null`); err != nil {
		t.Fatal(err)
	}
}

// uploaded brings a file as far as the wait for GuardDuty.
func (p *process) uploaded(t *testing.T, u user) (file, guardduty.Version, string) {
	t.Helper()
	data := random(t, 1000)
	f := u.ask(t, "a.bin", data, true)
	if status, code := put(t, f, data); status != http.StatusOK {
		t.Fatalf("PUT: %d %s", status, code)
	}
	u.await(t, f.ID, "verifying")
	v := guardduty.VersionOf(verify.JobFor(p.record(t, f.ID)))
	return f, v, p.waits(t, v, "")
}

// invoke invokes a function as the administrator.
func (p *process) invoke(t *testing.T, function string, event []byte) (payload []byte, functionError string, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+p.aws+"/2015-03-31/functions/"+function+"/invocations", bytes.NewReader(event))
	if err != nil {
		return nil, "", err
	}
	key, err := p.config(t, "admin").Credentials.Retrieve(t.Context())
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(event)
	if err := v4.NewSigner().SignHTTP(t.Context(), key, req, hex.EncodeToString(sum[:]), "lambda", stack.Region, time.Now()); err != nil {
		return nil, "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	payload, err = io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%d %s", resp.StatusCode, payload)
	}
	return payload, resp.Header.Get("X-Amz-Function-Error"), err
}

// There is no GuardDuty here: the administrator puts on the bus what GuardDuty
// is documented to put there.
func TestAFileIsReadyOnlyWhenGuardDutyHasCalledItCleanToo(t *testing.T) {
	p := newProcess(t, "guardduty", "-scanners", "clamav+guardduty")
	p.start(t)
	alice := p.as(t, "alice")

	t.Run("clean and clean is ready, with both in the verdict", func(t *testing.T) {
		f, v, _ := p.uploaded(t, alice)
		p.clean(t, v)
		alice.await(t, f.ID, "ready")
		verdict := p.record(t, f.ID).Verdict
		names := []string{}
		for _, e := range verdict.Scanners {
			names = append(names, e.Name)
		}
		if verdict.Outcome != domain.Clean || !slices.Equal(names, []string{"clamav", "guardduty"}) || !verdict.Coverage.Complete {
			t.Errorf("%+v", verdict)
		}
		if status, _, _ := fetch(t, alice.link(t, f.ID)); status != http.StatusOK {
			t.Errorf("the download: %d", status)
		}
	})

	t.Run("what GuardDuty finds is rejected", func(t *testing.T) {
		for _, tt := range []struct{ scanStatus, result, rest, reason, detail string }{
			{"COMPLETED", "THREATS_FOUND", `,"threats":[{"name":"EICAR-Test-File"}]`, "malware-detected", "EICAR-Test-File"},
			{"SKIPPED", "UNSUPPORTED", `,"threats":null,"statusReasons":["PASSWORD_PROTECTED"]`, "scan-incomplete", "guardduty: PASSWORD_PROTECTED"},
		} {
			f, v, _ := p.uploaded(t, alice)
			if err := p.scanned(t, "admin", v, tt.scanStatus, tt.result, tt.rest); err != nil {
				t.Fatal(err)
			}
			got := alice.await(t, f.ID, "rejected")
			verdict := p.record(t, f.ID).Verdict
			if got.Reason != tt.reason || verdict == nil || verdict.Outcome != domain.Refused || len(verdict.Scanners) != 2 || len(verdict.Findings) != 1 || verdict.Findings[0].Detail != tt.detail {
				t.Errorf("%s: the reason is %s, the verdict %+v", tt.result, got.Reason, verdict)
			}
		}
	})

	t.Run("what ClamAV finds needs no word of GuardDuty's", func(t *testing.T) {
		f := alice.ask(t, "e.com", eicar, true)
		put(t, f, eicar)
		if got := alice.await(t, f.ID, "rejected"); got.Reason != "malware-detected" {
			t.Errorf("the reason is %s", got.Reason)
		}
	})

	t.Run("a result that comes before the workflow waits is kept for it", func(t *testing.T) {
		f := alice.ask(t, "a.bin", []byte("hello"), false)
		key := p.record(t, f.ID).Key
		// The administrator's write is no client's, so it makes no event.
		out, err := p.objects(t).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader("hello"), ContentType: aws.String(octets)})
		if err != nil {
			t.Fatal(err)
		}
		v := guardduty.Version{Key: key, VersionID: *out.VersionId, ETag: strings.Trim(*out.ETag, `"`)}
		p.clean(t, v)
		p.hears(t, v)
		if got := alice.get(t, f.ID).Status; got != "pending" {
			t.Errorf("a result alone made the file %s", got)
		}
		if r := alice.call(t, "POST", "/files/"+f.ID+"/complete", ""); r.status != http.StatusAccepted {
			t.Fatalf("%d %s", r.status, r.body)
		}
		alice.await(t, f.ID, "ready")
	})

	t.Run("a result that is told again changes nothing", func(t *testing.T) {
		f, v, _ := p.uploaded(t, alice)
		for range 2 {
			p.clean(t, v)
		}
		alice.await(t, f.ID, "ready")
		before := p.record(t, f.ID)
		for _, result := range []string{"NO_THREATS_FOUND", "THREATS_FOUND"} {
			event := fmt.Appendf(nil, `{"source":"aws.guardduty","detail-type":"GuardDuty Malware Protection Object Scan Result","detail":{"scanStatus":"COMPLETED","resourceType":"S3_OBJECT","s3ObjectDetails":{"bucketName":%q,"objectKey":%q,"eTag":%q,"versionId":%q},"scanResultDetails":{"scanResultStatus":%q}}}`, bucket, v.Key, v.ETag, v.VersionID, result)
			if payload, functionError, err := p.invoke(t, "vouch-ReceiveGuardDutyFunction", event); err != nil || functionError != "" {
				t.Errorf("%s: %v %s", result, err, payload)
			}
		}
		if after := p.record(t, f.ID); after.Status != domain.Ready || after.Revision != before.Revision {
			t.Errorf("the record has changed from\n%+v to\n%+v", before, after)
		}
	})

	t.Run("without a result on its own version no file is ready", func(t *testing.T) {
		f, v, _ := p.uploaded(t, alice)
		for _, other := range []guardduty.Version{
			{Key: v.Key, VersionID: "01A" + v.VersionID[3:], ETag: v.ETag},
			{Key: v.Key, VersionID: v.VersionID, ETag: strings.Repeat("0", 32)},
		} {
			p.clean(t, other)
			p.hears(t, other)
		}
		if got := alice.get(t, f.ID).Status; got != "verifying" {
			t.Errorf("the file is %s", got)
		}
		if _, result := p.meeting(t, v); result != "" {
			t.Errorf("its version has the result %s", result)
		}
		if r := alice.call(t, "POST", "/files/"+f.ID+"/download", ""); r.status != http.StatusConflict {
			t.Errorf("the download: %d %s", r.status, r.body)
		}
		p.clean(t, v)
		alice.await(t, f.ID, "ready")
	})

	t.Run("a scan that GuardDuty could not make is no word, and a later one counts", func(t *testing.T) {
		f, v, token := p.uploaded(t, alice)
		if err := p.scanned(t, "admin", v, "FAILED", "FAILED", ""); err != nil {
			t.Fatal(err)
		}
		// The task fails, and each further one at once, by what is there.
		for range 2 {
			token = p.waits(t, v, token)
		}
		if got := alice.get(t, f.ID).Status; got != "verifying" {
			t.Errorf("the file is %s", got)
		}
		p.clean(t, v)
		alice.await(t, f.ID, "ready")
	})

	t.Run("functions can do only their own", func(t *testing.T) {
		f, v, token := p.uploaded(t, alice)
		answer := func(whose, token string) error {
			return workflow.NewCallbacks(sfn.NewFromConfig(p.config(t, whose))).Succeed(t.Context(), token, verify.Result{Outcome: verify.Passed})
		}
		results := func(whose string) *dynamo.ScanResults {
			return dynamo.NewScanResults(dynamodb.NewFromConfig(p.config(t, whose)), resultsTable)
		}
		for name, err := range map[string]error{
			"scan-object answers a task":              answer("ScanObjectFunction", token),
			"create-upload answers a task of no life": answer("CreateUploadFunction", "x"),
			"mark-ready writes a result": func() error {
				_, _, err := results("MarkReadyFunction").Arrive(t.Context(), guardduty.Result{Version: v, Status: guardduty.NoThreatsFound}, time.Now())
				return err
			}(),
			"receive-guardduty reads a record": func() error {
				_, err := dynamo.New(dynamodb.NewFromConfig(p.config(t, "ReceiveGuardDutyFunction")), table).Get(t.Context(), f.ID)
				return err
			}(),
			"mark-ready plays GuardDuty": p.scanned(t, "MarkReadyFunction", v, "COMPLETED", "NO_THREATS_FOUND", ""),
		} {
			if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := alice.get(t, f.ID).Status; got != "verifying" {
			t.Errorf("the file is %s", got)
		}
		p.clean(t, v)
		alice.await(t, f.ID, "ready")
	})

	t.Run("the functions answer their samples", func(t *testing.T) {
		template, err := samtemplate.Load(filepath.Join(root, "template.yaml"), samtemplate.Env{
			Region: stack.Region, AccountID: "000000000000", StackName: stack.Name,
			Parameters: map[string]string{"JwtIssuer": "http://127.0.0.1", "JwtAudience": "vouch", "AllowedOrigins": "x", "ClamdHost": "address", "ClamdAddress": "127.0.0.1:3310", "Scanners": "clamav+guardduty"},
		})
		if err != nil {
			t.Fatal(err)
		}
		only := 0
		for _, f := range template.Functions {
			if !slices.ContainsFunc(local.Template.Functions, func(o samtemplate.Function) bool { return o.LogicalID == f.LogicalID }) {
				only++
				answersItsSamples(t, f, func(event []byte) ([]byte, string, error) { return p.invoke(t, f.Name, event) })
			}
		}
		if only != 2 {
			t.Errorf("%d functions are of GuardDuty's", only)
		}
	})

	t.Run("a wait survives the end of everything", func(t *testing.T) {
		f, v, token := p.uploaded(t, alice)
		p.kill(t)
		p.start(t)
		again := p.waits(t, v, token)
		p.clean(t, v)
		alice.await(t, f.ID, "ready")
		for _, name := range []string{"stack.log", "functions.log", "events.jsonl", "libraries.log"} {
			data, err := os.ReadFile(filepath.Join(p.dir, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{token, again} {
				if bytes.Contains(data, []byte(secret)) {
					t.Errorf("%s holds the token of a task", name)
				}
			}
		}
	})
}

// The table is where a result and a task meet, so its own rule is tried where
// it is carried out.
func TestTheTableKeepsTheGraverResultAndTheNewestToken(t *testing.T) {
	p := newProcess(t, "results", "-scanners", "guardduty")
	p.start(t)
	store := dynamo.NewScanResults(dynamodb.NewFromConfig(p.config(t, "ReceiveGuardDutyFunction")), resultsTable)
	v := guardduty.Version{Key: "files/a/b", VersionID: "v1", ETag: "e1"}
	until := time.Now().Add(time.Hour)
	if r, err := store.Await(t.Context(), v, "one", until); err != nil || r != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, tt := range []struct{ arrives, counts guardduty.Status }{
		{guardduty.Failed, guardduty.Failed},
		{guardduty.NoThreatsFound, guardduty.NoThreatsFound},
		{guardduty.NoThreatsFound, guardduty.NoThreatsFound},
		{guardduty.AccessDenied, guardduty.NoThreatsFound},
		{guardduty.ThreatsFound, guardduty.ThreatsFound},
		{guardduty.NoThreatsFound, guardduty.ThreatsFound},
	} {
		counts, token, err := store.Arrive(t.Context(), guardduty.Result{Version: v, Status: tt.arrives, Names: []string{string(tt.arrives)}}, until)
		if err != nil || counts.Status != tt.counts || counts.Version != v || token != "one" || counts.Names[0] != string(tt.counts) {
			t.Errorf("%s: %+v, %q, %v", tt.arrives, counts, token, err)
		}
	}
	if r, err := store.Await(t.Context(), v, "two", until); err != nil || r == nil || r.Status != guardduty.ThreatsFound {
		t.Errorf("%+v, %v", r, err)
	}
	if _, token, err := store.Arrive(t.Context(), guardduty.Result{Version: v, Status: guardduty.ThreatsFound}, until); err != nil || token != "two" {
		t.Errorf("%q, %v", token, err)
	}

	// GuardDuty alone: what nobody has scanned here is clean by its word only.
	alice := p.as(t, "alice")
	f, version, _ := p.uploaded(t, alice)
	p.clean(t, version)
	alice.await(t, f.ID, "ready")
	verdict, err := json.Marshal(p.record(t, f.ID).Verdict)
	if err != nil || !strings.Contains(string(verdict), `"outcome":"clean"`) || !strings.Contains(string(verdict), `"scanners":[{"name":"guardduty"}]`) {
		t.Errorf("%s, %v", verdict, err)
	}
}
