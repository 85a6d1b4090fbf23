// Command vouch-local runs the whole of Vouch on one machine.
//
//	vouch-local run              start everything in the foreground
//	vouch-local token -sub NAME  print a token that the stack accepts
//	vouch-local machine-key NAME print what a program signs with, for eval of a shell
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
		return errors.New("say what to do: run, token -sub NAME, or machine-key NAME")
	}
	flags := flag.NewFlagSet(args[0], flag.ExitOnError)
	o := stack.Options{}
	flags.StringVar(&o.Template, "template", "template.yaml", "the SAM template")
	flags.StringVar(&o.Functions, "functions", ".vouch/bin/functions", "the folder of the functions' binaries")
	flags.StringVar(&o.Dir, "dir", ".vouch", "the folder of everything that is kept")
	flags.StringVar(&o.API, "api", "127.0.0.1:8080", "the address of the HTTP API")
	flags.StringVar(&o.MachineAPI, "machine-api", "", "the address of the API for programs that sign, as 127.0.0.1:8081; none by default (docs/machines.md)")
	flags.StringVar(&o.S3, "s3", "127.0.0.1:9000", "the address of S3")
	flags.StringVar(&o.AWS, "aws", "127.0.0.1:4566", "the address of the other AWS services")
	flags.StringVar(&o.Clamd, "clamd", "127.0.0.1:0", "the address of clamd; port 0 takes a free one")
	flags.StringVar(&o.ClamDatabase, "clam-database", "/var/lib/clamav", "where freshclam keeps its database")
	flags.StringVar(&o.Scanners, "scanners", "clamav", "the malware scanners that are asked: clamav, guardduty, clamav+guardduty or none; GuardDuty's results must be put by hand (docs/local.md)")
	flags.StringVar(&o.Policy, "policy", "", "a YAML file with what is to differ from shared/policy/default.yaml")
	flags.StringVar(&o.Page, "page", "web/app/dist", "the folder of the web page's files, which make page builds")
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
	session := flags.String("session", "local", "machine-key: the name of the session of the role NAME")
	allow := flags.String("allow", "", "machine-key: a file with the policy that is from now on what NAME may (default all but what is the administrators')")
	forget := flags.Bool("forget", false, "machine-key: delete the role NAME; one that is made again is another")
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
	case "machine-key":
		if flags.NArg() != 1 {
			return errors.New("say which machine: machine-key NAME, behind the flags")
		}
		if *forget {
			return stack.ForgetMachine(o.Dir, flags.Arg(0))
		}
		return printMachineKey(o.Dir, flags.Arg(0), *session, *allow)
	}
	return fmt.Errorf("there is no %q: say run, token -sub NAME, or machine-key NAME", args[0])
}

// printMachineKey prints what a shell exports, and who a program is that signs so.
func printMachineKey(dir, name, session, allow string) error {
	var policy []byte
	if allow != "" {
		var err error
		if policy, err = os.ReadFile(allow); err != nil {
			return fmt.Errorf("read the policy: %w", err)
		}
	}
	key, err := stack.OpenMachineKey(dir, name, session, policy)
	if err != nil {
		return err
	}
	fmt.Printf("# %s\nexport AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s AWS_SESSION_TOKEN= AWS_REGION=%s\n", key.Subject, key.AccessKeyID, key.SecretAccessKey, stack.Region)
	return nil
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
