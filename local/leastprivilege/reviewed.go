package leastprivilege

import (
	"strings"

	"github.com/vouch-s3/vouch/local/policies"
)

// Exception is something that a role is allowed and that no end-to-end test has
// it need, with the reason why it is allowed all the same.
type Exception struct {
	Role   string // a logical id
	Sid    string
	Action string // empty for all of the statement's

	// Resource ends the ARNs that it is about, and Value the values of a condition;
	// empty for all.
	Resource, Value string

	Reason string

	// Race says that a run may need it by chance, so that its use is no fault.
	Race bool
}

// covers reports whether the exception is about a grant of a role.
func (e Exception) covers(role string, g policies.Grant) bool {
	return e.Role == role && e.Sid == g.Sid && (e.Action == "" || e.Action == g.Action) &&
		strings.HasSuffix(g.Resource, e.Resource) && (e.Value == "" || e.Value == g.Value)
}

// Reviewed lists every exception there is.
var Reviewed = []Exception{
	{
		Role: "CompleteUploadFunction", Sid: "RemoveStrayVersions", Race: true,
		Reason: "only where another call pins one version while this one holds another (`TestAVersionThatLosesTheRaceToBePinnedIsRemoved`)",
	},
	{
		Role: "VerifyFile", Sid: "DeliverLogs",
		Reason: "Step Functions asks for it when it delivers logs to CloudWatch; the local stack writes its own",
	},
	{
		Role: "EraseOwner", Sid: "DeliverLogs",
		Reason: "Step Functions asks for it when it delivers logs to CloudWatch; the local stack writes its own",
	},
	{
		Role: "RescanFiles", Sid: "DeliverLogs",
		Reason: "Step Functions asks for it when it delivers logs to CloudWatch; the local stack writes its own",
	},
	{
		Role: "RescanFiles", Sid: "FollowAndStopChildren", Resource: "execution:vouch-rescan-files:*",
		Reason: "the documentation has the policy for this name and calls the children by the other; the local stack asks for the other",
	},
}
