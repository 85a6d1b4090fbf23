package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/vouch-s3/vouch/client"
)

// getOptions are the flags of get.
type getOptions struct {
	out      string
	force    bool
	parallel int
	chunk    byteCount
}

func (a *app) getCommand() *cobra.Command {
	var o getOptions
	cmd := &cobra.Command{
		Use:   "get ID",
		Short: "Get a verified file",
		Long: `get downloads a ready file, in several parts at a time, and compares its SHA-256
with the one that was verified. What was cut off goes on where it stopped when
the same command is given again; until then it is in a file that ends in
.vouch-part.

Without -o it is written to the current folder, under the name that its owner
gave it; whatever of that could be a path, a hidden file, an option or a device
is replaced. A file that exists is not overwritten without --force.

With -o - it goes to stdout, in order. Its bytes are there before they could be
compared: only exit code 0 says that they are the right ones.`,
		Example: `  vouch get 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e
  vouch get 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e -o backup.tar.gz
  vouch get 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e -o - | tar xz`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeID,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.get(cmd.Context(), args[0], o) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.out, "output", "o", "", "where to write it: a file, a folder, or - for stdout")
	flags.BoolVarP(&o.force, "force", "f", false, "overwrite a file that exists")
	flags.IntVar(&o.parallel, "parallel", 4, "requests in flight")
	flags.Var(&o.chunk, "chunk-size", "bytes of a request, as 16MiB")
	return cmd
}

func (a *app) get(ctx context.Context, id string, o getOptions) error {
	switch err := checkIDs([]string{id}); {
	case err != nil:
		return err
	case o.parallel < 1 || o.parallel > 64:
		return usage("--parallel is from 1 to 64")
	case a.json && o.out == "-":
		return usage("--json and -o - would both write to stdout")
	}
	c, _, err := a.client()
	if err != nil {
		return err
	}
	f, err := c.Get(ctx, id)
	if err != nil {
		return cause(ctx, err)
	}
	if f.Status != client.StatusReady {
		return &notReadyError{f}
	}
	options := client.DownloadOptions{Parallel: o.parallel, ChunkSize: int64(o.chunk), Overwrite: o.force}
	if o.out == "-" {
		return a.copy(ctx, c, f, options)
	}
	path, err := destination(f, o)
	if err != nil {
		return err
	}
	w := a.watch(1, f.Size)
	show, end := w.follow(path, f.Size)
	told := false
	options.Progress = func(p client.Progress) {
		if p.Resumed > 0 && !told && !a.json {
			told = true
			a.note("%s: goes on where it stopped", plain(path))
		}
		show(p)
	}
	f, err = c.Save(ctx, id, path, options)
	end()
	w.close()
	a.around = nil
	if err = cause(ctx, err); errors.Is(err, errInterrupted) {
		a.note("vouch: interrupted. Give the same command again to go on.")
		return &severalError{exitInterrupted}
	}
	if err != nil {
		return err
	}
	switch {
	case a.json:
		return a.object(fileLine{Path: path, File: f})
	case a.quiet:
		a.line("%s", plain(path))
	default:
		a.line("%s  %s  %s", plain(path), bytesText(f.Size), a.faint("Its SHA-256 is the one that was verified."))
	}
	return nil
}

func (a *app) copy(ctx context.Context, c *client.Client, f client.File, options client.DownloadOptions) error {
	w := a.watch(1, f.Size)
	show, end := w.follow(f.Filename, f.Size)
	options.Progress = show
	_, err := c.Copy(ctx, f.ID, a.out, options)
	end()
	w.close()
	a.around = nil
	return cause(ctx, err)
}

// destination is the path to write a file to.
func destination(f client.File, o getOptions) (string, error) {
	path := o.out
	if info, err := os.Stat(path); path == "" || err == nil && info.IsDir() {
		path = filepath.Join(path, localName(f.Filename, f.ID))
	}
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return path, nil
	case err != nil:
		return "", fmt.Errorf("look at where to write to: %w", err)
	case info.IsDir():
		return "", fmt.Errorf("%s is a folder", path)
	case !o.force:
		return "", fmt.Errorf("%s exists: --force overwrites it, -o writes elsewhere", path)
	case !info.Mode().IsRegular() && info.Mode()&fs.ModeSymlink == 0:
		return "", fmt.Errorf("%s is not a file that can be replaced: -o - writes to stdout", path)
	}
	return path, nil
}

// notReadyError says that a file cannot be had, and why.
type notReadyError struct{ file client.File }

func (e *notReadyError) Error() string {
	if e.file.Status == client.StatusRejected {
		return both("It is rejected.", explainFile(e.file))
	}
	return explainFile(e.file)
}
