package samtemplate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/local/webpage"
)

// property returns what is at a path of a resource's properties.
func property(t *testing.T, id string, path ...string) any {
	t.Helper()
	var v any = document(t)["Resources"].(map[string]any)[id].(map[string]any)["Properties"]
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok || m[name] == nil {
			t.Fatalf("%s has no %s", id, strings.Join(path, "."))
		}
		v = m[name]
	}
	return v
}

func TestCloudFrontSetsTheHeadersOfTheLocalStack(t *testing.T) {
	const policy = "ResponseHeadersPolicyConfig"
	csp := property(t, "WebHeaders", policy, "SecurityHeadersConfig", "ContentSecurityPolicy", "ContentSecurityPolicy", "Fn::Sub").([]any)
	want := webpage.ContentSecurityPolicy(webpage.Places{API: "${Address}", S3: "${S3}", Issuer: []string{"${Issuer}"}})
	if csp[0] != want {
		t.Errorf("the policy is\n%s\nand not\n%s", csp[0], want)
	}
	security := property(t, "WebHeaders", policy, "SecurityHeadersConfig").(map[string]any)
	got := map[string]string{
		"X-Content-Type-Options": "nosniff", // all that CloudFront knows of it
		"X-Frame-Options":        fmt.Sprint(security["FrameOptions"].(map[string]any)["FrameOption"]),
		"Referrer-Policy":        fmt.Sprint(security["ReferrerPolicy"].(map[string]any)["ReferrerPolicy"]),
	}
	if security["ContentTypeOptions"] == nil || security["StrictTransportSecurity"] == nil {
		t.Errorf("it has %v", security)
	}
	for _, h := range property(t, "WebHeaders", policy, "CustomHeadersConfig", "Items").([]any) {
		h := h.(map[string]any)
		got[fmt.Sprint(h["Header"])] = fmt.Sprint(h["Value"])
	}
	if !maps.Equal(got, webpage.SecurityHeaders) {
		t.Errorf("it sets %v", got)
	}
	for name, h := range security {
		if h.(map[string]any)["Override"] != true {
			t.Errorf("%s can be set otherwise by a file", name)
		}
	}
}

func TestConfigOfThePageIsOfTheFormOfTheLocalStacks(t *testing.T) {
	sub := document(t)["Outputs"].(map[string]any)["WebConfig"].(map[string]any)["Value"].(map[string]any)["Fn::Sub"].([]any)
	text := variable.ReplaceAllString(fmt.Sprint(sub[0]), "x")
	if scopes := fmt.Sprint(sub[1].(map[string]any)["Scopes"].(map[string]any)["Fn::If"].([]any)[1]); strings.Count(scopes, `"`)%2 != 0 {
		t.Errorf("the scopes are %s", scopes)
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	var c webpage.Config
	if err := d.Decode(&c); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if c.API == "" || c.Issuer == "" || c.ClientID == "" || c.S3 == "" || len(c.Scopes) == 0 {
		t.Errorf("it is %+v", c)
	}
}

func TestThePageIsThereOnlyIfItIsAsked(t *testing.T) {
	for id, r := range document(t)["Resources"].(map[string]any) {
		r := r.(map[string]any)
		ofThePage := strings.HasPrefix(id, "Web") || strings.HasPrefix(fmt.Sprint(r["Type"]), "AWS::CloudFront::")
		if ofThePage != (r["Condition"] == "ServesPage") {
			t.Errorf("%s has the condition %v", id, r["Condition"])
		}
	}
	if stack := loaded(t); slices.ContainsFunc(stack.Buckets, func(b Bucket) bool { return strings.Contains(b.Name, "web") }) {
		t.Error("the local stack has the page's bucket")
	}
}

func TestAPageThatIsNotWholeIsRefused(t *testing.T) {
	const origin, certificate = "https://files.example.com", "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
	whole := map[string]string{
		"WebPage": "enabled", "WebOrigin": origin, "WebCertificateArn": certificate, "AllowedOrigins": "http://localhost:5173," + origin,
		"WebClientId": "page", "WebIssuerOrigins": "https://login.example.com",
	}
	for name, tt := range map[string]struct {
		change map[string]string
		want   string // in the error; "" for none of the rules'
	}{
		"whole":                           {nil, ""},
		"no origin":                       {map[string]string{"WebOrigin": ""}, "needs WebOrigin"},
		"no certificate":                  {map[string]string{"WebCertificateArn": ""}, "needs WebCertificateArn"},
		"a certificate of another region": {map[string]string{"WebCertificateArn": strings.Replace(certificate, "us-east-1", "eu-west-1", 1)}, "AllowedPattern"},
		"an origin that may not call":     {map[string]string{"AllowedOrigins": "https://app.example.com"}, "one of AllowedOrigins"},
		"an origin with a path":           {map[string]string{"WebOrigin": origin + "/"}, "AllowedPattern"},
		"an origin without TLS":           {map[string]string{"WebOrigin": "http://files.example.com"}, "AllowedPattern"},
		"no client":                       {map[string]string{"WebClientId": ""}, "needs WebClientId"},
		"no origin of the issuer":         {map[string]string{"WebIssuerOrigins": ""}, "needs WebIssuerOrigins"},
		"a directive in an origin":        {map[string]string{"WebIssuerOrigins": "https://login.example.com; script-src *"}, "AllowedPattern"},
		"a scope with a quote":            {map[string]string{"WebScopes": `openid"`}, "AllowedPattern"},
		"disabled, and an origin":         {map[string]string{"WebPage": "disabled", "WebClientId": "", "WebIssuerOrigins": ""}, "for WebPage=enabled only"},
		"a pool, and a client":            {map[string]string{"JwtIssuer": "", "JwtAudience": ""}, "with JwtIssuer only"},
	} {
		e := env()
		maps.Copy(e.Parameters, whole)
		maps.Copy(e.Parameters, tt.change)
		parameters, err := parameterValues(document(t)["Parameters"].(map[string]any), e.Parameters)
		if err == nil {
			err = (&resolver{env: e, parameters: parameters}).hold(document(t)["Rules"].(map[string]any))
		}
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOnlyCloudFrontReadsThePage(t *testing.T) {
	for _, s := range property(t, "WebBucketPolicy", "PolicyDocument", "Statement").([]any) {
		s := s.(map[string]any)
		if s["Effect"] != "Allow" {
			continue
		}
		condition := fmt.Sprint(s["Condition"])
		if s["Action"] != "s3:GetObject" || fmt.Sprint(s["Principal"]) != "map[Service:cloudfront.amazonaws.com]" || !strings.Contains(condition, "aws:SourceArn") || !strings.Contains(condition, "${WebDistribution}") {
			t.Errorf("it allows %v", s)
		}
	}
}

func TestThePageIsSentByTLS12AtLeast(t *testing.T) {
	certificate := property(t, "WebDistribution", "DistributionConfig", "ViewerCertificate").(map[string]any)
	if certificate["MinimumProtocolVersion"] != "TLSv1.2_2021" {
		t.Errorf("it takes %v", certificate)
	}
	if p := property(t, "WebDistribution", "DistributionConfig", "DefaultCacheBehavior", "ViewerProtocolPolicy"); p != "redirect-to-https" {
		t.Errorf("it is %v", p)
	}
}

// The rule of local/webpage, in the language that CloudFront runs.
func TestTheViewsAreOneDocumentAtCloudFrontToo(t *testing.T) {
	code := fmt.Sprint(property(t, "WebViews", "FunctionCode"))
	for _, want := range []string{"request.uri === '/app' || request.uri.startsWith('/app/')", "request.uri = '/index.html'"} {
		if !strings.Contains(code, want) {
			t.Errorf("it does not say %s:\n%s", want, code)
		}
	}
}
