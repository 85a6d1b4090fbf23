package samtemplate

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/vouch-s3/vouch/local/policies"
)

// Table is a DynamoDB table, in the words of CreateTable.
type Table struct {
	Name         string
	Attributes   []Attribute
	Key          []Key
	Indexes      []Index
	TTLAttribute string

	// Stream is the view type of the table's stream, of which NEW_IMAGE is carried
	// out, and StreamARN its ARN; both are empty where it has none.
	Stream, StreamARN string
}

// Attribute is a key attribute and its type.
type Attribute struct{ AttributeName, AttributeType string }

// Key is one attribute of a key; KeyType is HASH or RANGE.
type Key struct{ AttributeName, KeyType string }

// Index is a global secondary index.
type Index struct {
	IndexName  string
	KeySchema  []Key
	Projection struct {
		ProjectionType   string
		NonKeyAttributes []string `json:",omitempty"`
	}
}

func (b *builder) table(res resource, given map[string]any) error {
	var p struct {
		AttributeDefinitions    []Attribute
		KeySchema               []Key
		GlobalSecondaryIndexes  []Index
		TimeToLiveSpecification struct {
			AttributeName string
			Enabled       bool
		}
		StreamSpecification                                                                        struct{ StreamViewType string }
		BillingMode, PointInTimeRecoverySpecification, DeletionProtectionEnabled, SSESpecification any
	}
	if err := as(given, &p); err != nil {
		return err
	}
	t := Table{Name: res.name(b.env), Attributes: p.AttributeDefinitions, Key: p.KeySchema, Indexes: p.GlobalSecondaryIndexes}
	if p.TimeToLiveSpecification.Enabled {
		t.TTLAttribute = p.TimeToLiveSpecification.AttributeName
	}
	switch t.Stream = p.StreamSpecification.StreamViewType; t.Stream {
	case "":
	case "NEW_IMAGE":
		t.StreamARN = streamARN(res.arn(b.env))
	default:
		return fmt.Errorf("a stream of the view type %q is not carried out here", t.Stream)
	}
	b.stack.Tables = append(b.stack.Tables, t)
	return nil
}

// Bucket is an S3 bucket.
type Bucket struct {
	Name        string
	Versioned   bool
	EventBridge bool
	CORS        []CORSRule
	Lifecycle   []LifecycleRule
	Policies    []policies.Policy
}

// CORSRule is one rule on what pages of other origins may do.
type CORSRule struct {
	AllowedOrigins, AllowedMethods, AllowedHeaders, ExposedHeaders []string
	MaxAge                                                         int32 // seconds
}

// LifecycleRule is an enabled rule on what becomes of objects in time.
type LifecycleRule struct {
	ID                                             string
	Tags                                           map[string]string
	ExpireDays, NoncurrentDays, AbortMultipartDays int
	ExpiredDeleteMarkers                           bool
}

func (b *builder) bucket(res resource, given map[string]any) error {
	var p struct {
		VersioningConfiguration   struct{ Status string }
		NotificationConfiguration struct {
			EventBridgeConfiguration struct{ EventBridgeEnabled bool }
		}
		CorsConfiguration      struct{ CorsRules []CORSRule }
		LifecycleConfiguration struct {
			Rules []struct {
				Id, Status                     string
				TagFilters                     []struct{ Key, Value string }
				ExpirationInDays               json.RawMessage // a number, or a parameter's text
				NoncurrentVersionExpiration    struct{ NoncurrentDays int }
				AbortIncompleteMultipartUpload struct{ DaysAfterInitiation int }
				ExpiredObjectDeleteMarker      bool
			}
		}
		PublicAccessBlockConfiguration, OwnershipControls, BucketEncryption any
	}
	if err := as(given, &p); err != nil {
		return err
	}
	bucket := Bucket{
		Name:        res.name(b.env),
		Versioned:   p.VersioningConfiguration.Status == "Enabled",
		EventBridge: p.NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled,
		CORS:        p.CorsConfiguration.CorsRules,
	}
	switch p.VersioningConfiguration.Status {
	case "", "Enabled", "Suspended":
	default:
		return fmt.Errorf("the status of versioning is %q", p.VersioningConfiguration.Status)
	}
	for _, r := range p.LifecycleConfiguration.Rules {
		switch r.Status {
		case "Enabled":
		case "Disabled":
			continue
		default:
			return fmt.Errorf("rule %s: the status is %q", r.Id, r.Status)
		}
		rule := LifecycleRule{
			ID: r.Id, Tags: map[string]string{}, NoncurrentDays: r.NoncurrentVersionExpiration.NoncurrentDays,
			AbortMultipartDays: r.AbortIncompleteMultipartUpload.DaysAfterInitiation, ExpiredDeleteMarkers: r.ExpiredObjectDeleteMarker,
		}
		for _, f := range r.TagFilters {
			rule.Tags[f.Key] = f.Value
		}
		if len(r.ExpirationInDays) > 0 {
			text := string(r.ExpirationInDays)
			if unquoted, err := strconv.Unquote(text); err == nil {
				text = unquoted
			}
			days, err := strconv.Atoi(text)
			if err != nil {
				return fmt.Errorf("rule %s: ExpirationInDays: %w", r.Id, err)
			}
			rule.ExpireDays = days
		}
		bucket.Lifecycle = append(bucket.Lifecycle, rule)
	}
	var err error
	if bucket.Policies, err = b.bucketPolicies(bucket.Name); err != nil {
		return err
	}
	b.stack.Buckets = append(b.stack.Buckets, bucket)
	return nil
}

// bucketPolicy only makes sure that the policy is that of a bucket here, with
// which it is read.
func (b *builder) bucketPolicy(given map[string]any) error {
	for _, res := range b.resources {
		if res.Type == "AWS::S3::Bucket" && res.name(b.env) == given["Bucket"] {
			return nil
		}
	}
	return fmt.Errorf("it is the policy of no bucket of the template: %v", given["Bucket"])
}

func (b *builder) bucketPolicies(bucket string) ([]policies.Policy, error) {
	var all []policies.Policy
	for id, res := range b.resources {
		if res.Type != "AWS::S3::BucketPolicy" {
			continue
		}
		v, err := b.resolve(res.Properties)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		var p struct {
			Bucket         string
			PolicyDocument json.RawMessage
		}
		if err := as(v, &p); err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		if p.Bucket != bucket {
			continue
		}
		policy, err := policies.ParseResource(p.PolicyDocument)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		all = append(all, policy)
	}
	return all, nil
}
