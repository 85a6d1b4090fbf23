package e2e

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/client"
	"github.com/vouch-s3/vouch/shared/dynamo"
	domain "github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/idempotency"
)

const callsTable = "vouch-IdempotencyTable"

// replayed is what marks the answer to an earlier call.
const replayed = "Idempotency-Replayed"

const png = `{"filename":"a.png","contentType":"image/png","size":5,"method":"put"}`

// callStore is the table of calls with a key, as the function with the id sees it;
// empty for the administrator.
func callStore(t *testing.T, logicalID string) *dynamo.Calls {
	t.Helper()
	cfg := local.Admin()
	if logicalID != "" {
		cfg.Credentials = functionKey(t, logicalID)
	}
	return dynamo.NewCalls(dynamodb.NewFromConfig(cfg), callsTable)
}

// files lists the ids of a user's files.
func (u user) files(t *testing.T) []string {
	t.Helper()
	var page struct{ Files []file }
	u.call(t, "GET", "/files?limit=100", "").into(t, &page)
	ids := make([]string, len(page.Files))
	for i, f := range page.Files {
		ids[i] = f.ID
	}
	return ids
}

func problemIs(t *testing.T, r reply, status int, code string) {
	t.Helper()
	var p problem
	r.into(t, &p)
	if r.status != status || p.Type != "urn:vouch:problem:"+code {
		t.Errorf("%d %s, want %d %s", r.status, r.body, status, code)
	}
}

func TestOfFiftyCallsAtOnceWithOneKeyOneMakesAFile(t *testing.T) {
	racer := as(t, "racer")
	replies := make([]reply, 50)
	var racing sync.WaitGroup
	begin := make(chan struct{})
	for i := range replies {
		racing.Go(func() {
			<-begin
			replies[i] = racer.send(t, "POST", "/files", png, "Idempotency-Key", `"race"`)
		})
	}
	close(begin)
	racing.Wait()
	bodies, first := map[string]int{}, 0
	for _, r := range replies {
		switch {
		case r.status == http.StatusCreated:
			bodies[r.body]++
			if r.header.Get(replayed) == "" {
				first++
			}
		case r.header.Get("Retry-After") != "1":
			t.Errorf("%d %s, Retry-After %q", r.status, r.body, r.header.Get("Retry-After"))
		default:
			problemIs(t, r, http.StatusConflict, "idempotency-in-progress")
		}
	}
	if first != 1 || len(bodies) != 1 {
		t.Errorf("%d calls were carried out, with %d answers", first, len(bodies))
	}
	if ids := racer.files(t); len(ids) != 1 {
		t.Errorf("%d files", len(ids))
	}
	for _, n := range bodies {
		t.Logf("of 50 calls %d were answered, the others told to come again", n)
	}
}

// The functions of the stack are few, so the store is also raced for by itself:
// first for a key that is new, then for one whose attempt has ended.
func TestOneOfFiftyAttemptsHoldsAKey(t *testing.T) {
	keeper := idempotency.Keeper{Store: callStore(t, "CreateUploadFunction"), Now: time.Now}
	race := func(want idempotency.Decision) (held idempotency.Record) {
		t.Helper()
		var mu sync.Mutex
		decisions := map[idempotency.Decision]int{}
		var racing sync.WaitGroup
		for range 50 {
			racing.Go(func() {
				id, err := domain.NewID()
				if err != nil {
					t.Error(err)
					return
				}
				r, d, err := keeper.Begin(t.Context(), idempotency.Call{ID: t.Name(), Body: "b", Resource: id, Deadline: time.Now().Add(time.Hour)})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if decisions[d]++; d == want {
					held = r
				}
			})
		}
		racing.Wait()
		if decisions[want] != 1 || decisions[idempotency.InProgress] != 49 {
			t.Fatalf("%v, want one to %s", decisions, want)
		}
		return held
	}
	first := race(idempotency.Start)
	if err := keeper.Release(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if second := race(idempotency.Resume); second.Attempt == first.Attempt || second.Resource != first.Resource {
		t.Errorf("%+v after %+v", second, first)
	}
}

// The client is gone when its answer comes: as far as the API knows, all is well.
func TestACallWhoseAnswerWasLostIsMadeAgain(t *testing.T) {
	alice, bob := as(t, "repeating"), as(t, "repeating-too")
	key := []string{"Idempotency-Key", `"8e03978e-40d5-43dd-bc93-6894a57f9324"`}
	first := alice.call(t, "POST", "/files", png, key...)
	again := alice.call(t, "POST", "/files", png, key...)
	if first.status != 201 || again.status != 201 || again.body != first.body || first.header.Get(replayed) != "" || again.header.Get(replayed) != "true" {
		t.Fatalf("%d %v %s\nthen %d %v %s", first.status, first.header, first.body, again.status, again.header, again.body)
	}
	for _, name := range []string{"Location", "Etag", "Cache-Control", "Content-Type", "Retry-After", "X-Content-Type-Options"} {
		if again.header.Get(name) != first.header.Get(name) || first.header.Get(name) == "" {
			t.Errorf("%s: %q, then %q", name, first.header.Get(name), again.header.Get(name))
		}
	}
	var f file
	again.into(t, &f)
	if status, code := put(t, f, []byte("hello")); status != http.StatusOK {
		t.Errorf("the URL that was told again: %d %s", status, code)
	}
	problemIs(t, alice.call(t, "POST", "/files", png+" ", key...), 422, "idempotency-mismatch")
	if r := bob.call(t, "POST", "/files", png, key...); r.status != 201 || r.header.Get(replayed) != "" {
		t.Errorf("the same key of another: %d %s", r.status, r.body)
	}
	if a, b := alice.files(t), bob.files(t); len(a) != 1 || len(b) != 1 || a[0] == b[0] {
		t.Errorf("files %v and %v", a, b)
	}
	// What is called, and on what, tells keys apart too.
	if r := alice.call(t, "POST", "/files/"+f.ID+"/complete", "", key...); r.status != http.StatusAccepted || r.header.Get(replayed) != "" {
		t.Errorf("the same key on another route: %d %s", r.status, r.body)
	}
	problemIs(t, alice.call(t, "POST", "/files", png, "Idempotency-Key", `"no end`), 400, "invalid-idempotency-key")
}

// The way to the API breaks just as it answers, twice.
func TestTheSDKMakesOneFileWhenItsAnswersAreLost(t *testing.T) {
	target, err := url.Parse(local.APIURL())
	if err != nil {
		t.Fatal(err)
	}
	var lost atomic.Int32
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(r *http.Response) error {
		if r.Request.Method == http.MethodPost && lost.Add(1) <= 2 {
			return errors.New("the answer is lost")
		}
		return nil
	}
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	between := httptest.NewServer(proxy)
	defer between.Close()
	alice := as(t, "unheard")
	through := alice
	through.api = between.URL
	created, err := through.sdk(t).Create(t.Context(), client.NewFile{Filename: "a.bin", ContentType: octets, Size: 5})
	if err != nil || lost.Load() != 3 {
		t.Fatalf("after %d calls: %v", lost.Load(), err)
	}
	if ids := alice.files(t); len(ids) != 1 || ids[0] != created.ID {
		t.Errorf("files %v, want %s alone", ids, created.ID)
	}
}

func TestEveryPostTakesAKey(t *testing.T) {
	alice := as(t, "alice")
	token, err := local.AdminToken("operator", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	admin := user{"operator", token, local.APIURL()}
	ready := alice.ready(t, "a.bin", random(t, 100))
	inParts := alice.askParts(t, random(t, 100), false)
	for path, tt := range map[string]struct {
		user
		body string
	}{
		"/files/" + ready.ID + "/download": {alice, ""},
		"/files/" + ready.ID + "/complete": {alice, ""},
		"/files/" + inParts.ID + "/parts":  {alice, `{"partNumbers":[1]}`},
		"/admin/rescan":                    {admin, ""},
		"/admin/erasures":                  {admin, `{"subject":"nobody-at-all"}`},
	} {
		first := tt.call(t, "POST", path, tt.body, "Idempotency-Key", "every-post")
		again := tt.call(t, "POST", path, tt.body, "Idempotency-Key", "every-post")
		if first.status >= 300 || again.status != first.status || again.body != first.body || again.header.Get(replayed) != "true" {
			t.Errorf("%s: %d %s, then %d %s", path, first.status, first.body, again.status, again.body)
		}
	}
}

func TestARefusalIsReplayedUnlessItMayPass(t *testing.T) {
	alice := as(t, "refused")
	bad := `{"filename":"../a","contentType":"image/png","size":5}`
	first := alice.call(t, "POST", "/files", bad, "Idempotency-Key", "refusal")
	again := alice.call(t, "POST", "/files", bad, "Idempotency-Key", "refusal")
	problemIs(t, again, 422, "invalid-filename")
	if again.body != first.body || again.header.Get(replayed) != "true" {
		t.Errorf("%s, then %v %s", first.body, again.header, again.body)
	}
	f := alice.ask(t, "a.bin", []byte("hello"), false)
	complete := func() reply {
		return alice.call(t, "POST", "/files/"+f.ID+"/complete", "", "Idempotency-Key", "complete")
	}
	problemIs(t, complete(), 409, "not-uploaded")
	if status, code := put(t, f, []byte("hello")); status != http.StatusOK {
		t.Fatalf("PUT: %d %s", status, code)
	}
	if r := complete(); r.status != http.StatusAccepted || r.header.Get(replayed) != "" {
		t.Errorf("when it has passed: %d %s", r.status, r.body)
	}
}

// A function that dies after it has made a file says nothing: the next call finds
// the file.
func TestACallWhoseFunctionDiedIsTakenOver(t *testing.T) {
	alice := as(t, "orphan")
	id := idempotency.ID("orphan", "died", "POST /files", "")
	made := alice.ask(t, "a.png", []byte("hello"), false)
	died := idempotency.Record{
		ID: id, Body: idempotency.Fingerprint([]byte(png)), Attempt: "died", Resource: made.ID,
		LockedUntil: time.Now().Add(time.Hour), ExpiresAt: time.Now().Add(2 * time.Hour),
	}
	store := callStore(t, "")
	if r, err := store.Start(t.Context(), died, time.Now()); err != nil || r.Attempt != "died" {
		t.Fatalf("%+v, %v", r, err)
	}
	again := func() reply { return alice.call(t, "POST", "/files", png, "Idempotency-Key", "died") }
	problemIs(t, again(), 409, "idempotency-in-progress")
	if err := store.Release(t.Context(), died, time.Now()); err != nil { // as its deadline would
		t.Fatal(err)
	}
	r := again()
	var f file
	r.into(t, &f)
	if r.status != 201 || f.ID != made.ID || f.Upload.ExpiresAt.After(made.Upload.ExpiresAt.Add(time.Second)) {
		t.Fatalf("%d %s, want file %s until %v", r.status, r.body, made.ID, made.Upload.ExpiresAt)
	}
	if r := again(); r.header.Get(replayed) != "true" || r.status != 201 {
		t.Errorf("after that: %d %v", r.status, r.header)
	}
	if status, code := put(t, f, []byte("hello")); status != http.StatusOK {
		t.Errorf("the URL that was signed again: %d %s", status, code)
	}
	if ids := alice.files(t); len(ids) != 1 {
		t.Errorf("files %v", ids)
	}
}

// The adapter holds to the rules of idempotency.Store where they are made, in
// DynamoDB's conditions, with the rights of a function and no more.
func TestTheStoreOfCallsWritesOnlyWhatIsItsOwn(t *testing.T) {
	store := callStore(t, "CreateDownloadFunction")
	now := time.Now().UTC().Truncate(time.Second)
	r := idempotency.Record{
		ID: "store-" + t.Name(), Body: "b", Attempt: "first", Resource: "file", LockedUntil: now.Add(time.Minute), ExpiresAt: now.Add(time.Hour),
	}
	start := func(r idempotency.Record, at time.Time) idempotency.Record {
		t.Helper()
		got, err := store.Start(t.Context(), r, at)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := start(r, now); got != r {
		t.Errorf("%+v, want %+v", got, r)
	}
	second := r
	second.Attempt, second.Resource = "second", "another"
	if got := start(second, now); got != r {
		t.Errorf("a second start: %+v", got)
	}
	resumed, err := store.Resume(t.Context(), r, "third", now.Add(2*time.Minute))
	if err != nil || resumed.Attempt != "third" || resumed.Resource != "file" || !resumed.LockedUntil.Equal(now.Add(2*time.Minute)) {
		t.Errorf("resumed: %+v, %v", resumed, err)
	}
	if got, err := store.Resume(t.Context(), r, "fourth", now); err != nil || got.Attempt != "third" {
		t.Errorf("resumed by what was seen before: %+v, %v", got, err)
	}
	if kept, err := store.Finish(t.Context(), r, idempotency.Answer{Status: 500}); err != nil || kept {
		t.Errorf("the first attempt has answered: %v, %v", kept, err)
	}
	if err := store.Release(t.Context(), r, now); err != nil {
		t.Error(err)
	}
	answer := idempotency.Answer{Status: 200, Header: map[string]string{"A": "b"}, Body: strings.Repeat(`{"url":"https://example.com/"}`, 20_000)}
	for range 2 { // as if its answer had been lost
		if kept, err := store.Finish(t.Context(), resumed, answer); err != nil || !kept {
			t.Errorf("finished: %v, %v", kept, err)
		}
	}
	if err := store.Release(t.Context(), resumed, now.Add(-time.Hour)); err != nil {
		t.Error(err)
	}
	got := start(second, now.Add(time.Hour-time.Second))
	if got.Answer == nil || got.Answer.Status != 200 || got.Answer.Body != answer.Body || !maps.Equal(got.Answer.Header, answer.Header) || !got.LockedUntil.Equal(resumed.LockedUntil) {
		t.Errorf("what is kept: %+v", got)
	}
	second.ExpiresAt = now.Add(2 * time.Hour)
	if got := start(second, now.Add(time.Hour)); got != second {
		t.Errorf("when it has expired: %+v", got)
	}
	// The role can write items, and read none but what is in its way.
	cfg := local.Admin()
	cfg.Credentials = functionKey(t, "CreateDownloadFunction")
	_, err = dynamodb.NewFromConfig(cfg).GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String(callsTable), Key: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: r.ID}},
	})
	if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("create-download reads a call: %v", err)
	}
	if _, err := callStore(t, "GetFileFunction").Start(t.Context(), r, now); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("get-file writes a call: %v", err)
	}
}

func TestAPageMaySendAKeyAndReadWhetherItIsAnsweredAgain(t *testing.T) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, local.APIURL()+"/files", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", local.APIURL())
	req.Header.Set("Access-Control-Request-Method", "POST")
	req.Header.Set("Access-Control-Request-Headers", "authorization,content-type,idempotency-key")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if allowed := resp.Header.Get("Access-Control-Allow-Headers"); !strings.Contains(allowed, "idempotency-key") {
		t.Errorf("it may send %q", allowed)
	}
	r := as(t, "page").call(t, "POST", "/files", png, "Origin", local.APIURL(), "Idempotency-Key", "page")
	if exposed := r.header.Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, "idempotency-replayed") {
		t.Errorf("it may read %q", exposed)
	}
}

func TestTheTableOfCallsHoldsNoKeyAndNoToken(t *testing.T) {
	alice := as(t, "secretive")
	const key = "a-key-that-is-only-a-hash"
	if r := alice.call(t, "POST", "/files", png, "Idempotency-Key", key); r.status != 201 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	out, err := dynamodb.NewFromConfig(local.Admin()).Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(callsTable)})
	if err != nil || len(out.Items) == 0 {
		t.Fatalf("%d items, %v", len(out.Items), err)
	}
	data, err := json.Marshal(out.Items)
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]string{"the key": key, "the token": alice.token, "whose it is": "secretive", "a URL": "X-Amz-Signature"} {
		if strings.Contains(string(data), secret) {
			t.Errorf("it holds %s", name)
		}
	}
}
