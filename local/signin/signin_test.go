package signin

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/vouch-s3/vouch/local/tokens"
)

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // of RFC 7636, appendix B

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// keyDir has the issuer's key of all tests, which takes long to make.
var keyDir string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if keyDir, err = os.MkdirTemp("", "signin"); err != nil {
			panic(err)
		}
		defer os.RemoveAll(keyDir)
		return m.Run()
	}())
}

// world is a provider that serves, and a browser.
type world struct {
	t       *testing.T
	url     string // of the issuer
	page    string // the client's redirect URI
	issuer  *tokens.Issuer
	now     time.Time
	browser *http.Client
}

func start(t *testing.T, change func(*Client)) *world {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	origin := "http://" + server.Listener.Addr().String()
	w := &world{t: t, url: origin + "/issuer", page: origin + "/", now: time.Now()}
	var err error
	if w.issuer, err = tokens.Open(keyDir, w.url); err != nil {
		t.Fatal(err)
	}
	c := Client{
		ID: "web", RedirectURIs: []string{w.page}, Scopes: []string{"openid", "files:read", "files:admin"},
		AdminScopes: []string{"files:admin"}, Audience: "vouch",
	}
	if change != nil {
		change(&c)
	}
	p, err := New(w.issuer, c, func() time.Time { return w.now })
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = p
	server.Start()
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.browser = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return w
}

// ask is an authorization request that is in order, but for what is changed; an
// empty value leaves a parameter out.
func (w *world) ask(changes ...string) string {
	q := url.Values{
		"client_id": {"web"}, "redirect_uri": {w.page}, "response_type": {"code"}, "scope": {"openid files:read files:admin"},
		"state": {"s t&a=te"}, "nonce": {"n"}, "code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(changes); i += 2 {
		if q.Set(changes[i], changes[i+1]); changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	return w.url + authorizePath + "?" + q.Encode()
}

type reply struct {
	status   int
	header   http.Header
	body     string
	location *url.URL // nil for none
}

func (w *world) do(method, address string, form url.Values, headers ...string) reply {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	resp, err := w.browser.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	out := reply{status: resp.StatusCode, header: resp.Header, body: string(body)}
	if l := resp.Header.Get("Location"); l != "" {
		if out.location, err = url.Parse(l); err != nil {
			w.t.Fatal(err)
		}
	}
	return out
}

// code signs in and returns the code that comes back.
func (w *world) code(form url.Values, changes ...string) string {
	w.t.Helper()
	got := w.do("POST", w.ask(changes...), form)
	if got.status != http.StatusSeeOther || got.location == nil || got.location.Query().Get("code") == "" {
		w.t.Fatalf("signing in: %d %s %v", got.status, got.body, got.location)
	}
	return got.location.Query().Get("code")
}

func (w *world) redemption(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "client_id": {"web"}, "redirect_uri": {w.page}, "code": {code}, "code_verifier": {verifier}}
}

func (w *world) claims(token string) map[string]any {
	w.t.Helper()
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		w.t.Fatal(err)
	}
	claims := map[string]any{}
	if err := parsed.Claims(w.issuer.Keys(), &claims); err != nil {
		w.t.Fatal(err)
	}
	return claims
}

var alice = url.Values{"name": {" alice "}}

func TestWhoeverSignsInComesBackWithACodeForTokensOfTheirs(t *testing.T) {
	w := start(t, nil)
	if asked := w.do("GET", w.ask(), nil); asked.status != http.StatusOK || !strings.Contains(asked.body, "local stack") {
		t.Fatalf("the page: %d %s", asked.status, asked.body)
	}
	back := w.do("POST", w.ask(), alice)
	if back.status != http.StatusSeeOther || back.location.Scheme+"://"+back.location.Host+back.location.Path != w.page {
		t.Fatalf("signing in leads to %v", back.location)
	}
	q := back.location.Query()
	if q.Get("state") != "s t&a=te" || q.Get("iss") != w.url {
		t.Errorf("it comes back with %v", q)
	}
	got := w.do("POST", w.url+tokenPath, w.redemption(q.Get("code")))
	var tokens tokenAnswer
	if err := json.Unmarshal([]byte(got.body), &tokens); err != nil || got.status != http.StatusOK {
		t.Fatalf("tokens: %d %s", got.status, got.body)
	}
	if got.header.Get("Cache-Control") != "no-store" || tokens.TokenType != "Bearer" || tokens.Scope != "openid files:read" || tokens.ExpiresIn != 3600 {
		t.Errorf("tokens: %v %+v", got.header, tokens)
	}
	access, id := w.claims(tokens.AccessToken), w.claims(tokens.IDToken)
	if access["sub"] != "alice" || access["scope"] != "openid files:read" || access["aud"] != "vouch" || access["tenant"] != nil {
		t.Errorf("the access token says %v", access)
	}
	if id["sub"] != "alice" || id["nonce"] != "n" || id["aud"] != "web" || id["iss"] != w.url || id["auth_time"] == nil || id["scope"] != nil {
		t.Errorf("the ID token says %v", id)
	}
}

func TestAdministratorsScopesAreForWhoTicksAndForRequestsThatAsk(t *testing.T) {
	for name, tt := range map[string]struct {
		form  url.Values
		scope string
		want  string
	}{
		"ticked and asked":     {url.Values{"name": {"a"}, "admin": {"yes"}}, "openid files:read files:admin", "openid files:read files:admin"},
		"asked and not ticked": {url.Values{"name": {"a"}}, "openid files:admin", "openid"},
		"ticked and not asked": {url.Values{"name": {"a"}, "admin": {"yes"}}, "openid files:read", "openid files:read"},
	} {
		w := start(t, nil)
		got := w.do("POST", w.url+tokenPath, w.redemption(w.code(tt.form, "scope", tt.scope)))
		var tokens tokenAnswer
		if err := json.Unmarshal([]byte(got.body), &tokens); err != nil || tokens.Scope != tt.want || w.claims(tokens.AccessToken)["scope"] != tt.want {
			t.Errorf("%s: %s %v", name, got.body, err)
		}
	}
}

func TestWhereThereAreTenantsEverybodyIsOfOne(t *testing.T) {
	w := start(t, func(c *Client) { c.Tenant = "acme" })
	if got := w.do("POST", w.ask(), alice); got.status != http.StatusUnprocessableEntity || got.location != nil {
		t.Errorf("without one: %d %v", got.status, got.location)
	}
	got := w.do("POST", w.url+tokenPath, w.redemption(w.code(url.Values{"name": {"alice"}, "tenant": {"globex"}})))
	var tokens tokenAnswer
	if err := json.Unmarshal([]byte(got.body), &tokens); err != nil || w.claims(tokens.AccessToken)["tenant"] != "globex" {
		t.Errorf("%s %v", got.body, err)
	}
}

func TestGroupsAreInTheAccessTokenOfWhoeverNamesThem(t *testing.T) {
	for name, tt := range map[string]struct {
		groups string
		want   any
	}{
		"two":  {" staff  board ", []any{"staff", "board"}},
		"none": {"  ", nil},
	} {
		w := start(t, nil)
		got := w.do("POST", w.url+tokenPath, w.redemption(w.code(url.Values{"name": {"alice"}, "groups": {tt.groups}})))
		var answer tokenAnswer
		if err := json.Unmarshal([]byte(got.body), &answer); err != nil {
			t.Fatalf("%s: %s %v", name, got.body, err)
		}
		if is := w.claims(answer.AccessToken)[tokens.GroupsClaim]; !reflect.DeepEqual(is, tt.want) {
			t.Errorf("%s: the access token says %v, want %v", name, is, tt.want)
		}
		if is := w.claims(answer.IDToken)[tokens.GroupsClaim]; is != nil {
			t.Errorf("%s: the ID token says %v", name, is)
		}
	}
}

func TestAGroupThatTheFunctionsWouldPassOverIsAskedForAgain(t *testing.T) {
	w := start(t, nil)
	got := w.do("POST", w.ask(), url.Values{"name": {"alice"}, "groups": {"staff [board]"}})
	if got.status != http.StatusUnprocessableEntity || got.location != nil || !strings.Contains(got.body, `value="staff [board]"`) {
		t.Errorf("%d %v %s", got.status, got.location, got.body)
	}
}

func TestACodeIsRefusedTo(t *testing.T) {
	other := strings.Repeat("x", 43)
	for name, tt := range map[string]struct {
		change func(w *world, form url.Values)
		want   string
	}{
		"another verifier":        {func(_ *world, f url.Values) { f.Set("code_verifier", other) }, "invalid_grant"},
		"the challenge itself":    {func(_ *world, f url.Values) { f.Set("code_verifier", challengeOf(verifier)) }, "invalid_grant"},
		"a short verifier":        {func(_ *world, f url.Values) { f.Set("code_verifier", "short") }, "invalid_grant"},
		"an empty verifier":       {func(_ *world, f url.Values) { f.Set("code_verifier", "") }, "invalid_grant"},
		"no verifier":             {func(_ *world, f url.Values) { f.Del("code_verifier") }, "invalid_request"},
		"two verifiers":           {func(_ *world, f url.Values) { f.Add("code_verifier", verifier) }, "invalid_request"},
		"another redirect_uri":    {func(w *world, f url.Values) { f.Set("redirect_uri", w.page+"x") }, "invalid_grant"},
		"no redirect_uri":         {func(_ *world, f url.Values) { f.Del("redirect_uri") }, "invalid_request"},
		"another client":          {func(_ *world, f url.Values) { f.Set("client_id", "other") }, "invalid_client"},
		"a client with a secret":  {func(_ *world, f url.Values) { f.Set("client_secret", "s") }, "invalid_client"},
		"another code":            {func(_ *world, f url.Values) { f.Set("code", "other") }, "invalid_grant"},
		"a grant by refreshing":   {func(_ *world, f url.Values) { f.Set("grant_type", "refresh_token") }, "unsupported_grant_type"},
		"a grant of client's own": {func(_ *world, f url.Values) { f.Set("grant_type", "client_credentials") }, "unsupported_grant_type"},
		"who comes late":          {func(w *world, _ url.Values) { w.now = w.now.Add(codeLife) }, "invalid_grant"},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, nil)
			code := w.code(alice)
			form := w.redemption(code)
			tt.change(w, form)
			got := w.do("POST", w.url+tokenPath, form)
			var answer map[string]string
			if err := json.Unmarshal([]byte(got.body), &answer); err != nil || got.status != http.StatusBadRequest || !maps.Equal(answer, map[string]string{"error": tt.want}) {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

func TestACodeIsGoodOnce(t *testing.T) {
	for name, first := range map[string]func(url.Values){
		"after it was good":         func(url.Values) {},
		"after a wrong verifier":    func(f url.Values) { f.Set("code_verifier", strings.Repeat("x", 43)) },
		"after a wrong client":      func(f url.Values) { f.Set("client_id", "other") },
		"after another redirect":    func(f url.Values) { f.Set("redirect_uri", "http://evil.example/") },
		"after a client's password": func(f url.Values) { f.Set("client_secret", "s") },
	} {
		w := start(t, nil)
		code := w.code(alice)
		form := w.redemption(code)
		first(form)
		w.do("POST", w.url+tokenPath, form)
		if got := w.do("POST", w.url+tokenPath, w.redemption(code)); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}

func TestACodeIsGoodToItsLastMoment(t *testing.T) {
	w := start(t, nil)
	code := w.code(alice)
	w.now = w.now.Add(codeLife - 1)
	if got := w.do("POST", w.url+tokenPath, w.redemption(code)); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestTokensAreNotGivenForWhatStandsInAnAddress(t *testing.T) {
	w := start(t, nil)
	code := w.code(alice)
	if got := w.do("POST", w.url+tokenPath+"?"+w.redemption(code).Encode(), url.Values{}); got.status != http.StatusBadRequest {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := w.do("GET", w.url+tokenPath+"?"+w.redemption(code).Encode(), nil); got.status != http.StatusMethodNotAllowed {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestARequestThatIsNotInOrderGoesBackWithAnError(t *testing.T) {
	for name, tt := range map[string]struct {
		changes []string
		want    string
	}{
		"no state":           {[]string{"state", ""}, "invalid_request"},
		"no nonce":           {[]string{"nonce", ""}, "invalid_request"},
		"no challenge":       {[]string{"code_challenge", ""}, "invalid_request"},
		"no method":          {[]string{"code_challenge_method", ""}, "invalid_request"},
		"the method plain":   {[]string{"code_challenge_method", "plain"}, "invalid_request"},
		"a verifier as is":   {[]string{"code_challenge", verifier + "~"}, "invalid_request"},
		"the implicit flow":  {[]string{"response_type", "token"}, "unsupported_response_type"},
		"the hybrid flow":    {[]string{"response_type", "code id_token"}, "unsupported_response_type"},
		"a fragment":         {[]string{"response_mode", "fragment"}, "invalid_request"},
		"no openid":          {[]string{"scope", "files:read"}, "invalid_scope"},
		"a scope of nobody":  {[]string{"scope", "openid files:all"}, "invalid_scope"},
		"a request object":   {[]string{"request", "e30."}, "request_not_supported"},
		"a request's URL":    {[]string{"request_uri", "http://evil.example/"}, "request_uri_not_supported"},
		"consent":            {[]string{"prompt", "consent"}, "invalid_request"},
		"none and login":     {[]string{"prompt", "none login"}, "invalid_request"},
		"an age below zero":  {[]string{"max_age", "-1"}, "invalid_request"},
		"nobody, and no ask": {[]string{"prompt", "none"}, "login_required"},
	} {
		w := start(t, nil)
		got := w.do("GET", w.ask(tt.changes...), nil)
		if got.status != http.StatusSeeOther || got.location == nil || !strings.HasPrefix(got.location.String(), w.page+"?") {
			t.Errorf("%s: %d %v", name, got.status, got.location)
			continue
		}
		q := got.location.Query()
		if q.Get("error") != tt.want || q.Has("code") || q.Get("iss") != w.url || q.Get("state") != "s t&a=te" && name != "no state" {
			t.Errorf("%s: it goes back with %v", name, q)
		}
		if posted := w.do("POST", w.ask(tt.changes...), alice); tt.want != "login_required" && (posted.location == nil || posted.location.Query().Has("code")) {
			t.Errorf("%s: the form is taken: %v", name, posted.location)
		}
	}
}

func TestNobodyIsLedAnywhereElse(t *testing.T) {
	w := start(t, nil)
	host := strings.TrimPrefix(strings.TrimSuffix(w.page, "/"), "http://")
	for _, uri := range []string{
		"", "http://evil.example/", "//evil.example/", "javascript:alert(1)", "/", w.page + "x", w.page + "?a=b", w.page + "#f", w.page + "../",
		strings.TrimSuffix(w.page, "/"), "http://" + host + "@evil.example/", "http://evil.example/#" + w.page, strings.ToUpper(w.page),
		"https://" + host + "/", w.page + "%2e%2e", w.page + "\\evil.example", " " + w.page, w.page + "\x00", "http://localhost" + host[strings.Index(host, ":"):] + "/",
	} {
		for _, method := range []string{"GET", "POST"} {
			form := alice
			if method == "GET" {
				form = nil
			}
			if got := w.do(method, w.ask("redirect_uri", uri), form); got.status != http.StatusBadRequest || got.location != nil {
				t.Errorf("%s of %q: %d %v", method, uri, got.status, got.location)
			}
		}
		if uri == "" {
			continue
		}
		if got := w.do("GET", w.url+endSessionPath+"?"+url.Values{"client_id": {"web"}, "post_logout_redirect_uri": {uri}}.Encode(), nil); got.status != http.StatusBadRequest || got.location != nil {
			t.Errorf("signing out to %q: %d %v", uri, got.status, got.location)
		}
	}
	for name, address := range map[string]string{
		"another client":    w.ask("client_id", "other"),
		"no client":         w.ask("client_id", ""),
		"two clients":       w.ask() + "&client_id=web",
		"two redirect URIs": w.ask() + "&redirect_uri=http%3A%2F%2Fevil.example%2F",
		"a broken query":    w.ask() + "&%zz",
		"a semicolon":       w.ask() + ";a=b",
		"a long query":      w.ask("state", strings.Repeat("s", maxQuery)),
	} {
		if got := w.do("GET", address, nil); got.status != http.StatusBadRequest || got.location != nil {
			t.Errorf("%s: %d %v", name, got.status, got.location)
		}
	}
	if got := w.do("GET", w.ask()+"&state=2", nil); got.location == nil || got.location.Query().Get("error") != "invalid_request" {
		t.Errorf("two states: %d %v", got.status, got.location)
	}
}

func TestWhoHasSignedInIsNotAskedAgain(t *testing.T) {
	w := start(t, nil)
	w.code(url.Values{"name": {"alice"}, "admin": {"yes"}})
	silently := func(changes ...string) *url.URL { return w.do("GET", w.ask(changes...), nil).location }
	for name, changes := range map[string][]string{
		"no prompt": nil, "prompt=none": {"prompt", "none"}, "a time that is not over": {"max_age", "60"},
	} {
		if to := silently(changes...); to == nil || to.Query().Get("code") == "" {
			t.Errorf("%s: %v", name, to)
		}
	}
	if to := silently("prompt", "login"); to != nil {
		t.Errorf("prompt=login leads on to %v", to)
	}
	w.now = w.now.Add(time.Minute)
	if to := silently("max_age", "60"); to != nil {
		t.Errorf("after max_age it leads on to %v", to)
	}
	if to := silently("max_age", "60", "prompt", "none"); to == nil || to.Query().Get("error") != "login_required" {
		t.Errorf("after max_age, with prompt=none, it leads to %v", to)
	}
	w.now = w.now.Add(sessionLife)
	if to := silently("prompt", "none"); to == nil || to.Query().Get("error") != "login_required" {
		t.Errorf("after the session it leads to %v", to)
	}
}

func TestSigningOut(t *testing.T) {
	signedIn := func(w *world) bool {
		to := w.do("GET", w.ask("prompt", "none"), nil).location
		return to != nil && to.Query().Has("code")
	}
	hintOf := func(w *world, name string) string {
		hint, err := w.issuer.SignIdentity(tokens.Identity{Subject: name, Client: "web", Life: -time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		return hint
	}
	end := func(w *world, q url.Values) string { return w.url + endSessionPath + "?" + q.Encode() }

	w := start(t, nil)
	w.code(alice)
	q := url.Values{"client_id": {"web"}, "post_logout_redirect_uri": {w.page}, "state": {"x"}}
	if got := w.do("GET", end(w, q), nil); got.status != http.StatusOK || !signedIn(w) || !strings.Contains(got.body, "alice") {
		t.Errorf("a link alone: %d %s", got.status, got.body)
	}
	if got := w.do("POST", end(w, q), url.Values{}, "Sec-Fetch-Site", "cross-site"); got.status != http.StatusForbidden || !signedIn(w) {
		t.Errorf("another page's form: %d %s", got.status, got.body)
	}
	q.Set("id_token_hint", hintOf(w, "bob"))
	if got := w.do("GET", end(w, q), nil); got.status != http.StatusOK || !signedIn(w) {
		t.Errorf("somebody else's token: %d %s", got.status, got.body)
	}
	access, err := w.issuer.Sign(tokens.Claims{Subject: "alice", Audience: "vouch", Life: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for name, hint := range map[string]string{"an access token": access, "no token": "x"} {
		q.Set("id_token_hint", hint)
		if got := w.do("GET", end(w, q), nil); got.status != http.StatusBadRequest || !signedIn(w) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	q.Set("id_token_hint", hintOf(w, "alice")) // which has expired
	if got := w.do("GET", end(w, q), nil); got.status != http.StatusSeeOther || got.location.String() != w.page+"?state=x" || signedIn(w) {
		t.Errorf("the client's link: %d %v", got.status, got.location)
	}

	w.code(alice)
	q.Del("id_token_hint")
	if got := w.do("POST", end(w, q), url.Values{}, "Sec-Fetch-Site", "same-origin"); got.status != http.StatusSeeOther || signedIn(w) {
		t.Errorf("saying yes: %d %s", got.status, got.body)
	}
	if got := w.do("GET", end(w, url.Values{"post_logout_redirect_uri": {w.page}}), nil); got.status != http.StatusBadRequest {
		t.Errorf("nobody's redirect: %d", got.status)
	}
}

func TestNoOtherPageSignsAnybodyIn(t *testing.T) {
	w := start(t, nil)
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
		{"Origin", "http://evil.example"},
		{"Origin", "null"},
	} {
		if got := w.do("POST", w.ask(), alice, headers...); got.status != http.StatusForbidden || got.location != nil || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%v: %d %v", headers, got.status, got.location)
		}
	}
}

func TestANameOfSomebodyElsesThatLeadsHereIsNotAnswered(t *testing.T) {
	w := start(t, nil)
	if got := w.do("GET", w.ask(), nil, "Host", "evil.example"); got.status != http.StatusMisdirectedRequest {
		t.Errorf("%d", got.status)
	}
}

func TestThePageIsEscapedAndRunsNothing(t *testing.T) {
	w := start(t, nil)
	markup := `"><script>alert(1)</script>` + "\x07"
	got := w.do("POST", w.ask(), url.Values{"name": {markup}})
	if got.status != http.StatusUnprocessableEntity || strings.Contains(got.body, "<script") || !strings.Contains(got.body, "&lt;script&gt;") {
		t.Errorf("%d %s", got.status, got.body)
	}
	w.code(url.Values{"name": {"<b>bob</b>"}})
	got = w.do("GET", w.url+endSessionPath, nil)
	if strings.Contains(got.body, "<b>") || !strings.Contains(got.body, "&lt;b&gt;") {
		t.Errorf("%s", got.body)
	}
}

func TestEveryPageHasItsHeaders(t *testing.T) {
	w := start(t, func(c *Client) { c.RedirectURIs = append(c.RedirectURIs, "http://localhost:5173/") })
	for name, got := range map[string]reply{
		"the question":  w.do("GET", w.ask(), nil),
		"a wrong name":  w.do("POST", w.ask(), url.Values{"name": {""}}),
		"a refusal":     w.do("GET", w.ask("client_id", "other"), nil),
		"a way back":    w.do("GET", w.ask("state", ""), nil),
		"a forged form": w.do("POST", w.ask(), alice, "Origin", "null"),
		"a wrong host":  w.do("GET", w.ask(), nil, "Host", "evil.example"),
		"the style":     w.do("GET", w.url+stylePath, nil),
		"signed out":    w.do("GET", w.url+endSessionPath, nil),
		"tokens":        w.do("POST", w.url+tokenPath, url.Values{}),
	} {
		for header, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self' " + strings.TrimSuffix(w.page, "/") + " http://localhost:5173",
			"X-Content-Type-Options":  "nosniff",
			"X-Frame-Options":         "DENY",
			"Referrer-Policy":         "no-referrer",
			"Cache-Control":           "no-store",
		} {
			if got.header.Get(header) != want {
				t.Errorf("%s: %s is %q", name, header, got.header.Get(header))
			}
		}
	}
	cookie := w.do("POST", w.ask(), alice).header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Lax", "Path=/issuer/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie is %q", cookie)
		}
	}
}

func TestOnlyTheClientsPagesReadTokens(t *testing.T) {
	w := start(t, func(c *Client) { c.RedirectURIs = append(c.RedirectURIs, "http://localhost:5173/") })
	for origin, want := range map[string]string{"http://localhost:5173": "http://localhost:5173", "http://evil.example": "", "null": ""} {
		for _, method := range []string{"POST", "OPTIONS"} {
			if got := w.do(method, w.url+tokenPath, url.Values{}, "Origin", origin); got.header.Get("Access-Control-Allow-Origin") != want {
				t.Errorf("%s by %s: %q", method, origin, got.header.Get("Access-Control-Allow-Origin"))
			}
		}
	}
}

func TestTheDiscoveryDocumentNamesWhatIsThere(t *testing.T) {
	w := start(t, nil)
	got := w.do("GET", w.url+discoveryPath, nil, "Host", "any")
	var d map[string]any
	if err := json.Unmarshal([]byte(got.body), &d); err != nil {
		t.Fatal(err)
	}
	if d["issuer"] != w.url || !slices.Equal(d["code_challenge_methods_supported"].([]any), []any{"S256"}) {
		t.Errorf("it says %v", d)
	}
	for name, v := range d {
		address, ok := v.(string)
		if !ok || name == "issuer" {
			continue
		}
		if r := w.do("GET", address, nil); r.status == http.StatusNotFound {
			t.Errorf("%s is not there", name)
		}
	}
}
