package stack

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/local/tokens"
)

// Token returns a token that the stack accepts, with the scopes of an ordinary
// one, and of the tenant acme where there are tenants.
func (s *Stack) Token(subject string, life time.Duration) (string, error) {
	return s.TokenOf(subject, s.tenant, nil, life)
}

// TokenOf is Token for somebody of a tenant, empty for none, and of groups.
func (s *Stack) TokenOf(subject, tenant string, groups []string, life time.Duration) (string, error) {
	return s.issuer.Sign(tokens.Claims{Subject: subject, Audience: Audience, Scopes: Scopes, Tenant: tenant, Groups: groups, Life: life})
}

// AdminToken returns a token with the scope files:admin and no other.
func (s *Stack) AdminToken(subject string, life time.Duration) (string, error) {
	return s.issuer.Sign(tokens.Claims{Subject: subject, Audience: Audience, Scopes: []string{"files:admin"}, Tenant: s.tenant, Life: life})
}

// ClamdAddr is the address of the ClamAV daemon.
func (s *Stack) ClamdAddr() string { return s.clamd.Addr() }

// APIURL is the address of the HTTP API.
func (s *Stack) APIURL() string { return s.api }

// MachineURL is the address of the API for programs that sign, and empty where there
// is none.
func (s *Stack) MachineURL() string { return s.machines }

// MachineKey returns what a session of a machine signs with, as OpenMachineKey does.
func (s *Stack) MachineKey(name, session string, policy []byte) (MachineKey, error) {
	return OpenMachineKey(s.logPath, name, session, policy)
}

// S3URL is the address of S3.
func (s *Stack) S3URL() string { return s.objects.URL() }

// AWSURL is the address of the other AWS services.
func (s *Stack) AWSURL() string { return s.aws.URL() }

// Banner writes what a person needs to try the stack: the addresses, a token,
// and the commands of a file's whole way, to be pasted as they are.
func (s *Stack) Banner(w io.Writer) error {
	const life = 12 * time.Hour
	token, err := s.Token("alice", life)
	if err != nil {
		return err
	}
	lines := []string{
		"Vouch runs. Ctrl-C stops it; the data stays.",
		"  API " + s.APIURL() + "   S3 " + s.S3URL() + "   other AWS " + s.AWSURL(),
		"  logs and events: " + s.logPath + "/{stack.log,functions.log,events.jsonl}",
		"  ClamAV: " + s.clamd.Database().String(),
		"  web page: " + s.pageURL(),
		"",
		"With the command vouch, which make cli builds to .vouch/bin (docs/cli.md):",
		`  export VOUCH_API=` + s.APIURL() + ` VOUCH_TOKEN="$(make -s token` + s.tokenArgs() + `)" PATH="$PWD/.vouch/bin:$PATH"`,
		"  vouch put README.md; vouch ls",
		"",
		"Or by hand. Alice's token, for " + fmt.Sprint(life.Hours()) + " hours, and a file to try with:",
		"  TOKEN=" + token + "; [ -e demo.bin ] || head -c 5000000 /dev/urandom > demo.bin",
		"Ask, PUT, poll and download:",
		`  ASK=$(curl -sS ` + s.APIURL() + `/files -H "Authorization: Bearer $TOKEN" -d '{"filename":"demo.bin","contentType":"application/octet-stream","method":"put","size":'$(($(wc -c <demo.bin)))'}'); ID=$(echo "$ASK" | sed 's/.*"id":"\([^"]*\)".*/\1/'); echo "$ASK"`,
		`  curl -sS -f -T demo.bin -H 'Content-Type: application/octet-stream' -H 'If-None-Match: *' "$(echo "$ASK" | sed 's/.*"url":"\([^"]*\)".*/\1/')" && echo sent`,
		`  until curl -sS ` + s.APIURL() + `/files/$ID -H "Authorization: Bearer $TOKEN" | tee /dev/stderr | grep -qE '"(ready|rejected|expired|deleted)"'; do sleep 1; done`,
		`  curl -sS -f -o back.bin "$(curl -sS -X POST ` + s.APIURL() + `/files/$ID/download -H "Authorization: Bearer $TOKEN" | sed 's/.*"url":"\([^"]*\)".*/\1/')" && cmp demo.bin back.bin && echo the same`,
	}
	if s.machines != "" {
		lines = append(lines, "",
			"For programs that sign (docs/machines.md), in a shell of their own, "+s.machines+":",
			`  eval "$(.vouch/bin/vouch-local machine-key -dir `+s.logPath+` Uploader)"; export VOUCH_API=`+s.machines+`; vouch --iam put README.md`)
	}
	_, err = io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

// tokenArgs is what make token needs besides for this stack, if it is not where
// make run starts one by itself.
func (s *Stack) tokenArgs() string {
	addr := strings.TrimPrefix(s.api, "http://")
	if addr == "127.0.0.1:8080" && filepath.Base(s.logPath) == ".vouch" {
		return ""
	}
	return ` ARGS="-api ` + addr + ` -dir ` + s.logPath + `"`
}
