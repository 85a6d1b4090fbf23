package main

import (
	"strings"
	"testing"
)

func TestWithIAMRequestsAreSignedAndNoTokenIsSent(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	m.env["AWS_EC2_METADATA_DISABLED"] = "true"
	if r := m.run("ls", "--iam"); r.code != exitUsage || !strings.Contains(r.err, "AWS_REGION") {
		t.Errorf("without a region: %s", r)
	}
	m.env["AWS_REGION"] = "eu-west-1"
	if r := m.run("ls", "--iam"); r.code != exitUnauthorised || !strings.Contains(r.err, "no AWS credentials") {
		t.Errorf("without credentials: %s", r)
	}
	if asked := d.asked(); len(asked) != 0 {
		t.Errorf("it was asked for %v", asked)
	}
	const secret = "s3cretkey"
	m.env["AWS_ACCESS_KEY_ID"], m.env["AWS_SECRET_ACCESS_KEY"] = "AKIDEXAMPLE", secret
	r := m.run("ls", "--iam", "--json") // the double knows tokens only
	if r.code != exitUnauthorised || strings.Contains(r.out+r.err, secret) {
		t.Errorf("it ends with %s", r)
	}
	asked := d.asked()
	if len(asked) == 0 {
		t.Fatal("it was not asked")
	}
	for _, a := range asked {
		if !strings.Contains(a, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") || !strings.Contains(a, "/eu-west-1/execute-api/aws4_request") || strings.Contains(a, goodToken) {
			t.Errorf("it was asked by %s", a)
		}
	}
	if r := m.run("verify", m.file("a.txt", []byte("a")), "--id", anID, "--iam"); r.code != exitUsage || !strings.Contains(r.err, "--keys") {
		t.Errorf("keys of the address for machines: %s", r)
	}
}

func TestTheRegionIsThatOfTheAddressWhereItHasOne(t *testing.T) {
	for api, want := range map[string]string{
		"https://abc123.execute-api.eu-west-1.amazonaws.com":        "eu-west-1",
		"https://abc123.execute-api.cn-north-1.amazonaws.com.cn":    "cn-north-1",
		"https://abc123.execute-api.eu-west-1.amazonaws.com:443/v1": "eu-west-1",
		"https://files.example.com":                                 "",
		"https://a.execute-api.eu-west-1.example.com":               "",
		"http://127.0.0.1:8081":                                     "",
		"https://execute-api.eu-west-1.amazonaws.com":               "",
		"://": "",
	} {
		if got := regionOf(api); got != want {
			t.Errorf("%s is in %q", api, got)
		}
	}
}
