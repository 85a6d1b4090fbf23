package ask

import (
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"syscall"
	"time"
)

// Cost is what one doing of a Work takes, on average of many.
type Cost struct {
	CPU    time.Duration // of the whole process, the collection of garbage included
	Allocs float64
	Bytes  float64 // allocated
}

// Measure does w n times, on one core, and returns what one took.
func Measure(w Work, n int) (Cost, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var before, after runtime.MemStats
	for range n / 10 { // pools and keys of the day are there from then on
		if err := w.Do(); err != nil {
			return Cost{}, fmt.Errorf("%s: %w", w.Name, err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&before)
	begun, err := cpuTime()
	if err != nil {
		return Cost{}, err
	}
	for range n {
		if err := w.Do(); err != nil {
			return Cost{}, fmt.Errorf("%s: %w", w.Name, err)
		}
	}
	ended, err := cpuTime()
	if err != nil {
		return Cost{}, err
	}
	runtime.ReadMemStats(&after)
	each := float64(n)
	return Cost{
		CPU:    (ended - begun) / time.Duration(n),
		Allocs: float64(after.Mallocs-before.Mallocs) / each, Bytes: float64(after.TotalAlloc-before.TotalAlloc) / each,
	}, nil
}

// cpuTime is the processor time that this process has had (getrusage(2)).
func cpuTime() (time.Duration, error) {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0, fmt.Errorf("getrusage: %w", err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), nil
}

// redirect has what functions log written to f, and returns how that is undone.
func redirect(f *os.File) (undo func()) {
	stdout, log := os.Stdout, slog.Default()
	os.Stdout = f
	slog.SetDefault(slog.New(slog.NewJSONHandler(f, nil)))
	return func() {
		os.Stdout = stdout
		slog.SetDefault(log)
	}
}
