package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-s3/vouch/client"
	"github.com/vouch-s3/vouch/shared/receipt"
)

// errReceipt says that a receipt does not hold: it is none, no key that is known
// has signed it, or it speaks of another file or other bytes.
var errReceipt = errors.New("the receipt does not hold")

func (a *app) verifyCommand() *cobra.Command {
	var id, keys string
	cmd := &cobra.Command{
		Use:   "verify FILE [RECEIPT]",
		Short: "Check a file against its signed receipt",
		Long: `verify says whether exactly the bytes of FILE were verified, by whom, when, and
with what outcome, as the signed receipt has it. RECEIPT is a file that has the
receipt, or - for stdin; with --id it is asked for at the API.

The public keys come from --keys, a JWKS, or from the API. With a receipt and
--keys nothing is asked of anybody. That a receipt holds says what was found, not
that it is good enough for you: see its outcome. FILE may be - for stdin.`,
		Example: `  vouch verify report.pdf report.receipt --keys vouch-keys.json
  vouch verify report.pdf --id 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e
  vouch verify report.pdf report.receipt --json | jq -e '.outcome == "clean"'`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error { return a.verify(cmd.Context(), args, id, keys) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		},
	}
	cmd.Flags().StringVar(&id, "id", "", "ask the API for the receipt of the file with this id")
	cmd.Flags().StringVar(&keys, "keys", "", "a file with the public keys, as /.well-known/jwks.json of the API gives them")
	return cmd
}

// receiptLine is what a receipt says that holds, in the output of --json.
type receiptLine struct {
	Path           string    `json:"path"`
	ID             string    `json:"id"`
	Outcome        string    `json:"outcome"`
	ChecksumSHA256 string    `json:"checksumSHA256"`
	Size           int64     `json:"size"`
	ContentType    string    `json:"contentType"`
	DetectedType   string    `json:"detectedType,omitempty"`
	Complete       bool      `json:"complete"` // every byte was looked at
	Scanners       []string  `json:"scanners"`
	CheckedAt      time.Time `json:"checkedAt"`
	IssuedAt       time.Time `json:"issuedAt"`
}

func (a *app) verify(ctx context.Context, args []string, id, keysPath string) error {
	switch {
	case len(args) == 2 && id != "":
		return usage("the receipt is in a file, or --id says whose it is, not both")
	case len(args) == 1 && id == "":
		return usage("name the file that has the receipt, or --id to ask the API for it")
	case len(args) == 2 && args[0] == "-" && args[1] == "-":
		return usage("only one of the two comes on stdin")
	case a.iam && keysPath == "":
		return usage("the address for machines has no public keys: --keys names a file that has them, as /.well-known/jwks.json of the other address gives them")
	}
	if id != "" {
		if err := checkIDs([]string{id}); err != nil {
			return err
		}
	}
	text, err := a.receipt(ctx, args, id)
	if err != nil {
		return err
	}
	keys, err := a.keys(ctx, keysPath)
	if err != nil {
		return err
	}
	claims, err := receipt.Verify(text, keys)
	if err != nil {
		return fmt.Errorf("%w: %w", errReceipt, err)
	}
	if id != "" && claims.Subject != id {
		return fmt.Errorf("%w: it is of the file %s", errReceipt, claims.Subject)
	}
	f, err := a.open(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	if err := claims.Matches(contextReader{ctx, f}); err != nil {
		if errors.Is(err, receipt.ErrMismatch) {
			return fmt.Errorf("%w: %w", errReceipt, err)
		}
		return cause(ctx, err)
	}
	return a.tellReceipt(args[0], claims)
}

// receipt reads the receipt from a file or the API.
func (a *app) receipt(ctx context.Context, args []string, id string) (string, error) {
	if id == "" {
		f, err := a.open(args[1])
		if err != nil {
			return "", err
		}
		defer f.Close()
		data, err := io.ReadAll(io.LimitReader(f, receipt.MaxLength+16))
		if err != nil {
			return "", fmt.Errorf("read the receipt: %w", err)
		}
		return strings.TrimSpace(string(data)), nil
	}
	c, _, err := a.client()
	if err != nil {
		return "", err
	}
	f, err := c.Get(ctx, id)
	if err != nil {
		return "", cause(ctx, err)
	}
	if f.Status != client.StatusReady {
		return "", &notReadyError{f}
	}
	if f.Receipt == "" {
		return "", errors.New("the file has no receipt")
	}
	return f.Receipt, nil
}

// keys reads the public keys from a file or the API.
func (a *app) keys(ctx context.Context, path string) (receipt.Keys, error) {
	var data []byte
	var err error
	if path != "" {
		var f io.ReadCloser
		if f, err = os.Open(path); err != nil {
			return nil, err
		}
		defer f.Close()
		data, err = io.ReadAll(io.LimitReader(f, receipt.MaxKeySetLength+1))
	} else {
		data, err = a.fetchKeys(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("get the public keys: %w", cause(ctx, err))
	}
	return receipt.ParseKeySet(data)
}

// fetchKeys asks the API for its public keys, which needs no token.
func (a *app) fetchKeys(ctx context.Context) ([]byte, error) {
	_, api, err := a.client()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, api+"/.well-known/jwks.json", nil)
	if err != nil {
		return nil, err
	}
	// Keys are believed because of the address that they come from, so no other
	// may speak in its place.
	direct := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := direct.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the API answers %s", response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, receipt.MaxKeySetLength+1))
}

// open opens a file, or stdin for -.
func (a *app) open(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(a.stdin), nil
	}
	return os.Open(path)
}

// contextReader ends reading when its context does.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// tellReceipt says what a receipt says that holds.
func (a *app) tellReceipt(path string, c receipt.Claims) error {
	s := c.Vouch
	names := []string{}
	for _, e := range s.Scanners {
		names = append(names, plain(e.Name))
	}
	if a.json {
		return a.object(receiptLine{
			Path: path, ID: c.Subject, Outcome: string(s.Outcome), ChecksumSHA256: s.ChecksumSHA256, Size: s.Size,
			ContentType: s.ContentType, DetectedType: s.DetectedType, Complete: s.Coverage.Complete, Scanners: names,
			CheckedAt: s.CheckedAt, IssuedAt: time.Unix(c.IssuedAt, 0).UTC(),
		})
	}
	if a.quiet {
		a.line("%s", s.Outcome)
		return nil
	}
	by := "no malware scanner"
	if len(names) > 0 {
		by = strings.Join(names, " and ")
	}
	a.line("%s  %s  %s", plain(path), s.Outcome, a.faint(fmt.Sprintf("Exactly these %d bytes were verified %s, by %s, as file %s.",
		s.Size, s.CheckedAt.Local().Format("2006-01-02 15:04:05 MST"), by, c.Subject)))
	if !s.Coverage.Complete {
		a.note("Not every byte was looked at.")
	}
	return nil
}
