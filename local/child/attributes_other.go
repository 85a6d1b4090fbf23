//go:build !linux

package child

import "syscall"

// Without a parent-death signal, a kill -9 of the stack leaves functions to
// end by themselves, which they do when their runtime API is gone.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
