package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/local/stack"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/verify"
)

// table is the table of records, as the local stack calls it.
const table = stack.Name + "-FilesTable"

// bench is a running stack, the configuration of its clamd, and where results
// go.
type bench struct {
	stack *stack.Stack
	conf  string
	out   io.Writer
}

// store puts the file into S3 with a record that is being verified.
func (b bench) store(ctx context.Context, path, contentType string, size int64) (verify.Job, error) {
	id, err := file.NewID()
	if err != nil {
		return verify.Job{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return verify.Job{}, err
	}
	defer f.Close()
	key := file.Key("bench", id)
	out, err := b.stack.Objects().PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(b.stack.Template.Buckets[0].Name), Key: &key, Body: f, ContentLength: &size, ContentType: &contentType,
	})
	if err != nil {
		return verify.Job{}, err
	}
	now := time.Now().UTC()
	r := file.File{
		ID: id, Owner: "bench", Filename: "file", ContentType: contentType, Size: size, Status: file.Verifying, Key: key,
		VersionID: aws.ToString(out.VersionId), ETag: strings.Trim(aws.ToString(out.ETag), `"`),
		CreatedAt: now, UpdatedAt: now, UploadExpiresAt: now, Revision: 1,
	}
	return verify.JobFor(r), b.records().Create(ctx, r)
}

func (b bench) records() *dynamo.Store {
	return dynamo.New(dynamodb.NewFromConfig(b.stack.Admin()), table)
}

func (b bench) remove(ctx context.Context, j verify.Job) error {
	_, err := b.stack.Objects().DeleteObject(ctx, &s3.DeleteObjectInput{
		Bucket: aws.String(b.stack.Template.Buckets[0].Name), Key: &j.Key, VersionId: &j.VersionID,
	})
	return err
}

// scanObject invokes the function, and returns how long it took.
func (b bench) scanObject(ctx context.Context, j verify.Job) (time.Duration, error) {
	payload, err := json.Marshal(j)
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	r, err := b.stack.Invoke(ctx, "ScanObjectFunction", payload)
	took := time.Since(begun)
	if err != nil {
		return 0, err
	}
	var result verify.Result
	if err := json.Unmarshal(r.Payload, &result); err != nil {
		return 0, err
	}
	if result.Outcome != verify.Passed {
		return 0, fmt.Errorf("the scan did not pass: %s", r.Payload)
	}
	return took, nil
}

// clamdscan has the daemon scan the file by its own client.
func (b bench) clamdscan(ctx context.Context, path string) (time.Duration, error) {
	begun := time.Now()
	out, err := exec.CommandContext(ctx, "clamdscan", "--stream", "--no-summary", "--config-file="+b.conf, path).CombinedOutput()
	took := time.Since(begun)
	if err != nil || !strings.Contains(string(out), "OK") {
		return 0, fmt.Errorf("clamdscan: %v %s", err, out)
	}
	return took, nil
}

// peakMemory returns the most bytes that a process of the program was ever
// resident with (VmHWM in proc(5)), of all that run now.
func peakMemory(program string) (int64, error) {
	pids, err := exec.Command("pgrep", "-x", program).Output()
	if err != nil {
		return 0, fmt.Errorf("find %s: %w", program, err)
	}
	var peak int64
	for text := range strings.FieldsSeq(string(pids)) {
		pid, err := strconv.Atoi(text)
		if err != nil {
			return 0, err
		}
		if now, err := residentPeak(pid); err == nil { // or it has ended meanwhile
			peak = max(peak, now)
		}
	}
	if peak == 0 {
		return 0, errors.New("no process says how much memory it takes")
	}
	return peak, nil
}

// residentPeak returns VmHWM of a process, in bytes.
func residentPeak(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(status), "VmHWM:")
	if !ok {
		return 0, errors.New("it says none")
	}
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return kib << 10, err
}
