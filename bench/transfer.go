package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// transfer has vouch and its peers bring the same file to the same S3 and back,
// in turns, and prints two tables. All use their own defaults. What comes back is
// compared with what was sent.
//
// The upload is measured to its end at S3: no peer verifies anything. Before
// the next program begins, the verification of what vouch has sent has ended.
func (b bench) transfer(ctx context.Context, root, dir string, size int64, runs int) error {
	peers, err := b.peersOf(ctx, root, dir)
	if err != nil {
		return err
	}
	path, back := filepath.Join(dir, "file.bin"), filepath.Join(dir, "back.bin")
	up, down := map[*peer][]spent{}, map[*peer][]spent{}
	for i := range runs {
		if err := writeRandom(path, size, byte(100+i)); err != nil {
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
			up[p] = append(up[p], took)
			if p.get == nil {
				if err := b.ready(ctx, p, out); err != nil {
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
			down[p] = append(down[p], took)
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
	b.table("upload", peers, up, size)
	b.table("download", peers, down, size)
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

// ready waits until what vouch has sent is verified.
func (b bench) ready(ctx context.Context, p *peer, out string) error {
	id, err := idOf(out)
	if err != nil {
		return err
	}
	c, err := b.client()
	if err != nil {
		return err
	}
	var f struct{ Status, Reason string }
	for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if err := c.do(ctx, http.MethodGet, c.api+"/files/"+id, nil, nil, &f); err != nil {
			return err
		}
		switch f.Status {
		case "ready":
			return nil
		case "rejected", "expired", "deleted":
			return fmt.Errorf("%s: file %s is %s (%s)", p.name, id, f.Status, f.Reason)
		}
	}
	return fmt.Errorf("file %s is still %s", id, f.Status)
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
		return c.do(ctx, http.MethodDelete, c.api+"/files/"+id, nil, nil, nil)
	}
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

// table prints what each program took, in medians, and how many times the
// throughput of the best of the others ours was in the same run.
func (b bench) table(what string, peers []*peer, took map[*peer][]spent, size int64) {
	fmt.Fprintf(b.out, "\n| %s of %d bytes | MB/s | CPU time | peak memory | throughput, vouch : this |\n| --- | --- | --- | --- | --- |\n", what, size)
	ours := took[peers[0]]
	rate := func(s spent) float64 { return float64(size) / 1e6 / s.wall.Seconds() }
	for _, p := range peers {
		var rates, cpus, ratios []float64
		var peak int64
		for i, s := range took[p] {
			rates, cpus = append(rates, rate(s)), append(cpus, s.cpu.Seconds())
			ratios = append(ratios, rate(ours[i])/rate(s))
			peak = max(peak, s.peak)
		}
		slices.Sort(rates)
		slices.Sort(cpus)
		slices.Sort(ratios)
		n := len(rates)
		ratio := fmt.Sprintf("%.2f (%.2f to %.2f)", ratios[n/2], ratios[0], ratios[n-1])
		if p == peers[0] {
			ratio = "1"
		}
		fmt.Fprintf(b.out, "| %s | %.0f (%.0f to %.0f) | %.1f s | %d MiB | %s |\n", p.name, rates[n/2], rates[0], rates[n-1], cpus[n/2], peak>>20, ratio)
	}
	var best []float64
	for i := range ours {
		others := 0.0
		for _, p := range peers[1:] {
			others = max(others, rate(took[p][i]))
		}
		if others > 0 {
			best = append(best, rate(ours[i])/others)
		}
	}
	if len(best) > 0 {
		slices.Sort(best)
		fmt.Fprintf(b.out, "\nAgainst the best of the others in each run: %.2f (%.2f to %.2f).\n", best[len(best)/2], best[0], best[len(best)-1])
	}
}

// client is somebody who uploads with the bench's token.
func (b bench) client() (client, error) {
	token, err := b.stack.Token("bench", time.Hour)
	return client{api: b.stack.APIURL(), token: token}, err
}

func writeRandom(path string, size int64, seed byte) error {
	in := input{make: random(size)}
	n, err := in.write(path, seed)
	if err == nil && n != size {
		err = errors.New("the file has another size than asked for")
	}
	return err
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
