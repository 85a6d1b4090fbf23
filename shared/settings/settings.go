// Package settings reads what template.yaml tells a function by its
// environment, and says what is missing before the function takes any work.
package settings

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/verify"
)

// The names of the settings, as they stand under Environment in template.yaml.
const (
	Table        = "FILES_TABLE"        // the DynamoDB table of records
	Usage        = "USAGE_TABLE"        // the DynamoDB table of what is counted for quotas
	History      = "HISTORY_TABLE"      // the DynamoDB table of the trail
	Bucket       = "FILES_BUCKET"       // the S3 bucket of objects
	StateMachine = "STATE_MACHINE_ARN"  // the workflow that the function starts
	Concurrency  = "RESCAN_CONCURRENCY" // how many files a re-scan verifies at a time
	EventBus     = "EVENT_BUS"          // the name of the project's event bus
	Clamd        = "CLAMD_ADDRESS"      // host:port of the ClamAV daemon
	ClamdWait    = "CLAMD_WAIT"         // how long it may still be loading, as in "120s"; may be empty
	Signatures   = "SIGNATURES_BUCKET"  // the S3 bucket that mirrors ClamAV's signatures
	ScanResults  = "SCAN_RESULTS_TABLE" // the DynamoDB table where GuardDuty's results and the tasks that wait for them meet
	Scanners     = "SCANNERS"           // which malware scanners are asked: verify.ParseScanners
	Idempotency  = "IDEMPOTENCY_TABLE"  // the DynamoDB table of calls that came with an Idempotency-Key
	Policy       = "POLICY_OVERRIDE"    // what differs from shared/policy/default.yaml; may be empty
	OwnerClaim   = "OWNER_CLAIM"        // the claim of a token whose value owns files
	TenantClaim  = "TENANT_CLAIM"       // that of the tenant; empty where there are none
	GroupsClaim  = "GROUPS_CLAIM"       // that of groups; empty where there are none
	Erasures     = "ERASURES_TABLE"     // the DynamoDB table of erasures
	ReceiptKey   = "RECEIPT_KEY_ID"     // the KMS key that signs receipts
	ReceiptKeys  = "RECEIPT_KEY_IDS"    // the KMS keys that receipts may be signed with, by commas
)

// The names of what says whether machines may call.
const (
	MachineRoutes = "MACHINE_ROUTES" // enabled where callers are taken that IAM knows
	MachineTenant = "MACHINE_TENANT" // their tenant; empty where there are none
)

// Read returns the values of the settings named. Its error names every one
// that is missing.
func Read(names ...string) (map[string]string, error) {
	values, missing := lookUp(names)
	if len(missing) > 0 {
		return nil, fmt.Errorf("environment variables are not set: %s (template.yaml sets them under Environment; for sam local invoke, pass --env-vars)", strings.Join(missing, ", "))
	}
	return values, nil
}

// lookUp returns the values of environment variables, and the names of those that
// are not set or empty.
func lookUp(names []string) (values map[string]string, missing []string) {
	values = make(map[string]string, len(names))
	for _, name := range names {
		if values[name] = os.Getenv(name); values[name] == "" {
			missing = append(missing, name)
		}
	}
	return values, missing
}

// MustRead reads the settings and the AWS configuration of a function as it
// starts. Without them the function cannot do anything, so it logs what is
// missing and exits; Lambda reports that as a failed init. It also has the
// function log in JSON.
func MustRead(_ context.Context, names ...string) (map[string]string, aws.Config) {
	logJSON()
	values, err := Read(names...)
	if err != nil {
		exit("read the settings", err)
	}
	cfg, err := awsConfig()
	if err != nil {
		exit("load the AWS configuration", err)
	}
	return values, cfg
}

// MustScanners returns the malware scanners that must be asked, and exits like
// MustRead if the setting is not one of verify.ParseScanners.
func MustScanners() verify.Scanners {
	s, err := verify.ParseScanners(os.Getenv(Scanners))
	if err != nil {
		exit("read "+Scanners, err)
	}
	return s
}

// MustClaims returns which claims say who somebody is, and whether machines may
// call, and exits like MustRead if the claim of the owner is not set.
func MustClaims() access.Claims {
	c := access.Claims{Owner: os.Getenv(OwnerClaim), Tenant: os.Getenv(TenantClaim), Groups: os.Getenv(GroupsClaim)}
	c.Machines = access.Machines{Taken: os.Getenv(MachineRoutes) == "enabled", Tenant: os.Getenv(MachineTenant)}
	if c.Owner == "" {
		exit("read "+OwnerClaim, errors.New("it is not set (template.yaml sets it under Globals)"))
	}
	return c
}

// MustPolicy returns the policy in force as a function starts, and exits like
// MustRead if it is not valid. load is override.Load, which only those link that ask.
func MustPolicy(load func(override string) (policy.Policy, error)) policy.Policy {
	p, err := load(os.Getenv(Policy))
	if err != nil {
		exit("load the policy", err)
	}
	return p
}

// MustConcurrency returns how many files a re-scan verifies at a time, and exits
// like MustRead if the setting is not a positive number.
func MustConcurrency() int {
	n, err := strconv.Atoi(os.Getenv(Concurrency))
	if err == nil && n < 1 {
		err = fmt.Errorf("%d is not positive", n)
	}
	if err != nil {
		exit("read "+Concurrency, err)
	}
	return n
}

// MustDuration returns the duration of a setting that may be empty, which is 0,
// and exits like MustRead if it is none.
func MustDuration(name string) time.Duration {
	text := os.Getenv(name)
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		exit("read "+name, err)
	}
	return d
}

// logJSON makes slog's default logger write JSON to standard output, which Lambda
// sends to CloudWatch Logs.
func logJSON() { slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil))) }

func exit(doing string, err error) {
	logJSON()
	slog.Error("the function cannot start", "doing", doing, "error", err.Error())
	os.Exit(1)
}
