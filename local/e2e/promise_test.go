package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/vouch-s3/vouch/local/stack"
	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/audit/audittest"
	"github.com/vouch-s3/vouch/shared/dynamo"
	domain "github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/quota"
	"github.com/vouch-s3/vouch/shared/verify"
	"github.com/vouch-s3/vouch/shared/workflow"
)

const (
	bucket       = "vouch-filesbucket"
	table        = "vouch-FilesTable"
	usageTable   = "vouch-UsageTable"
	historyTable = "vouch-HistoryTable"
)

func records() *dynamo.Store {
	return dynamo.New(dynamodb.NewFromConfig(local.Admin()), table).Recording(historyTable).Counting(usageTable).Within(quota.Quotas{})
}

func record(t *testing.T, id string) domain.File {
	t.Helper()
	f, err := records().Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// settled waits until the event of the file's end state is out, and returns the
// record, which nothing but a request changes from then on.
func settled(t *testing.T, id string) domain.File {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		f := record(t, id)
		if f.SweepAt.IsZero() {
			return f
		}
		if time.Now().After(deadline) {
			t.Fatalf("the end of %s is not announced", id)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// versions counts the versions that S3 holds of a file.
func versions(t *testing.T, id string) int {
	t.Helper()
	out, err := local.Objects().ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: aws.String(bucket), Prefix: aws.String(record(t, id).Key)})
	if err != nil {
		t.Fatal(err)
	}
	return len(out.Versions)
}

func awaitVersions(t *testing.T, id string, want int) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for versions(t, id) != want {
		if time.Now().After(deadline) {
			t.Fatalf("S3 holds %d versions of %s, not %d", versions(t, id), id, want)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// functionKey is an access key of a function's role, stolen for a test. It is not
// the function's own, whose uses of its permissions are counted.
func functionKey(t *testing.T, logicalID string) aws.CredentialsProvider {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "stack", "access-keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string]struct{ ID, Secret string }
	if err := json.Unmarshal(data, &keys); err != nil {
		t.Fatal(err)
	}
	key, ok := keys[stack.Borrowed+logicalID]
	if !ok {
		t.Fatalf("%s has no key", logicalID)
	}
	return credentials.NewStaticCredentialsProvider(key.ID, key.Secret, "")
}

func objectsAs(t *testing.T, logicalID string) *s3.Client {
	t.Helper()
	return s3.New(s3.Options{
		Region: stack.Region, BaseEndpoint: aws.String(local.S3URL()), UsePathStyle: true, Credentials: functionKey(t, logicalID),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
	})
}

// Whatever the download function might be tricked into signing, S3 itself gives
// its role no version that is not tagged clean.
func TestS3RefusesTheDownloadRoleWhatIsNotClean(t *testing.T) {
	alice := as(t, "alice")
	signer := s3.NewPresignClient(objectsAs(t, "CreateDownloadFunction"))
	status := func(key, version string) int {
		t.Helper()
		in := &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &key}
		if version != "" {
			in.VersionId = &version
		}
		signed, err := signer.PresignGetObject(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		got, _, _ := fetch(t, signed.URL)
		return got
	}
	good := alice.ready(t, "a.bin", random(t, 1000))
	bad := alice.ask(t, "e.com", eicar, true)
	put(t, bad, eicar)
	alice.await(t, bad.ID, "rejected")
	ready, rejected := record(t, good.ID), record(t, bad.ID)
	if got := status(ready.Key, ready.VersionID); got != 200 {
		t.Errorf("the verified version: %d", got)
	}
	if got := status(rejected.Key, rejected.VersionID); got != 403 {
		t.Errorf("a rejected version: %d", got)
	}
	if got := status(ready.Key, ""); got != 403 {
		t.Errorf("a verified object without a version: %d", got)
	}
	// Somebody with every right overwrites the object behind the record's back.
	swapped, err := local.Objects().PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &ready.Key, Body: strings.NewReader("swapped")})
	if err != nil {
		t.Fatal(err)
	}
	if got := status(ready.Key, *swapped.VersionId); got != 403 {
		t.Errorf("a version swapped in after the verdict: %d", got)
	}
	code, _, body := fetch(t, alice.link(t, good.ID))
	if code != 200 || checksum(body) != good.ChecksumSHA256 {
		t.Errorf("after the swap the owner gets %d with other bytes: %v", code, checksum(body) != good.ChecksumSHA256)
	}
}

func TestAnExpiredURLIsRefused(t *testing.T) {
	alice := as(t, "alice")
	f := alice.ask(t, "a.bin", []byte("x"), false)
	key, err := functionKey(t, "CreateUploadFunction").Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for age, want := range map[time.Duration]int{16 * time.Minute: 403, 14 * time.Minute: 200} {
		req, err := http.NewRequest("PUT", local.S3URL()+"/"+bucket+"/"+record(t, f.ID).Key+"?X-Amz-Expires=900", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = 1
		req.Header.Set("Content-Type", octets)
		req.Header.Set("If-None-Match", "*")
		url, _, err := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }).PresignHTTP(t.Context(), key, req, "UNSIGNED-PAYLOAD", "s3", stack.Region, time.Now().Add(-age))
		if err != nil {
			t.Fatal(err)
		}
		if status, code := putTo(t, url, f.Upload.Headers, []byte("x")); status != want {
			t.Errorf("signed %v ago: %d %s, want %d", age, status, code, want)
		}
	}
}

// Least privilege holds where it counts: a function that is taken over can do
// what its role may and nothing else.
func TestAFunctionThatIsTakenOverCanDoOnlyItsOwn(t *testing.T) {
	alice := as(t, "alice")
	f := alice.ready(t, "a.bin", random(t, 1000))
	r := record(t, f.ID)
	config := func(logicalID string) aws.Config {
		cfg := local.Admin()
		cfg.Credentials = functionKey(t, logicalID)
		return cfg
	}
	for name, act := range map[string]func() error{
		"get-file writes a record": func() error {
			return dynamo.New(dynamodb.NewFromConfig(config("GetFileFunction")), table).Recording(historyTable).Counting(usageTable).Within(quota.Quotas{}).Create(audittest.As(t, "alice"), r)
		},
		"get-file lists records": func() error {
			_, _, err := dynamo.New(dynamodb.NewFromConfig(config("GetFileFunction")), table).List(t.Context(), domain.Query{Owner: "alice", Limit: 1})
			return err
		},
		"list-files reads the sweeper's index": func() error {
			_, err := dynamo.New(dynamodb.NewFromConfig(config("ListFilesFunction")), table).Due(t.Context(), time.Now(), 1)
			return err
		},
		"create-upload reads an object": func() error {
			_, err := objectsAs(t, "CreateUploadFunction").GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &r.Key})
			return err
		},
		"create-upload overwrites an object": func() error {
			_, err := objectsAs(t, "CreateUploadFunction").PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &r.Key, Body: strings.NewReader("x")})
			return err
		},
		"create-upload writes outside of files/": func() error {
			_, err := objectsAs(t, "CreateUploadFunction").PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("x"), Body: strings.NewReader("x"), IfNoneMatch: aws.String("*")})
			return err
		},
		"create-download lists the bucket": func() error {
			_, err := objectsAs(t, "CreateDownloadFunction").ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
			return err
		},
		"scan-object tags a version": func() error {
			return tag(t, objectsAs(t, "ScanObjectFunction"), r)
		},
		"run-canary writes where others' files are": func() error {
			_, err := objectsAs(t, "RunCanaryFunction").PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(r.Key + "x"), Body: strings.NewReader("x"), IfNoneMatch: aws.String("*")})
			return err
		},
		"run-canary reads another's file": func() error {
			_, err := objectsAs(t, "RunCanaryFunction").GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &r.Key, VersionId: &r.VersionID})
			return err
		},
		"delete-file starts a workflow": func() error {
			return workflow.New(sfn.NewFromConfig(config("DeleteFileFunction")), local.Template.Outputs["StateMachineArn"]).Start(t.Context(), "x", verify.JobFor(r))
		},
		"rescan-files starts a verification": func() error {
			return workflow.New(sfn.NewFromConfig(config("RescanFilesFunction")), local.Template.Outputs["StateMachineArn"]).Start(t.Context(), "x", verify.JobFor(r))
		},
		"list-ready-files lists an owner's files": func() error {
			_, _, err := dynamo.New(dynamodb.NewFromConfig(config("ListReadyFilesFunction")), table).List(t.Context(), domain.Query{Owner: "alice", Limit: 1})
			return err
		},
		"create-upload writes a record that is not counted": func() error {
			_, err := dynamodb.NewFromConfig(config("CreateUploadFunction")).PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(table), Item: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: "x"}}})
			return err
		},
		"create-upload raises what is left of a quota": func() error {
			return setUsage(t, config("CreateUploadFunction"), "alice", "bytes", -1000)
		},
		"delete-file raises what is left of a quota": func() error {
			return setUsage(t, config("DeleteFileFunction"), "alice", "bytes", -1000)
		},
		"get-usage raises what is left of a quota": func() error {
			return setUsage(t, config("GetUsageFunction"), "alice", "bytes", -1000)
		},
		"mark-ready settles a quota": func() error {
			_, err := dynamo.New(dynamodb.NewFromConfig(config("MarkReadyFunction")), table).Recording(historyTable).Counting(usageTable).Change(audittest.As(t, "alice"), f.ID, domain.Change{To: domain.Rejected, At: time.Now(), Reason: domain.MalwareDetected})
			return err
		},
		"validate-object settles a quota": func() error {
			_, err := dynamo.New(dynamodb.NewFromConfig(config("ValidateObjectFunction")), table).Recording(historyTable).Counting(usageTable).Change(audittest.As(t, "alice"), f.ID, domain.Change{To: domain.Rejected, At: time.Now(), Reason: domain.MalwareDetected})
			return err
		},
		"validate-object moves a record outside of a transaction": func() error {
			_, err := dynamodb.NewFromConfig(config("ValidateObjectFunction")).UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
				TableName: aws.String(table), Key: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: f.ID}},
				UpdateExpression: aws.String("SET updatedAt = :x"), ExpressionAttributeValues: map[string]types.AttributeValue{":x": &types.AttributeValueMemberS{Value: "x"}},
			})
			return err
		},
		"mark-ready notes what it has not done": func() error {
			e, err := audit.Of(audittest.As(t, "alice"), r, audit.DownloadPresigned, time.Now())
			if err != nil {
				return err
			}
			return dynamo.New(dynamodb.NewFromConfig(config("MarkReadyFunction")), table).Recording(historyTable).Note(t.Context(), e)
		},
		"delete-file deletes from the trail": func() error {
			_, err := dynamodb.NewFromConfig(config("DeleteFileFunction")).DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
				TableName: aws.String(historyTable), Key: map[string]types.AttributeValue{"fileId": &types.AttributeValueMemberS{Value: f.ID}, "id": &types.AttributeValueMemberS{Value: f.ID}},
			})
			return err
		},
		"put-hold tags a version clean": func() error {
			return tag(t, objectsAs(t, "PutHoldFunction"), r)
		},
		"put-hold tags a version that is open": func() error {
			return tagAs(t, objectsAs(t, "PutHoldFunction"), r, domain.Held)
		},
		"delete-hold tags a version that is open": func() error {
			return tagAs(t, objectsAs(t, "DeleteHoldFunction"), r, domain.Refused)
		},
		"put-hold deletes a version": func() error {
			_, err := objectsAs(t, "PutHoldFunction").DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: &r.Key, VersionId: &r.VersionID})
			return err
		},
		"set-retention lists what is overdue": func() error {
			_, err := dynamo.New(dynamodb.NewFromConfig(config("SetRetentionFunction")), table).Overdue(t.Context(), time.Now(), 1)
			return err
		},
		"nobody signs with a wrong secret": func() error {
			cfg := local.Admin()
			cfg.Credentials = credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "x", "")
			_, err := dynamo.New(dynamodb.NewFromConfig(cfg), table).Get(t.Context(), f.ID)
			return err
		},
	} {
		err := act()
		if err == nil {
			t.Errorf("%s: it was allowed", name)
		} else if text := err.Error(); !strings.Contains(text, "AccessDenied") && !strings.Contains(text, "InvalidSignature") && !strings.Contains(text, "403") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADoubledAndALateEventVerifyOnce(t *testing.T) {
	alice := as(t, "alice")
	f := alice.ready(t, "a.bin", random(t, 1000))
	r := settled(t, f.ID)
	event := func(version string) []byte {
		return fmt.Appendf(nil, `{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":%q},"object":{"key":%q,"size":1000,"etag":"e","version-id":%q,"sequencer":"00"}}}`, bucket, r.Key, version)
	}
	gone := "01A" + r.VersionID[3:] // in the form of a version, but of none that is there
	for _, version := range []string{r.VersionID, r.VersionID, gone} {
		result, err := local.Invoke(t.Context(), "StartVerificationFunction", event(version))
		if err != nil || result.FunctionError != "" {
			t.Errorf("%v %s", err, result.Payload)
		}
	}
	again := record(t, f.ID)
	again.SweepAt, r.SweepAt = time.Time{}, time.Time{} // until the event of its end is out
	if !reflect.DeepEqual(again, r) {
		t.Errorf("the record has changed from\n%+v to\n%+v", r, again)
	}
	// An event of somebody else's making does nothing either.
	result, err := local.Invoke(t.Context(), "StartVerificationFunction", bytes.ReplaceAll(event(r.VersionID), []byte("aws.s3"), []byte("vouch")))
	if err != nil || result.FunctionError == "" {
		t.Errorf("a forged event: %v %s", err, result.Payload)
	}
}

func TestTheSweeperEndsWhatEventsForgot(t *testing.T) {
	alice := as(t, "alice")
	store := records()
	due := func(f file) {
		t.Helper()
		if err := store.Postpone(t.Context(), record(t, f.ID), time.Now().Add(-time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	sweep := func() {
		t.Helper()
		result, err := local.Invoke(t.Context(), "SweepUploadsFunction", []byte("{}"))
		if err != nil || result.FunctionError != "" {
			t.Fatalf("%v %s", err, result.Payload)
		}
	}
	never := alice.ask(t, "never.bin", []byte("x"), false)
	waiting := alice.ask(t, "waiting.bin", []byte("x"), false)
	due(never)
	sweep()
	if got := alice.get(t, never.ID).Status; got != "expired" {
		t.Errorf("an upload that never arrived is %s", got)
	}
	if got := alice.get(t, waiting.ID).Status; got != "pending" {
		t.Errorf("an upload that may still arrive is %s", got)
	}
	// A verification that was lost: the record says uploaded, no execution runs.
	lost := alice.ask(t, "lost.bin", []byte("x"), false)
	r := record(t, lost.ID)
	out, err := local.Objects().PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &r.Key, Body: strings.NewReader("x"), ContentType: aws.String(octets)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Change(audittest.As(t, "e2e"), lost.ID, domain.Change{
		To: domain.Uploaded, At: time.Now(), SweepAt: time.Now().Add(-time.Minute),
		Object: &domain.Object{VersionID: *out.VersionId, ETag: strings.Trim(*out.ETag, `"`)},
	}); err != nil {
		t.Fatal(err)
	}
	sweep()
	alice.await(t, lost.ID, "ready")
	// Bytes that come after the end are removed, if their event is lost too.
	if _, err := local.Objects().PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(record(t, never.ID).Key), Body: strings.NewReader("x")}); err != nil {
		t.Fatal(err)
	}
	due(never)
	sweep()
	awaitVersions(t, never.ID, 0)
}

func TestAScannerThatDiesDelaysTheVerdictAndNeverMakesIt(t *testing.T) {
	alice := as(t, "alice")
	data := random(t, 64<<20)
	f := alice.ask(t, "a.bin", data, true)
	infected := alice.ask(t, "e.com", eicar, false)
	if status, code := put(t, f, data); status != 200 {
		t.Fatalf("PUT: %d %s", status, code)
	}
	alice.await(t, f.ID, "verifying")
	if err := exec.Command("pkill", "-9", "-f", "--", "--config-file="+filepath.Join(dir, "stack", "clamd", "clamd.conf")).Run(); err != nil {
		t.Fatal(err)
	}
	put(t, infected, eicar)
	alice.await(t, f.ID, "ready")
	alice.await(t, infected.ID, "rejected")
}

// The store keeps the table of transitions in DynamoDB itself, whoever writes.
func TestTheStoreAllowsExactlyTheLegalTransitions(t *testing.T) {
	store := records()
	now := time.Now().UTC().Truncate(time.Millisecond)
	for _, from := range domain.Statuses() {
		for _, to := range domain.Statuses() {
			id, err := domain.NewID()
			if err != nil {
				t.Fatal(err)
			}
			f := domain.File{
				ID: id, Owner: "store-test", Filename: "a", Method: domain.Put, ContentType: "text/plain", Size: 1, Status: from, Key: domain.Key("store-test", id),
				VersionID: "v1", ETag: "e", CreatedAt: now, UpdatedAt: now, UploadExpiresAt: now, UploadedAt: now, Revision: 1,
			}
			if err := store.Create(audittest.As(t, "e2e"), f); err != nil {
				t.Fatal(err)
			}
			if err := store.Create(audittest.As(t, "e2e"), f); err == nil {
				t.Error("a record was created twice")
			}
			if _, err := store.Change(audittest.As(t, "e2e"), id, domain.Change{To: to, At: now, IfVersion: "v2"}); err == nil {
				t.Errorf("%s → %s for another version was taken", from, to)
			}
			changed, err := store.Change(audittest.As(t, "e2e"), id, domain.Change{To: to, At: now, IfVersion: "v1"})
			current, conflict := domain.Conflict(err)
			switch {
			case to == domain.Pending && err == nil:
				t.Errorf("%s became pending", from)
			case to == domain.Pending: // nothing may, so no record is even looked at
			case from.CanBecome(to) && (err != nil || changed.Status != to || changed.Revision != 2):
				t.Errorf("%s → %s: %v %+v", from, to, err, changed)
			case !from.CanBecome(to) && (!conflict || !reflect.DeepEqual(current, f)):
				t.Errorf("%s → %s: %v, current %+v", from, to, err, current)
			}
		}
	}
	if _, err := store.Change(audittest.As(t, "e2e"), "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e", domain.Change{To: domain.Deleted, At: now}); domain.CodeOf(err) != domain.CodeNotFound {
		t.Errorf("a change of no record: %v", err)
	}
}

// A stack that is killed in the middle of a verification, with no chance to
// tidy up, goes on where it was when it comes back, with every byte in place.
func TestAFileThatIsVerifyingWhenEverythingIsKilledReachesItsEnd(t *testing.T) {
	p := newProcess(t, "killed")
	p.start(t)
	alice := p.as(t, "alice")
	small := alice.ready(t, "small.bin", random(t, 1000))
	content := random(t, 256<<20)
	big := alice.ask(t, "big.bin", content, true)
	if status, code := put(t, big, content); status != 200 {
		t.Fatalf("PUT: %d %s", status, code)
	}
	alice.await(t, big.ID, "verifying")
	p.kill(t)
	p.start(t)
	alice.await(t, big.ID, "ready")
	if status, _, body := fetch(t, alice.link(t, big.ID)); status != 200 || !bytes.Equal(body, content) {
		t.Errorf("%d, %d bytes came back", status, len(body))
	}
	if again := alice.get(t, small.ID); !reflect.DeepEqual(again, small) {
		t.Errorf("an older file changed from %+v to %+v", small, again)
	}

	// And so does a re-scan.
	admin := p.as(t, "operator", "-scopes", "files:admin")
	if r := admin.call(t, "POST", "/admin/rescan", ""); r.status != http.StatusAccepted {
		t.Fatalf("%d %s", r.status, r.body)
	}
	p.kill(t)
	killed := time.Now()
	p.start(t)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		r := alice.call(t, "GET", "/files/"+big.ID, "")
		var f struct {
			Status  string
			Verdict struct{ CheckedAt time.Time }
		}
		r.into(t, &f)
		if f.Status != "ready" || time.Now().After(deadline) {
			t.Fatalf("%d %s, killed at %v", r.status, r.body, killed)
		}
		if f.Verdict.CheckedAt.After(killed) {
			break
		}
	}
}

// Nothing that opens a door is written to a log.
func TestLogsHoldNoSignatureAndNoToken(t *testing.T) {
	alice := as(t, "alice")
	f := alice.ready(t, "a.bin", random(t, 1000))
	link := alice.link(t, f.ID)
	signature := func(url string) string {
		_, s, _ := strings.Cut(url, "X-Amz-Signature=")
		s, _, _ = strings.Cut(s, "&")
		return s
	}
	refused := alice.ask(t, "b.bin", []byte("x"), false)
	if status, _ := put(t, refused, []byte("x"), "X-Amz-Tagging", "x=y"); status != 403 {
		t.Errorf("an unsigned header: %d", status)
	}
	for _, name := range []string{"stack.log", "functions.log", "events.jsonl"} {
		data, err := os.ReadFile(filepath.Join(dir, "stack", name))
		if err != nil {
			t.Fatal(err)
		}
		if len(data) == 0 && name != "stack.log" {
			t.Errorf("%s is empty", name)
		}
		for what, secret := range map[string]string{"a signature": "X-Amz-Signature=", "the download's signature": signature(link), "the upload's signature": signature(refused.Upload.URL), "a token": alice.token, "a token's signature": alice.token[strings.LastIndex(alice.token, ".")+1:]} {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds %s", name, what)
			}
		}
	}
}
