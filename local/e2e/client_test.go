package e2e

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/vouch-s3/vouch/client"
)

// sdk returns the SDK for u.
func (u user) sdk(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.New(u.api, client.StaticToken(u.token))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// onDisk writes a file and opens it for the SDK.
func onDisk(t *testing.T, data []byte) client.Source {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.bin")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := client.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

func TestTheSDKBringsFilesUpAndDown(t *testing.T) {
	c := as(t, "alice").sdk(t)
	for name, tt := range map[string]struct {
		size   int
		method client.Method
	}{
		"by one PUT": {3_000_000, ""},
		"in parts":   {12_000_000, client.MethodMultipart},
	} {
		t.Run(name, func(t *testing.T) {
			data := random(t, tt.size)
			o := client.UploadOptions{Method: tt.method}
			if tt.method != "" {
				o.PartSize = 5 << 20
			}
			f, err := c.Upload(t.Context(), onDisk(t, data), o)
			if err != nil {
				t.Fatal(err)
			}
			if f.Status != client.StatusReady || f.ChecksumSHA256 != checksum(data) || f.Receipt == "" {
				t.Errorf("%+v", f)
			}
			path := filepath.Join(t.TempDir(), "back")
			if _, err := c.Save(t.Context(), f.ID, path, client.DownloadOptions{ChunkSize: 1 << 20}); err != nil {
				t.Fatal(err)
			}
			if back, err := os.ReadFile(path); err != nil || !bytes.Equal(back, data) {
				t.Errorf("%d bytes came back: %v", len(back), err)
			}
			var out bytes.Buffer
			if _, err := c.Copy(t.Context(), f.ID, &out, client.DownloadOptions{}); err != nil || !bytes.Equal(out.Bytes(), data) {
				t.Errorf("Copy: %v", err)
			}
		})
	}
}

func TestTheSDKGoesOnWithWhatS3Holds(t *testing.T) {
	c := as(t, "alice").sdk(t)
	data := random(t, 31_000_000)
	src := onDisk(t, data)
	ctx, cancel := context.WithCancel(t.Context())
	var stop sync.Once
	o := client.UploadOptions{
		Method: client.MethodMultipart, PartSize: 5 << 20, Parallel: 1, Journal: client.JournalDir(t.TempDir()),
		Progress: func(p client.Progress) {
			if p.PartsSent == 2 {
				stop.Do(cancel)
			}
		},
	}
	begun, err := c.Upload(ctx, src, o)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("it ended with %v", err)
	}
	var last client.Progress
	o.Progress = func(p client.Progress) { last = p }
	f, err := c.Upload(t.Context(), src, o)
	if err != nil {
		t.Fatal(err)
	}
	if f.ID != begun.ID || f.ChecksumSHA256 != checksum(data) || last.PartsResumed < 2 || last.PartsResumed+last.PartsSent != 6 {
		t.Errorf("%s after %s: %+v", f.ID, begun.ID, last)
	}
}

func TestTheSDKSaysWhyAFileIsRejected(t *testing.T) {
	c := as(t, "alice").sdk(t)
	_, err := c.Upload(t.Context(), onDisk(t, eicar), client.UploadOptions{Filename: "e.com", ContentType: octets})
	rejected, ok := errors.AsType[*client.RejectedError](err)
	if !ok || rejected.File.Reason != "malware-detected" {
		t.Fatal(err)
	}
	if _, err := c.Copy(t.Context(), rejected.File.ID, &bytes.Buffer{}, client.DownloadOptions{}); !errors.Is(err, client.ErrNotReady) {
		t.Error(err)
	}
	if _, err := as(t, "mallory").sdk(t).Get(t.Context(), rejected.File.ID); !errors.Is(err, client.ErrNotFound) {
		t.Error(err)
	}
}
