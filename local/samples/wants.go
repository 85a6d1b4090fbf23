package samples

// Want is what a function must answer to a sample, with a stack on which nobody has
// yet done anything that the sample is about: its file is not there.
type Want struct {
	Status  int    // of the HTTP answer; 0 for a function that the API does not call
	Problem string // the problem's type (docs/problems.md) behind urn:vouch:problem:

	// Answer is JSON that the answer must have in it, or its body if it is HTTP's:
	// all members that are given, with their values. "*" stands for any but null.
	Answer string

	// Error is in the message of an invocation that must fail, as that of a function
	// does which needs what only its image has.
	Error string
}

// wants has every file of events.
var wants = map[string]Want{
	"await-guardduty.json":       {Answer: `null`},
	"complete-upload-parts.json": {Status: 404, Problem: "not-found"},
	"complete-upload.json":       {Status: 404, Problem: "not-found"},
	"create-download.json":       {Status: 404, Problem: "not-found"},
	"create-upload-form.json":    {Status: 201, Answer: `{"status":"pending","method":"form","filename":"cv.pdf","form":{"url":"*"}}`},
	"create-upload.json":         {Status: 201, Answer: `{"status":"pending","method":"put","filename":"holiday.png","size":5242880,"upload":{"url":"*"}}`},
	"delete-file.json":           {Status: 404, Problem: "not-found"},
	"delete-grant.json":          {Status: 404, Problem: "not-found"},
	"delete-hold.json":           {Status: 404, Problem: "not-found"},
	"erase-files.json":           {Answer: `{"erasure":"0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e","next":"fail"}`},
	"erase-owner.json":           {Status: 202, Answer: `{"id":"*","status":"erasing","keepClosed":false}`},
	"fail-erasure.json":          {Answer: `{"erasure":"0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e","next":"fail"}`},
	"get-erasure.json":           {Status: 404, Problem: "no-such-erasure"},
	"get-file.json":              {Status: 404, Problem: "not-found"},
	"get-history.json":           {Status: 404, Problem: "not-found"},
	"get-keys.json":              {Status: 200, Answer: `{"keys":"*"}`},
	"get-usage-machine.json":     {Status: 200, Answer: `{"bytes":{"limit":107374182400}}`},
	"get-usage.json":             {Status: 200, Answer: `{"bytes":{"limit":107374182400}}`},
	"list-files.json":            {Status: 200, Answer: `{"files":"*"}`},
	"list-grants.json":           {Status: 404, Problem: "not-found"},
	"list-parts.json":            {Status: 404, Problem: "not-found"},
	"list-ready-files.json":      {Answer: `{"jobs":[],"next":{"run":"rescan-20250101T000000000Z","pages":1,"done":true}}`},
	"mark-ready.json":            {Answer: `{"outcome":"superseded"}`},
	"mark-rejected.json":         {Answer: `{"outcome":"superseded"}`},
	"presign-parts.json":         {Status: 404, Problem: "not-found"},
	"prove-erasure.json":         {Answer: `{"erasure":"0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e","next":"fail"}`},
	"publish-history.json":       {Answer: `{"batchItemFailures":[]}`},
	"put-grant.json":             {Status: 404, Problem: "not-found"},
	"put-hold.json":              {Status: 404, Problem: "not-found"},
	"receive-guardduty.json":     {Answer: `null`},
	"reconcile-usage.json":       {Answer: `{"accounts":"*","drifted":0}`},
	"refresh-signatures.json":    {Error: "run freshclam"},
	"rescan-files.json":          {Status: 202, Answer: `{"id":"rescan-20250101T000000000Z"}`},
	"run-canary.json":            {Answer: `{"cleanId":"*","readySeconds":"*","malwareId":"*","rejectedSeconds":"*"}`},
	"scan-object.json":           {Answer: `{"outcome":"superseded"}`},
	"set-retention.json":         {Status: 404, Problem: "not-found"},
	"start-verification.json":    {Answer: `null`},
	"sweep-uploads.json":         {Answer: `{"due":"*","givenUp":0}`},
	"validate-object.json":       {Answer: `{"outcome":"superseded"}`},
}
