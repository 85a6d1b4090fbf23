package costs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/vouch-s3/vouch/client"
	"github.com/vouch-s3/vouch/local/corpus"
	"github.com/vouch-s3/vouch/shared/file"
)

// The stages of which others are told by name.
const (
	UploadKB        = "upload of 1 KB to ready"
	UploadMB        = "upload of 1 MB to ready"
	UploadParts     = "upload of 200 MB in parts to ready"
	Rejected        = "upload of EICAR, rejected"
	Expired         = "upload that never arrives"
	Download        = "download of 1 MB"
	DownloadParts   = "download of 200 MB"
	Deletion        = "deletion of 1 MB"
	UploadGuardDuty = "upload of 1 MB to ready, with GuardDuty alone"
)

const (
	kilobyte = 1000
	megabyte = 1000 * kilobyte
	large    = 200 * megabyte

	sweeper = "SweepUploadsFunction"

	// each is how many small files go through a stage.
	each = 5
)

// all runs every stage but GuardDuty's.
func (m *meter) all(ctx context.Context, c *Counts) error {
	// Warm, so that what a function does once in its life is not counted.
	for range 2 {
		id, err := m.upload(ctx, kilobyte)
		if err != nil {
			return fmt.Errorf("warm up: %w", err)
		}
		if err := m.download(ctx, id); err != nil {
			return fmt.Errorf("warm up: %w", err)
		}
		if err := m.client.Delete(ctx, id); err != nil {
			return fmt.Errorf("warm up: %w", err)
		}
	}
	if err := m.reject(ctx); err != nil {
		return fmt.Errorf("warm up: %w", err)
	}
	if err := m.schedules(ctx, c); err != nil {
		return err
	}
	var ids []string
	uploads := func(n int, bytes int64) func() error {
		return func() error {
			ids = nil
			for range n {
				id, err := m.upload(ctx, bytes)
				if err != nil {
					return err
				}
				ids = append(ids, id)
			}
			return nil
		}
	}
	over := func(do func(context.Context, string) error) func() error {
		return func() error {
			for _, id := range ids {
				if err := do(ctx, id); err != nil {
					return err
				}
			}
			return nil
		}
	}
	for _, s := range []struct {
		name    string
		n       int
		bytes   int64
		own     string
		prepare func() error
		do      func() error
	}{
		{name: UploadKB, n: each, bytes: kilobyte, do: uploads(each, kilobyte)},
		{name: UploadMB, n: each, bytes: megabyte, do: uploads(each, megabyte)},
		{name: Download, n: each, bytes: megabyte, do: over(m.download)},
		{name: Deletion, n: each, bytes: megabyte, prepare: uploads(each, megabyte), do: over(m.client.Delete)},
		{name: UploadParts, n: 1, bytes: large, do: uploads(1, large)},
		{name: DownloadParts, n: 1, bytes: large, do: over(m.download)},
		{name: Rejected, n: each, bytes: 68, do: func() error {
			for range each {
				if err := m.reject(ctx); err != nil {
					return err
				}
			}
			return nil
		}},
		{name: Expired, n: each, bytes: megabyte, own: sweeper, do: func() error { return m.expire(ctx) }},
	} {
		done, err := m.during(ctx, Stage{Name: s.name, Files: s.n, Bytes: s.bytes}, s.own, s.prepare, s.do)
		if err != nil {
			return err
		}
		c.Stages = append(c.Stages, done)
	}
	log, err := logTail(filepath.Join(m.dir, "functions.log"), 0)
	c.Metrics = metricsIn(log)
	return err
}

// guardDuty runs the stage in which GuardDuty is asked, which is played here.
func (m *meter) guardDuty(ctx context.Context, c *Counts) error {
	do := func() error {
		for range each {
			if _, err := m.upload(ctx, megabyte); err != nil {
				return err
			}
		}
		return nil
	}
	if err := do(); err != nil {
		return fmt.Errorf("warm up: %w", err)
	}
	done, err := m.during(ctx, Stage{Name: UploadGuardDuty, Files: each, Bytes: megabyte}, "", nil, do)
	c.Stages = append(c.Stages, done)
	return err
}

// schedules runs what runs by the clock, once, with nothing to do; the canary makes
// its own work.
func (m *meter) schedules(ctx context.Context, c *Counts) error {
	for _, s := range m.template.Schedules {
		f, ok := m.function(s.Function)
		if !ok {
			continue // a workflow, which begins with its own list of what there is
		}
		stage, err := m.during(ctx, Stage{Name: f.LogicalID, Files: 1}, f.LogicalID, nil, func() error { return m.invoke(ctx, f.LogicalID) })
		if err != nil {
			return err
		}
		c.Schedules = append(c.Schedules, Schedule{Stage: stage, EverySeconds: s.Every.Seconds()})
	}
	return nil
}

func (m *meter) invoke(ctx context.Context, logicalID string) error {
	r, err := m.stack.Invoke(ctx, logicalID, []byte("{}"))
	if err == nil && r.FunctionError != "" {
		err = fmt.Errorf("%s failed: %s", logicalID, r.Payload)
	}
	return err
}

// upload does what `vouch put` does, and returns the file's id.
func (m *meter) upload(ctx context.Context, bytes int64) (string, error) {
	name := filepath.Join(m.Dir, "upload.bin")
	if err := randomFile(name, bytes); err != nil {
		return "", err
	}
	source, err := client.OpenFile(name)
	if err != nil {
		return "", err
	}
	defer source.Close()
	f, err := m.client.Upload(ctx, source, client.UploadOptions{ContentType: "application/octet-stream"})
	return f.ID, err
}

// randomFile writes bytes that no file before has had, for clamd remembers what it
// has found clean.
func randomFile(name string, bytes int64) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("make a file to upload: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	source := rand.NewChaCha8([32]byte{byte(bytes), byte(time.Now().UnixNano()), byte(time.Now().UnixNano() >> 8), byte(time.Now().UnixNano() >> 16), byte(time.Now().UnixNano() >> 24)})
	chunk := make([]byte, 1<<20)
	for bytes > 0 {
		n := min(bytes, int64(len(chunk)))
		source.Read(chunk[:n])
		chunk[0] = 0x9b // no kind of file begins so
		if _, err := f.Write(chunk[:n]); err != nil {
			return fmt.Errorf("make a file to upload: %w", err)
		}
		bytes -= n
	}
	return nil
}

// download does what `vouch get` does.
func (m *meter) download(ctx context.Context, id string) error {
	if _, err := m.client.Get(ctx, id); err != nil {
		return err
	}
	_, err := m.client.Save(ctx, id, filepath.Join(m.Dir, "download.bin"), client.DownloadOptions{Overwrite: true})
	return err
}

// reject uploads EICAR, which must be rejected.
func (m *meter) reject(ctx context.Context) error {
	samples, err := corpus.Samples()
	if err != nil {
		return err
	}
	for _, s := range samples {
		if s.Name != "eicar.com" {
			continue
		}
		data, err := s.Bytes()
		if err != nil {
			return err
		}
		name := filepath.Join(m.Dir, s.Name)
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return fmt.Errorf("make a file to upload: %w", err)
		}
		source, err := client.OpenFile(name)
		if err != nil {
			return err
		}
		defer source.Close()
		f, err := m.client.Upload(ctx, source, client.UploadOptions{ContentType: s.ContentType})
		if _, ok := errors.AsType[*client.RejectedError](err); !ok {
			return fmt.Errorf("EICAR is %s: %w", f.Status, err)
		}
		return nil
	}
	return errors.New("the corpus has no EICAR")
}

// expire asks for uploads, sends nothing, and has the sweeper find them when their
// time is over.
func (m *meter) expire(ctx context.Context) error {
	var ids []string
	for range each {
		f, err := m.client.Create(ctx, client.NewFile{Filename: "never.bin", ContentType: "application/octet-stream", Size: megabyte})
		if err != nil {
			return err
		}
		record, err := m.files.Get(ctx, f.ID)
		if err != nil {
			return err
		}
		if err := m.files.Postpone(ctx, record, time.Now().Add(-time.Minute)); err != nil {
			return err
		}
		ids = append(ids, f.ID)
	}
	if err := m.invoke(ctx, sweeper); err != nil {
		return err
	}
	for _, id := range ids {
		if f, err := m.files.Get(ctx, id); err != nil || f.Status != file.Expired {
			return fmt.Errorf("an upload that never came is %s: %w", f.Status, err)
		}
	}
	return nil
}
