package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/bench/results"
	"github.com/vouch-s3/vouch/local/stack"
	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/verify"
)

// table is the table of records, as the local stack calls it.
const table = stack.Name + "-FilesTable"

// scan is the scan function, which reads the object from S3, hashes it, inspects it
// and streams it to clamd, against clamdscan, which only streams a local file to the
// same daemon.
var scan = benchmark{name: "scan", stack: true, measure: bench.scans, write: writeScan, draw: drawScan}

func (b bench) scans(ctx context.Context, t *results.Table) error {
	all := inputs(b.large)
	if b.quick {
		all = all[:2]
	}
	warm := results.Row{Samples: map[string][]float64{}} // the function, once: nothing is kept of it
	if err := b.compare(ctx, &warm, input{"to be warm", "application/octet-stream", false, random(2_000)}, 1); err != nil {
		return err
	}
	for _, in := range all {
		n := b.runs
		if in.once || b.quick {
			n = 1
		}
		if err := b.compare(ctx, t.Row(in.name, nil), in, n); err != nil {
			return fmt.Errorf("%s: %w", in.name, err)
		}
	}
	return nil
}

// compare scans n files each way, in turns. No content is ever scanned twice, for
// clamd remembers what it has found clean.
func (b bench) compare(ctx context.Context, row *results.Row, in input, n int) error {
	path := filepath.Join(b.dir, "file")
	for i := range n {
		if _, err := in.write(path, byte(2*i)); err != nil {
			return err
		}
		alone, err := b.clamdscan(ctx, path)
		if err != nil {
			return err
		}
		size, err := in.write(path, byte(2*i+1))
		if err != nil {
			return err
		}
		job, err := b.store(ctx, path, in.contentType, size)
		if err != nil {
			return err
		}
		ours, err := b.scanObject(ctx, job)
		if err != nil {
			return err
		}
		if err := b.remove(ctx, job); err != nil {
			return err
		}
		peak, err := peakMemory("scan-object")
		if err != nil {
			return err
		}
		row.Add("size-bytes", float64(size))
		row.AddTime("clamdscan-ms", alone)
		row.AddTime("scan-object-ms", ours)
		row.Add("peak-MiB", float64(peak>>20))
	}
	return nil
}

// throughputs are how many times the throughput of clamdscan the function has, run by run.
func throughputs(r results.Row) (results.Spread, error) {
	ratios, err := results.Ratios(r.Samples["clamdscan-ms"], r.Samples["scan-object-ms"])
	return results.Of(ratios), err
}

func writeScan(m *results.Markdown, t results.Table) error {
	m.Head("file", "bytes", "clamdscan --stream", "scan-object", "throughput, scan-object : clamdscan", "peak memory of scan-object")
	for _, r := range t.Rows {
		ratio, err := throughputs(r)
		if err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
		m.Row(r.Name, fmt.Sprintf("%.0f", r.Of("size-bytes").Median), results.Time(r.Of("clamdscan-ms").Median), results.Time(r.Of("scan-object-ms").Median),
			ratio.String(), fmt.Sprintf("%.0f MiB", r.Of("peak-MiB").Highest))
	}
	m.Picture("scan", "how many times the throughput of clamdscan the scan function has, by kind of file")
	return nil
}

func drawScan(t results.Table) (map[string]drawing, error) {
	d := results.Dots{Title: "Throughput of scan-object, times that of clamdscan", Unit: "times", Goals: []float64{1}}
	for _, r := range t.Rows {
		ratio, err := throughputs(r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
		d.Of = append(d.Of, results.Dot{Name: r.Name, Spread: ratio})
	}
	return map[string]drawing{"scan": d}, nil
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
	return verify.JobFor(r), b.records().Create(audit.With(ctx, audit.Actor{Subject: "bench", RequestID: "bench"}), r)
}

func (b bench) records() *dynamo.Store {
	return dynamo.New(dynamodb.NewFromConfig(b.stack.Admin()), table).Recording(stack.Name + "-HistoryTable")
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
