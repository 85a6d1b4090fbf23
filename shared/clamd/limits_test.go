package clamd

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/policy"
)

// What the policy lets in, the daemon must be able to look at whole, and what it
// cannot must not be silent.
func TestTheDaemonsLimitsGoWithThePolicy(t *testing.T) {
	limits := map[string]string{}
	for line := range strings.Lines(Limits) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && !strings.HasPrefix(name, "#") {
			if _, twice := limits[name]; twice {
				t.Errorf("%s is there twice", name)
			}
			limits[name] = value
		}
	}
	number := func(name string) int64 {
		n, err := strconv.ParseInt(limits[name], 10, 64)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return n
	}
	p := policy.Default()
	if n := number("StreamMaxLength"); n < p.MaxSize || n != number("MaxFileSize") {
		t.Errorf("a stream of %d bytes is taken and a file of %d scanned; the policy lets in %d", n, number("MaxFileSize"), p.MaxSize)
	}
	if n := number("MaxRecursion"); n <= int64(p.Inspect.MaxDepth) {
		t.Errorf("clamd goes %d levels deep, the inspection %d", n, p.Inspect.MaxDepth)
	}
	if n := number("MaxFiles"); n < int64(p.Inspect.MaxEntries) {
		t.Errorf("clamd takes %d files of an archive, the inspection %d", n, p.Inspect.MaxEntries)
	}
	if d := time.Duration(number("MaxScanTime")) * time.Millisecond; d <= 0 || d >= p.Scan.Timeout {
		t.Errorf("clamd gives up after %v, the scan after %v", d, p.Scan.Timeout)
	}
	for _, name := range []string{"AlertExceedsMax", "ExitOnOOM", "ConcurrentDatabaseReload"} {
		if limits[name] != "yes" {
			t.Errorf("%s is %q", name, limits[name])
		}
	}
}
