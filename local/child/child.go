// Package child starts processes that must not outlive the local stack: each
// leads a process group of its own, so that it can be killed with whatever it
// started, and on Linux the kernel kills it when the stack dies, kill -9
// included.
package child

import (
	"fmt"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// Process is a process that was started.
type Process struct {
	cmd    *exec.Cmd
	exited chan struct{}
	err    error
}

// Start starts cmd.
func Start(cmd *exec.Cmd) (*Process, error) {
	cmd.SysProcAttr = attributes()
	p := &Process{cmd: cmd, exited: make(chan struct{})}
	if err := onParentThread(cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// Pid is the process's id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Exited is closed once the process has ended and its output is read.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Err says how the process ended; nil for an exit code of 0. It may be asked
// once Exited is closed.
func (p *Process) Err() error { return p.err }

// Kill kills the process and its group at once, and waits for the end.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.exited
}

// Signal sends sig to the process and its group. To one that has ended it does nothing.
func (p *Process) Signal(sig syscall.Signal) {
	select {
	case <-p.exited:
	default:
		syscall.Kill(-p.cmd.Process.Pid, sig)
	}
}

// parent is the thread that all children are started from. The kernel sends a
// child its parent-death signal when the thread that started it ends, not the
// process (prctl(2), PR_SET_PDEATHSIG), so that thread must never end.
var parent = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

func onParentThread(f func() error) error {
	done := make(chan error)
	parent() <- func() { done <- f() }
	return <-done
}
