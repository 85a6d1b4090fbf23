package main

import (
	"os"
	"syscall"
)

// peakOf returns the most bytes that the process was ever resident with
// (ru_maxrss in getrusage(2), which Linux gives in KiB).
func peakOf(state *os.ProcessState) int64 {
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		return usage.Maxrss << 10
	}
	return 0
}
