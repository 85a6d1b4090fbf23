// Package policy holds the one set of rules on what may be uploaded, how long
// things live, and what is done about what verification finds. Every layer
// asks here, none has a limit of its own. The rules themselves are data:
// default.yaml, described by policy.schema.json.
package policy

import (
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/inspect"
	"github.com/vouch-s3/vouch/shared/quota"
)

// Policy is a set of rules, as default.yaml explains them. The zero value
// allows nothing.
type Policy struct {
	MaxSize int64            `yaml:"maxSize"` // bytes
	Types   map[string]*Type `yaml:"types"`   // by the declared media type, in lower case and without parameters

	Methods   []file.Method `yaml:"methods"`
	Multipart Multipart     `yaml:"multipart"`

	UploadLife   time.Duration `yaml:"uploadLife"`
	DownloadLife time.Duration `yaml:"downloadLife"`
	ArrivalGrace time.Duration `yaml:"arrivalGrace"`
	VerifyWithin time.Duration `yaml:"verifyWithin"`
	GiveUpAfter  time.Duration `yaml:"giveUpAfter"`
	PurgeAfter   time.Duration `yaml:"purgeAfter"`

	Retention Retention    `yaml:"retention"`
	Quotas    quota.Quotas `yaml:"quotas"`

	MaxPage     int `yaml:"maxPage"`
	DefaultPage int `yaml:"defaultPage"`

	Inspect  inspect.Limits         `yaml:"inspect"`
	Scan     Scan                   `yaml:"scan"`
	Findings map[file.Reason]Action `yaml:"findings"`
	OnFlag   OnFlag                 `yaml:"onFlag"`

	RejectedBytes RejectedBytes `yaml:"rejectedBytes"`
}

// Multipart is how files are sent in parts.
type Multipart struct {
	Threshold int64         `yaml:"threshold"` // bytes
	PartSize  int64         `yaml:"partSize"`  // bytes
	Life      time.Duration `yaml:"life"`
	Batch     int           `yaml:"batch"`
}

// Retention is how long files are kept, from when they were created on.
type Retention struct {
	Default time.Duration `yaml:"default"` // where nobody says; 0: as long as nobody deletes them
	Max     time.Duration `yaml:"max"`     // whoever says what; 0: no limit
}

// Type is what is allowed of one declared media type.
type Type struct {
	// Content lists what the bytes may be found to be; "*" is anything.
	Content []string `yaml:"content"`

	// MaxSize is a lower limit than the policy's, in bytes; 0 for none.
	MaxSize int64 `yaml:"maxSize"`
}

// Scan is what is asked of a malware scanner.
type Scan struct {
	MaxDatabaseAge time.Duration `yaml:"maxDatabaseAge"` // 0: not asked
	Timeout        time.Duration `yaml:"timeout"`
	Slowest        int64         `yaml:"slowest"` // bytes a second
}

// Action is what is done about a finding.
type Action string

// The actions.
const (
	Allow  Action = "allow"
	Flag   Action = "flag"
	Reject Action = "reject"
)

// OnFlag is what becomes of a file that is flagged.
type OnFlag string

// What may become of a flagged file.
const (
	FlaggedIsReady    OnFlag = "ready"
	FlaggedIsRejected OnFlag = "reject"
)

// RejectedBytes is what becomes of the bytes of a rejected file.
type RejectedBytes string

// What may become of rejected bytes.
const (
	KeepRejected   RejectedBytes = "keep"   // out of reach, until the bucket's lifecycle rule expires them
	DeleteRejected RejectedBytes = "delete" // at once
)
