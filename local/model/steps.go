package model

import (
	"cmp"
	"context"
	"fmt"

	"github.com/vouch-s3/vouch/shared/deletion"
	"github.com/vouch-s3/vouch/shared/sweep"
	"github.com/vouch-s3/vouch/shared/verify"
	"github.com/vouch-s3/vouch/shared/workflow"
)

// kind is what a step runs.
type kind int8

// The kinds of steps: the functions of template.yaml that touch a file.
const (
	kindArrive   kind = iota + 1 // start-verification, on S3's event
	kindComplete                 // complete-upload
	kindDelete                   // delete-file
	kindSweep                    // sweep-uploads
	kindValidate                 // validate-object
	kindScan                     // scan-object
	kindReady                    // mark-ready
	kindReject                   // mark-rejected
)

var kindNames = [...]string{
	kindArrive: "start-verification", kindComplete: "complete-upload", kindDelete: "delete-file", kindSweep: "sweep-uploads",
	kindValidate: "validate-object", kindScan: "scan-object", kindReady: "mark-ready", kindReject: "mark-rejected",
}

func (k kind) String() string { return kindNames[k] }

// stepInput is a kind of step and what it is handed.
type stepInput struct {
	kind kind
	arg  int32 // a version for Arrive, else of Model.tasks or 0
}

// parts are the real code of the steps, each wired as its function's main.go
// does it. A test replaces one to see that the checker finds what is wrong.
type parts struct {
	Starter   func(*outside) verify.Starter
	Validator func(*outside) verify.Validator
	Scanner   func(*outside) verify.Scanner
	Finisher  func(*outside) verify.Finisher
	Sweeper   func(*outside) sweep.Sweeper
	Deleter   func(*outside) deletion.Deleter
	MarkReady func(context.Context, *outside, workflow.Task) (verify.Result, error)
}

var scanners = verify.Scanners{verify.ClamAV}

func (m *Model) realParts() parts {
	p := m.policy
	return parts{
		Starter: func(o *outside) verify.Starter {
			return verify.Starter{Records: o, Objects: o, Workflow: o, Policy: p, Now: o.now}
		},
		Validator: func(o *outside) verify.Validator {
			return verify.Validator{Records: o, Objects: o, Policy: p, Now: o.now}
		},
		Scanner: func(o *outside) verify.Scanner {
			return verify.Scanner{Records: o, Objects: o, Antivirus: o, Scanners: scanners, Policy: p, Now: o.now}
		},
		Finisher: func(o *outside) verify.Finisher {
			return verify.Finisher{Records: o, Objects: o, Events: o, Receipts: o, Scanners: scanners, Policy: p, Now: o.now}
		},
		Sweeper: func(o *outside) sweep.Sweeper {
			return sweep.Sweeper{
				Records: o, Objects: o, Policy: p, Now: o.now, Limit: 500,
				Starter: m.parts.Starter(o), Finisher: m.parts.Finisher(o),
			}
		},
		Deleter: func(o *outside) deletion.Deleter {
			return deletion.Deleter{Records: o, Objects: o, Policy: p, Now: o.now}
		},
		MarkReady: func(ctx context.Context, o *outside, t workflow.Task) (verify.Result, error) {
			return m.parts.Finisher(o).Ready(ctx, t.Job, t.ChecksumSHA256, verify.Merge(t.Verdict, t.GuardDuty.Verdict))
		},
	}
}

// run runs one step with the outside as far as that has answers.
func (m *Model) run(s stepInput, o *outside) (verify.Result, error) {
	ctx := context.Background()
	var t workflow.Task
	if s.kind >= kindValidate {
		t = m.tasks.get(s.arg)
	}
	switch s.kind {
	case kindArrive:
		obj := described(int8(s.arg))
		obj.ContentType = "" // S3's event does not tell it
		_, err := m.parts.Starter(o).Arrived(ctx, obj)
		return verify.Result{}, err
	case kindComplete:
		_, err := m.parts.Starter(o).Complete(ctx, self, id)
		return verify.Result{}, err
	case kindDelete:
		return verify.Result{}, m.parts.Deleter(o).Delete(ctx, self, id)
	case kindSweep:
		_, err := m.parts.Sweeper(o).Sweep(ctx)
		return verify.Result{}, err
	case kindValidate:
		return m.parts.Validator(o).Validate(ctx, t.Job)
	case kindScan:
		return m.parts.Scanner(o).Scan(ctx, t.Job)
	case kindReady:
		return m.parts.MarkReady(ctx, o, t)
	case kindReject:
		return m.parts.Finisher(o).Rejected(ctx, t.Job, cmp.Or(t.Reason, t.GuardDuty.Reason), verify.Merge(t.Verdict, t.GuardDuty.Verdict))
	}
	panic(fmt.Sprintf("there is no step of kind %d", s.kind))
}
