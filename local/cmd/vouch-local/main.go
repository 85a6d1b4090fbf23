// Command vouch-local runs the whole of Vouch on one machine.
//
//	vouch-local run              start everything in the foreground
//	vouch-local token -sub NAME  print a token that the stack accepts
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/vouch-s3/vouch/local/stack"
	"github.com/vouch-s3/vouch/local/tokens"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "vouch:", explain(err))
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("say what to do: run, or token -sub NAME")
	}
	flags := flag.NewFlagSet(args[0], flag.ExitOnError)
	o := stack.Options{}
	flags.StringVar(&o.Template, "template", "template.yaml", "the SAM template")
	flags.StringVar(&o.Functions, "functions", ".vouch/bin/functions", "the folder of the functions' binaries")
	flags.StringVar(&o.Dir, "dir", ".vouch", "the folder of everything that is kept")
	flags.StringVar(&o.API, "api", "127.0.0.1:8080", "the address of the HTTP API")
	flags.StringVar(&o.S3, "s3", "127.0.0.1:9000", "the address of S3")
	flags.StringVar(&o.AWS, "aws", "127.0.0.1:4566", "the address of the other AWS services")
	flags.StringVar(&o.Clamd, "clamd", "127.0.0.1:0", "the address of clamd; port 0 takes a free one")
	flags.StringVar(&o.ClamDatabase, "clam-database", "/var/lib/clamav", "where freshclam keeps its database")
	flags.StringVar(&o.Scanners, "scanners", "clamav", "the malware scanners that are asked: clamav, guardduty, clamav+guardduty or none; GuardDuty's results must be put by hand (docs/local.md)")
	flags.StringVar(&o.Policy, "policy", "", "a YAML file with what is to differ from shared/policy/default.yaml")
	flags.Func("origins", "the origins of pages that may call, with commas between (default the API's own)", func(list string) error {
		o.Origins = strings.Split(list, ",")
		return nil
	})
	flags.BoolVar(&o.Tenants, "tenants", false, "have every token name its tenant (docs/access.md)")
	subject := flags.String("sub", "alice", "token: whom it is for")
	scopes := flags.String("scopes", strings.Join(stack.Scopes, " "), "token: its scopes, with spaces between; files:admin is for re-scans and holds")
	tenant := flags.String("tenant", "", "token: its tenant, for a stack that runs with -tenants")
	groups := flags.String("groups", "", "token: its groups, with spaces between")
	life := flags.Duration("life", 12*time.Hour, "token: how long it is valid")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "run":
		return serve(ctx, o)
	case "token":
		issuer, err := tokens.Open(o.Dir, stack.IssuerURL(o.API))
		if err != nil {
			return err
		}
		token, err := issuer.Sign(tokens.Claims{Subject: *subject, Audience: stack.Audience, Scopes: strings.Fields(*scopes), Tenant: *tenant, Groups: strings.Fields(*groups), Life: *life})
		if err != nil {
			return err
		}
		fmt.Println(token)
		return nil
	}
	return fmt.Errorf("there is no %q: say run, or token -sub NAME", args[0])
}

func serve(ctx context.Context, o stack.Options) error {
	terminal, err := divertStdout(filepath.Join(o.Dir, "libraries.log"))
	if err != nil {
		return err
	}
	s, err := stack.Start(ctx, o)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Banner(terminal); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// divertStdout sends what libraries write to standard output to a file, and
// returns what standard output was: versitygw and kumo print notes there, and
// kumo has taken hold of os.Stdout before main runs. So it is the value behind
// the pointer that is replaced.
func divertStdout(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the stack's folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open a log: %w", err)
	}
	terminal := *os.Stdout
	*os.Stdout = *f
	return &terminal, nil
}

// explain adds what to do about errors that have a usual cause.
func explain(err error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	if errors.Is(err, syscall.EADDRINUSE) {
		text += ": another program has the port; stop it, or choose another address, as in make run ARGS=\"-api 127.0.0.1:8081 -s3 127.0.0.1:9001 -aws 127.0.0.1:4567\""
	}
	return text
}
