package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-s3/vouch/client"
	"github.com/vouch-s3/vouch/shared/file"
)

// putOptions are the flags of put.
type putOptions struct {
	name, contentType, method string
	parallel, filesAtOnce     int
	partSize, size            byteCount
	noResume, noWait          bool
	recursive                 bool
	timeout                   time.Duration
	expires                   moment
}

func (a *app) putCommand() *cobra.Command {
	var o putOptions
	cmd := &cobra.Command{
		Use:   "put FILE...|-",
		Short: "Send files, and wait for what verification says of them",
		Long: `put sends files, and waits until they are verified: ready, or rejected and why.

What was cut off goes on where it stopped, after Ctrl-C, a crash or a day, when
the same command is given again: large files go in parts, and parts that are
there are not sent again. A file that was changed meanwhile is sent anew.

- is what comes on stdin. How much is sent must be promised before, so it is
written to a temporary file first; with --size it streams, and is not resumed.

A directory needs -r. Its files are sent one by one under their own names,
without their folders; symbolic links are not followed.`,
		Example: `  vouch put holiday.mp4
  vouch put --no-wait *.pdf
  vouch put --expires 30d report.pdf
  vouch put -r --files-at-once 4 ./scans
  pg_dump mydb | gzip | vouch put - --name mydb.sql.gz --type application/gzip
  ID=$(vouch put -q report.pdf) && vouch share "$ID"`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.put(cmd.Context(), args, o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.name, "name", "", "what the file is called there; its own name if not given, and needed for -")
	flags.StringVar(&o.contentType, "type", "", "its media type, as application/pdf; by its name if not given")
	flags.StringVar(&o.method, "method", "", "how it is sent: put or multipart; the server chooses if not given")
	flags.IntVar(&o.parallel, "parallel", 4, "parts of a file in flight")
	flags.IntVar(&o.filesAtOnce, "files-at-once", 2, "files in flight")
	flags.Var(&o.partSize, "part-size", "send in parts of so many bytes, as 16MiB; the server chooses if not given")
	flags.Var(&o.size, "size", "how many bytes come on stdin, so that they need not be stored first")
	flags.BoolVar(&o.noResume, "no-resume", false, "begin anew, and remember nothing")
	flags.BoolVar(&o.noWait, "no-wait", false, "do not wait for the verdict")
	flags.BoolVarP(&o.recursive, "recursive", "r", false, "send the files in directories")
	flags.Var(&o.expires, "expires", "how long it is kept, as 30d, 12h or 2026-12-01T18:00:00+01:00; the server chooses if not given")
	flags.DurationVar(&o.timeout, "timeout", 0, "how long to wait for the verdict of a file once it is sent, as 10m; 0 is for ever")
	complete(cmd, "method", string(file.Put), string(file.Multipart))
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveDefault // files
	}
	return cmd
}

// check refuses what cannot be meant together.
func (o putOptions) check(args []string) error {
	stdin := slices.Contains(args, "-")
	switch {
	case stdin && len(args) > 1:
		return usage("- stands alone")
	case stdin && o.name == "":
		return usage("what comes on stdin has no name: give it one with --name")
	case o.size != 0 && !stdin:
		return usage("--size is for what comes on stdin; the size of a file is known")
	case o.name != "" && (len(args) > 1 || o.recursive):
		return usage("--name is for one file")
	case o.method != "" && o.method != string(file.Put) && o.method != string(file.Multipart):
		return usage("--method is put or multipart")
	case o.method == string(file.Put) && o.partSize > 0:
		return usage("--part-size is for --method multipart")
	case o.parallel < 1 || o.parallel > 64 || o.filesAtOnce < 1 || o.filesAtOnce > 64:
		return usage("--parallel and --files-at-once are from 1 to 64")
	case o.timeout < 0:
		return usage("--timeout is not negative")
	}
	return nil
}

// put sends files and tells what became of each. The error it returns is of all
// of them.
func (a *app) put(ctx context.Context, args []string, o putOptions) error {
	if err := o.check(args); err != nil {
		return err
	}
	c, _, err := a.client()
	if err != nil {
		return err
	}
	items, err := a.items(ctx, args, o)
	if err != nil {
		return err
	}
	var journal client.Journal
	if !o.noResume {
		dir, err := statePath()
		if err != nil {
			return err
		}
		journal = client.JournalDir(dir)
	}
	var total int64
	for _, i := range items {
		total += i.size
	}
	w := a.watch(len(items), total)
	var mu sync.Mutex
	gravest := exitOK
	next := make(chan item)
	var workers sync.WaitGroup
	for range min(o.filesAtOnce, len(items)) {
		workers.Go(func() {
			for i := range next {
				err := a.putOne(ctx, c, i, o, journal, w)
				mu.Lock()
				gravest = graver(gravest, exitOf(err))
				mu.Unlock()
			}
		})
	}
	for _, i := range items {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	workers.Wait()
	w.close()
	a.around = nil
	if ctx.Err() != nil {
		return a.explainInterruption(items, journal != nil)
	}
	if gravest != exitOK {
		return &severalError{gravest}
	}
	return nil
}

// explainInterruption says how to go on.
func (a *app) explainInterruption(items []item, remembered bool) error {
	if remembered && !slices.ContainsFunc(items, func(i item) bool { return i.open != nil }) {
		a.note("vouch: interrupted. Give the same command again to go on: what was sent in parts is not sent again.")
	} else {
		a.note("vouch: interrupted.")
	}
	return &severalError{exitInterrupted}
}

// putOne sends one file and tells what became of it.
func (a *app) putOne(ctx context.Context, c *client.Client, i item, o putOptions, journal client.Journal, w watcher) error {
	show, end := w.follow(i.label, i.size)
	f, err := a.upload(ctx, c, i, o, journal, show)
	end()
	if rejected, ok := errors.AsType[*client.RejectedError](err); ok {
		return errors.Join(err, a.verdict(i.label, rejected.File))
	}
	if err == nil {
		return a.verdict(i.label, f)
	}
	if err = cause(ctx, err); !errors.Is(err, errInterrupted) {
		a.fail(i.label, f.ID, err)
	}
	return err
}

func (a *app) upload(ctx context.Context, c *client.Client, i item, o putOptions, journal client.Journal, show func(client.Progress)) (client.File, error) {
	source, err := i.source()
	if err != nil {
		return client.File{}, err
	}
	defer source.Close()
	if i.open != nil {
		journal = nil // it cannot be read again
	}
	method := client.Method(o.method)
	if o.partSize > 0 && method == "" {
		method = client.MethodMultipart // which is what was asked for
	}
	ctx, sent, stop := patience(ctx, o.timeout)
	defer stop()
	told := false
	f, err := c.Upload(ctx, source, client.UploadOptions{
		Filename: i.name, ContentType: o.contentType, Method: method, PartSize: int64(o.partSize),
		ExpiresAt: o.expires.Time, Parallel: o.parallel, Journal: journal, NoWait: o.noWait,
		Progress: func(p client.Progress) {
			if p.Resumed > 0 && !told && !a.json {
				told = true
				a.note("%s: goes on where it stopped", plain(i.label))
			}
			if p.Phase == client.PhaseVerifying {
				sent()
			}
			show(p)
		},
	})
	return f, cause(ctx, err)
}
