package model

import (
	"cmp"
	"context"
	"fmt"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/deletion"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/parts"
	"github.com/vouch-s3/vouch/shared/retention"
	"github.com/vouch-s3/vouch/shared/step"
	"github.com/vouch-s3/vouch/shared/sweep"
	"github.com/vouch-s3/vouch/shared/upload"
	"github.com/vouch-s3/vouch/shared/verify"
)

// kind is what a step runs.
type kind int8

// The kinds of steps: the functions of template.yaml that touch a file.
const (
	kindCreate   kind = iota + 1 // create-upload, of a file in parts
	kindArrive                   // start-verification, on S3's event
	kindComplete                 // complete-upload
	kindDelete                   // delete-file
	kindSweep                    // sweep-uploads
	kindHold                     // put-hold
	kindRelease                  // delete-hold
	kindValidate                 // validate-object
	kindScan                     // scan-object
	kindReady                    // mark-ready
	kindReject                   // mark-rejected
)

var kindNames = [...]string{
	kindCreate: "create-upload", kindArrive: "start-verification", kindComplete: "complete-upload", kindDelete: "delete-file", kindSweep: "sweep-uploads", kindHold: "put-hold", kindRelease: "delete-hold",
	kindValidate: "validate-object", kindScan: "scan-object", kindReady: "mark-ready", kindReject: "mark-rejected",
}

func (k kind) String() string { return kindNames[k] }

// stepInput is a kind of step and what it is handed.
type stepInput struct {
	kind kind
	arg  int32 // for Arrive as Model.arrival makes it, a content for Complete, else of Model.tasks or 0
}

// code is the real code of the steps, each wired as its function's main.go
// does it. A test replaces one to see that the checker finds what is wrong.
type code struct {
	Creator   func(*outside) upload.Creator
	Completer func(*outside) parts.Completer
	Starter   func(*outside) verify.Starter
	Validator func(*outside) verify.Validator
	Scanner   func(*outside) verify.Scanner
	Finisher  func(*outside) verify.Finisher
	Sweeper   func(*outside) sweep.Sweeper
	Deleter   func(*outside) deletion.Deleter
	Holder    func(*outside) retention.Holder
	MarkReady func(context.Context, *outside, step.Task) (verify.Result, error)
}

var scanners = verify.Scanners{verify.ClamAV}

func (m *Model) realCode() code {
	p := m.policy
	return code{
		Creator: func(o *outside) upload.Creator {
			return upload.Creator{Records: o, Presigner: o, Uploads: o, Policy: p, Now: o.now}
		},
		Completer: func(o *outside) parts.Completer {
			return parts.Completer{Records: o, Uploads: o, Starter: m.code.Starter(o), Now: o.now}
		},
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
				Records: o, Objects: o, Uploads: o, Policy: p, Now: o.now, Limit: 500,
				Expirer: m.code.Deleter(o), Starter: m.code.Starter(o), Finisher: m.code.Finisher(o),
			}
		},
		Deleter: func(o *outside) deletion.Deleter {
			return deletion.Deleter{Records: o, Objects: o, Uploads: o, Policy: p, Now: o.now}
		},
		Holder: func(o *outside) retention.Holder {
			return retention.Holder{Records: o, Objects: o, Policy: p, Now: o.now}
		},
		MarkReady: func(ctx context.Context, o *outside, t step.Task) (verify.Result, error) {
			return m.code.Finisher(o).Ready(ctx, t.Job, t.ChecksumSHA256, verify.Merge(t.Verdict, t.GuardDuty.Verdict))
		},
	}
}

// run runs one step with the outside as far as that has answers.
func (m *Model) run(s stepInput, o *outside) (verify.Result, error) {
	ctx := acting()
	var t step.Task
	if s.kind >= kindValidate {
		t = m.tasks.get(s.arg)
	}
	switch s.kind {
	case kindCreate:
		_, _, err := m.code.Creator(o).Create(ctx, upload.Request{
			Owner: owner, Filename: "a.txt", ContentType: "text/plain", Size: int64(len(body)), Method: file.Multipart,
		})
		return verify.Result{}, err
	case kindArrive:
		obj := described(arrived(s.arg))
		obj.ContentType = "" // S3's event does not tell it
		_, err := m.code.Starter(o).Arrived(ctx, obj)
		return verify.Result{}, err
	case kindComplete:
		_, err := m.code.Completer(o).Complete(ctx, self, id, parts.Completion{ChecksumSHA256: content(s.arg).checksum()})
		return verify.Result{}, err
	case kindDelete:
		return verify.Result{}, m.code.Deleter(o).Delete(ctx, self, id)
	case kindSweep:
		_, err := m.code.Sweeper(o).Sweep(ctx)
		return verify.Result{}, err
	case kindHold:
		_, _, err := m.code.Holder(o).Place(ctx, access.Principal{Subject: "operator"}, id, "a lawsuit")
		return verify.Result{}, err
	case kindRelease:
		return verify.Result{}, m.code.Holder(o).Release(ctx, id, "it is settled")
	case kindValidate:
		return m.code.Validator(o).Validate(ctx, t.Job)
	case kindScan:
		return verify.IfPassed(t.Step, func() (verify.Result, error) { return m.code.Scanner(o).Scan(ctx, t.Job) })
	case kindReady:
		return m.code.MarkReady(ctx, o, t)
	case kindReject:
		return m.code.Finisher(o).Rejected(ctx, t.Job, cmp.Or(t.Reason, t.GuardDuty.Reason), verify.Merge(t.Verdict, t.GuardDuty.Verdict))
	}
	panic(fmt.Sprintf("there is no step of kind %d", s.kind))
}
