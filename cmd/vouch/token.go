package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/client"
)

// errToken says that there is no token to send.
var errToken = errors.New("no token")

// maxToken is the longest token that is read, in bytes: API Gateway takes no
// more than 10,240 bytes of headers (Amazon API Gateway, "Quotas for HTTP APIs").
const maxToken = 10 << 10

// tokens returns where tokens are taken from: the environment, the file that it
// names, or the file or the program that the configuration names. A file is read for every
// request, so that whoever renews it need not tell anybody. There is no flag:
// everybody on the machine can read the arguments of a process.
func tokens(c config) client.TokenSource {
	command := tokenCommand{args: c.TokenCommand, now: time.Now}
	return func(ctx context.Context) (string, error) {
		if text := os.Getenv("VOUCH_TOKEN"); text != "" {
			return checkToken(text, "VOUCH_TOKEN")
		}
		if path := os.Getenv("VOUCH_TOKEN_FILE"); path != "" {
			return readToken(path)
		}
		if c.TokenFile != "" {
			return readToken(c.TokenFile)
		}
		if len(c.TokenCommand) > 0 {
			return command.get(ctx)
		}
		return "", fmt.Errorf("%w: set VOUCH_TOKEN, or VOUCH_TOKEN_FILE to a file that has it, or tokenFile or tokenCommand in the configuration (vouch help environment)", errToken)
	}
}

// readToken reads a token from a file that nobody else can read.
func readToken(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errToken, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("%w: %w", errToken, err)
	}
	// A pipe, as <(command) of a shell makes one, has permissions that say nothing.
	if mode := info.Mode(); runtime.GOOS != "windows" && mode.IsRegular() && mode.Perm()&0o026 != 0 {
		return "", fmt.Errorf("%w is taken from %s, which others can read or write (%v): chmod 600 %[2]s", errToken, path, mode.Perm())
	}
	data, err := io.ReadAll(io.LimitReader(f, maxToken+2))
	if err != nil {
		return "", fmt.Errorf("%w: read %s: %w", errToken, path, err)
	}
	return checkToken(string(data), path)
}

// checkToken takes a token out of the white space around it. What it says of one
// that cannot be one never shows it.
func checkToken(text, where string) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return "", fmt.Errorf("%w: %s is empty", errToken, where)
	case len(text) > maxToken:
		return "", fmt.Errorf("%w: what is in %s is longer than any token", errToken, where)
	}
	// b64token (RFC 6750, 2.1), so that no text can add a header.
	if strings.ContainsFunc(text, func(r rune) bool {
		return !('a' <= r|0x20 && r|0x20 <= 'z' && r < 0x80 || '0' <= r && r <= '9' || strings.ContainsRune("-._~+/=", r))
	}) {
		return "", fmt.Errorf("%w: what is in %s is not one", errToken, where)
	}
	return text, nil
}

// refuseTokenFlag refuses a token among the arguments, without repeating it.
func refuseTokenFlag(args []string) error {
	for _, arg := range args {
		if arg == "--" {
			return nil
		}
		if name, _, _ := strings.Cut(arg, "="); name == "--token" || name == "-token" {
			return usage("a token does not belong on the command line, where every user of the machine, the shell's history and logs see it. " +
				"Set VOUCH_TOKEN or VOUCH_TOKEN_FILE instead; and if the token is a real one, consider it known to others")
		}
	}
	return nil
}
