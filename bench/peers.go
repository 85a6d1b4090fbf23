package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// peer is a program that brings a file to S3 and back again. Those that speak
// S3 are given the keys of somebody who may do everything, and as object a key
// that no rule of the stack watches.
type peer struct {
	name string
	env  []string
	put  func(path string) []string // the command line
	get  func(path string) []string // of the file that was put last
}

// spent is what a run of a program took.
type spent struct {
	wall, cpu time.Duration
	peak      int64 // bytes that it was ever resident with
}

// peersOf returns the programs that are installed, ours first.
func (b bench) peersOf(ctx context.Context, root, dir string) ([]*peer, error) {
	keys, err := b.stack.Admin().Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	token, err := b.stack.Token("bench", 6*time.Hour)
	if err != nil {
		return nil, err
	}
	tokenFile := filepath.Join(dir, "token")
	if err := os.WriteFile(tokenFile, []byte(token), 0o600); err != nil {
		return nil, err
	}
	host := strings.TrimPrefix(b.stack.S3URL(), "http://")
	object := b.stack.Template.Buckets[0].Name + "/bench/file"
	vouch := filepath.Join(root, ".vouch/bin/vouch")
	ours := &peer{
		name: "vouch",
		env:  []string{"VOUCH_API=" + b.stack.APIURL(), "VOUCH_TOKEN_FILE=" + tokenFile, "XDG_STATE_HOME=" + filepath.Join(dir, "state")},
		put:  func(path string) []string { return []string{vouch, "put", "--json", "--no-wait", path} },
	}
	all := []*peer{ours}
	for _, p := range []*peer{
		{
			name: "aws s3 cp",
			env:  []string{"AWS_ACCESS_KEY_ID=" + keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + keys.SecretAccessKey, "AWS_DEFAULT_REGION=us-east-1", "AWS_CONFIG_FILE=/dev/null"},
			put: func(path string) []string {
				return []string{"aws", "--endpoint-url", b.stack.S3URL(), "s3", "cp", "--only-show-errors", path, "s3://" + object}
			},
			get: func(path string) []string {
				return []string{"aws", "--endpoint-url", b.stack.S3URL(), "s3", "cp", "--only-show-errors", "s3://" + object, path}
			},
		},
		{
			name: "rclone copyto",
			env: []string{
				"RCLONE_S3_PROVIDER=Other", "RCLONE_S3_ENDPOINT=" + b.stack.S3URL(), "RCLONE_S3_ACCESS_KEY_ID=" + keys.AccessKeyID,
				"RCLONE_S3_SECRET_ACCESS_KEY=" + keys.SecretAccessKey, "RCLONE_S3_REGION=us-east-1", "RCLONE_S3_NO_CHECK_BUCKET=true", "RCLONE_CONFIG=" + filepath.Join(dir, "rclone.conf"),
			},
			put: func(path string) []string { return []string{"rclone", "copyto", "-q", path, ":s3:" + object} },
			get: func(path string) []string { return []string{"rclone", "copyto", "-q", ":s3:" + object, path} },
		},
		{
			name: "mc cp",
			env:  []string{"MC_HOST_vouch=http://" + keys.AccessKeyID + ":" + keys.SecretAccessKey + "@" + host, "MC_CONFIG_DIR=" + filepath.Join(dir, "mc")},
			put:  func(path string) []string { return []string{"mc", "cp", "-q", path, "vouch/" + object} },
			get:  func(path string) []string { return []string{"mc", "cp", "-q", "vouch/" + object, path} },
		},
	} {
		program := strings.Fields(p.name)[0]
		if _, err := exec.LookPath(program); err != nil {
			fmt.Fprintf(os.Stderr, "bench: %s is not installed, and not in the table\n", program)
			continue
		}
		all = append(all, p)
	}
	return all, nil
}

// run runs a command of the peer to its end, and returns what it printed and
// what it took.
func (p *peer) run(ctx context.Context, args []string) (string, spent, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	// Nothing of an AWS configuration that surrounds the bench is theirs.
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") }), p.env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	var out strings.Builder
	cmd.Stdout = &out
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return "", spent{}, fmt.Errorf("%s: %w", p.name, err)
	}
	ended, peak := make(chan struct{}), make(chan int64)
	go func() { peak <- peakUntil(cmd.Process.Pid, ended) }()
	err := cmd.Wait()
	took := time.Since(begun)
	close(ended)
	resident := <-peak
	if err != nil {
		return "", spent{}, fmt.Errorf("%s: %w: %s", p.name, err, stderr.String())
	}
	return out.String(), spent{wall: took, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), peak: resident}, nil
}

// peakUntil returns the most bytes that the process was ever resident with, as it
// says itself (VmHWM in proc(5)) shortly before it ends. What getrusage(2) tells of
// a child is never less than what its parent had when it was begun.
func peakUntil(pid int, ended <-chan struct{}) int64 {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var peak int64
	for {
		select {
		case <-ended:
			return peak
		case <-tick.C:
			if now, err := residentPeak(pid); err == nil {
				peak = now
			}
		}
	}
}

// bucket is where the peers' object lies.
func (b bench) bucket() *string { return aws.String(b.stack.Template.Buckets[0].Name) }
