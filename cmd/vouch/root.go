package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-s3/vouch/client"
	"github.com/vouch-s3/vouch/shared/file"
)

// app is one run of the command.
type app struct {
	output
	stdin    io.Reader
	stderr   *os.File
	api      string // --api
	iam      bool   // --iam
	progress string // --progress
	begun    bool   // a command was found, with arguments that it takes
}

// run runs the command with its arguments and says how the process ends.
func run(args []string, stdin io.Reader, stdout, stderr *os.File) exit {
	a := &app{stdin: stdin, stderr: stderr, output: output{out: stdout, err: stderr}}
	a.color = os.Getenv("NO_COLOR") == "" && isTerminal(stdout) // no-color.org
	enableEscapes(stdout, stderr)
	ctx, stop := interruptible(stderr)
	defer stop()
	err := refuseTokenFlag(args)
	if err == nil {
		root := a.root()
		root.SetArgs(args)
		root.SetIn(stdin)
		root.SetOut(stdout)
		root.SetErr(stderr)
		var cmd *cobra.Command
		cmd, err = root.ExecuteContextC(ctx)
		if err = cause(ctx, err); err != nil && !a.begun {
			err = usageError{fmt.Errorf("%w (%s --help says more)", err, cmd.CommandPath())}
		}
	}
	if err == nil {
		err = a.failed // whoever reads the result has not all of it
	}
	code := exitOf(err)
	if _, told := errors.AsType[*severalError](err); err != nil && !told {
		a.fail("", "", err)
	}
	return code
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "vouch",
		Short: "Send files to a Vouch, see what became of them, and get them back",
		Long: `vouch sends files to a Vouch, which looks at every byte of them before it gives
them out again, says what became of them, and gets them back.

    export VOUCH_API=https://files.example.com VOUCH_TOKEN_FILE=~/.vouch-token
    vouch put holiday.mp4      # in parts, and again from where it stopped
    vouch ls
    vouch get 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e

Results go to stdout, all else to stderr. What the exit codes and the environment
say: vouch help exit-codes, vouch help environment.`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if !slices.Contains(progressKinds, a.progress) {
				return usage("--progress is one of " + strings.Join(progressKinds, ", "))
			}
			a.begun = true
			return nil
		},
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.api, "api", "", "the address of the API; instead of VOUCH_API")
	flags.BoolVar(&a.iam, "iam", false, "sign requests with AWS credentials in place of a token; VOUCH_API is then the address for machines")
	flags.BoolVar(&a.json, "json", false, "write results as JSON, one object a line")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "no progress and no explanations; only ids, and errors")
	flags.StringVar(&a.progress, "progress", progressAuto, "how progress is shown on stderr: "+strings.Join(progressKinds, ", "))
	complete(root, "progress", progressKinds...)
	root.AddCommand(
		a.putCommand(), a.getCommand(), a.lsCommand(), a.statusCommand(), a.rmCommand(), a.shareCommand(), a.retainCommand(), a.historyCommand(), a.usageCommand(), a.verifyCommand(), a.holdCommand(), a.releaseCommand(), a.eraseCommand(), a.versionCommand(),
		exitCodesTopic(), environmentTopic(),
	)
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	return root
}

// complete names the values of a flag to the shell.
func complete(cmd *cobra.Command, flag string, values ...string) {
	// It fails only for a flag that there is not, which every run would show.
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err)
	}
}

// client returns a client of the API that is named by --api, VOUCH_API or the
// configuration, in this order.
func (a *app) client() (*client.Client, string, error) {
	c, err := readConfig()
	if err != nil {
		return nil, "", err
	}
	api := cmp.Or(a.api, os.Getenv("VOUCH_API"), c.API)
	if api == "" {
		path, _ := configPath()
		return nil, "", usage("no API is named. Say where it is: export VOUCH_API=https://files.example.com, or --api, or api: in " + path)
	}
	token, with := tokens(c), []client.Option{client.WithUserAgent("vouch/" + version())}
	if a.iam {
		signature, err := byIAM(api)
		if err != nil {
			return nil, "", err
		}
		token, with = nil, append(with, signature)
	}
	made, err := client.New(api, token, with...)
	if err != nil {
		return nil, "", usageError{err}
	}
	return made, strings.TrimRight(api, "/"), nil
}

// checkIDs refuses what cannot be the id of a file before anything is asked.
func checkIDs(ids []string) error {
	for _, id := range ids {
		if !file.ValidID(id) {
			return usage(fmt.Sprintf("%q is not the id of a file, as 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e. vouch ls lists them", plain(id)))
		}
	}
	return nil
}

// What the shell is offered at a tab: so many files, if they come in this time.
const (
	completions    = 25
	completionTime = 3 * time.Second
)

// completeID is completeIDs for commands that take one.
func (a *app) completeID(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.completeIDs(cmd, args, begun)
}

// completeIDs offers the newest files to the shell, with their names.
func (a *app) completeIDs(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	c, _, err := a.client()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	var ids []cobra.Completion
	for f, err := range c.List(ctx, client.ListOptions{PageSize: completions}) {
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		if !slices.Contains(args, f.ID) {
			ids = append(ids, cobra.CompletionWithDesc(f.ID, string(f.Status)+" "+plain(f.Filename)))
		}
		if len(ids) == completions {
			break
		}
	}
	return ids, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}
