package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/bench/results"
)

// transfer has vouch and the clients of S3 that are installed bring the same file to
// the same S3 and back, in turns. All use their own defaults. What comes back is
// compared with what was sent.
//
// The upload is measured to its end at S3: no peer verifies anything. Before
// the next program begins, the verification of what vouch has sent has ended.
var transfer = benchmark{name: "transfer", stack: true, measure: bench.transfers, write: writeTransfer, draw: drawTransfer}

func (b bench) transfers(ctx context.Context, t *results.Table) error {
	peers, err := b.peersOf(ctx, b.root, b.dir)
	if err != nil {
		return err
	}
	path, back := filepath.Join(b.dir, "file.bin"), filepath.Join(b.dir, "back.bin")
	size, runs := b.large, 3
	if b.quick {
		size, runs = 20_000_000, 1
	}
	add := func(way string, p *peer, s spent) {
		r := t.Row(p.name, map[string]string{"way": way, "bytes": strconv.FormatInt(size, 10)})
		r.Add("rate-MB/s", float64(size)/1e6/s.wall.Seconds())
		r.Add("cpu-s", s.cpu.Seconds())
		r.Add("peak-MiB", float64(s.peak>>20))
	}
	for i := range runs {
		if err := writeSeeded(path, size, uint64(i)); err != nil {
			return err
		}
		want, err := sumOf(path)
		if err != nil {
			return err
		}
		for j := range peers {
			p := peers[(i+j)%len(peers)] // none is always the first
			out, took, err := p.run(ctx, p.put(path))
			if err != nil {
				return err
			}
			add("up", p, took)
			if p.get == nil {
				id, err := idOf(out)
				if err != nil {
					return err
				}
				if _, err := b.watch.until(id, 10*time.Minute); err != nil {
					return err
				}
			}
			if err := os.RemoveAll(back); err != nil {
				return err
			}
			args, err := b.fetching(p, out, back)
			if err != nil {
				return err
			}
			if _, took, err = p.run(ctx, args); err != nil {
				return err
			}
			add("down", p, took)
			got, err := sumOf(back)
			if err != nil {
				return err
			}
			if !bytes.Equal(got, want) {
				return fmt.Errorf("%s brought other bytes back", p.name)
			}
			if err := b.clear(ctx, p, out); err != nil {
				return err
			}
		}
	}
	return nil
}

// fetching is the command that brings back what was put last.
func (b bench) fetching(p *peer, out, path string) ([]string, error) {
	if p.get != nil {
		return p.get(path), nil
	}
	id, err := idOf(out)
	if err != nil {
		return nil, err
	}
	return []string{p.put("")[0], "get", "--quiet", "-o", path, id}, nil
}

// idOf reads the file's id from what vouch put --json has printed.
func idOf(out string) (string, error) {
	var f struct{ ID string }
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &f); err != nil || f.ID == "" {
		return "", fmt.Errorf("vouch put printed no id: %q", out)
	}
	return f.ID, nil
}

// clear removes what was put, so that the disk does not fill.
func (b bench) clear(ctx context.Context, p *peer, out string) error {
	if p.get == nil {
		id, err := idOf(out)
		if err != nil {
			return err
		}
		c, err := b.client()
		if err != nil {
			return err
		}
		defer c.CloseIdleConnections()
		return c.Delete(ctx, id)
	}
	return b.empty(ctx)
}

// empty removes every version of what was put without Vouch, so that the disk does not fill.
func (b bench) empty(ctx context.Context) error {
	pages := s3.NewListObjectVersionsPaginator(b.stack.Objects(), &s3.ListObjectVersionsInput{Bucket: b.bucket(), Prefix: aws.String("bench/")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, v := range page.Versions {
			if _, err := b.stack.Objects().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b.bucket(), Key: v.Key, VersionId: v.VersionId}); err != nil {
				return err
			}
		}
	}
	return nil
}

// ways are what the programs do with the file.
var ways = []string{"up", "down"}

// beside returns how many times the throughput of a row that of vouch was, run by run.
func beside(t results.Table, r results.Row) (results.Spread, error) {
	ours, err := t.Find("vouch", r.Params, "rate-MB/s")
	if err != nil {
		return results.Spread{}, err
	}
	ratios, err := results.Ratios(ours, r.Samples["rate-MB/s"])
	return results.Of(ratios), err
}

// besideBest returns that of the best of the others of each run; nothing if there
// are no others.
func besideBest(t results.Table, way string) (results.Spread, error) {
	ours, err := t.Find("vouch", map[string]string{"way": way}, "rate-MB/s")
	if err != nil {
		return results.Spread{}, err
	}
	best := make([]float64, len(ours))
	for _, r := range t.Rows {
		if r.Params["way"] != way || r.Name == "vouch" {
			continue
		}
		for i, rate := range r.Samples["rate-MB/s"] {
			best[i] = max(best[i], rate)
		}
	}
	if best[0] == 0 {
		return results.Spread{}, nil
	}
	ratios, err := results.Ratios(ours, best)
	return results.Of(ratios), err
}

func writeTransfer(m *results.Markdown, t results.Table) error {
	for _, way := range ways {
		m.Head(way, "MB/s", "CPU time", "peak memory", "throughput, vouch : this")
		for _, r := range t.Rows {
			if r.Params["way"] != way {
				continue
			}
			ratio, err := beside(t, r)
			if err != nil {
				return fmt.Errorf("%s: %w", r.Name, err)
			}
			text := ratio.String()
			if r.Name == "vouch" {
				text = "1"
			}
			m.Row(r.Name, r.Of("rate-MB/s").Format("%.0f"), fmt.Sprintf("%.1f s", r.Of("cpu-s").Median), fmt.Sprintf("%.0f MiB", r.Of("peak-MiB").Highest), text)
		}
	}
	for _, way := range ways {
		best, err := besideBest(t, way)
		if err != nil {
			return err
		}
		if best.N > 0 {
			m.Text("Against the best of the others in each run, %s: %s.", way, best)
		}
	}
	m.Picture("transfer", "how many times the throughput of each other client vouch has")
	return nil
}

func drawTransfer(t results.Table) (map[string]drawing, error) {
	d := results.Dots{Title: "Throughput of vouch, times that of", Unit: "times", Goals: []float64{1}}
	for _, way := range ways {
		for _, r := range t.Rows {
			if r.Params["way"] != way || r.Name == "vouch" {
				continue
			}
			ratio, err := beside(t, r)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.Name, err)
			}
			d.Of = append(d.Of, results.Dot{Name: r.Name + ", " + way, Spread: ratio})
		}
	}
	return map[string]drawing{"transfer": d}, nil
}

// writeSeeded makes a file of random bytes, the same for the same seed. Its first ones are no
// type that is known, or one in many thousands would be taken for another.
func writeSeeded(path string, size int64, seed uint64) error {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	key[31] = 1 // apart from the seeds of inputs
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	begin := []byte{0x9b, 0x00, 0x01, 0x02}
	if _, err := f.Write(begin); err != nil {
		return err
	}
	if _, err := io.CopyN(f, rand.NewChaCha8(key), size-int64(len(begin))); err != nil {
		return err
	}
	return f.Close()
}

func sumOf(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}
