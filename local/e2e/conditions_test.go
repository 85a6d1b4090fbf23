package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/vouch-s3/vouch/local/policies"
)

// Whoever has taken a function over makes the call that its policy allows, and
// leaves out what the condition asks for. Every condition of every function is
// broken in turn, by its key.
func TestEveryConditionRefusesWhatItIsThereFor(t *testing.T) {
	broken := map[string]func(taken, *testing.T) error{
		"dynamodb:EnclosingOperation":        taken.writeAlone,
		"s3:if-none-match":                   taken.put,
		"s3:authType":                        taken.put,
		"s3:ObjectCreationOperation":         taken.put,
		"s3:ExistingObjectTag/vouch-verdict": taken.useOtherwiseTagged,
		"s3:prefix":                          taken.listElsewhere,
		"s3:RequestObjectTag/vouch-verdict":  taken.tagClean,
		"events:source":                      taken.publishAsAnother,
		"events:detail-type":                 taken.publishOtherwise,
		"kms:SigningAlgorithm":               taken.signOtherwise,
		"kms:MessageType":                    taken.signUnhashed,
	}
	conditions := 0
	for _, f := range local.Template.Functions {
		for _, p := range f.Role.Policies {
			for _, s := range p.Statements {
				for _, keys := range s.Condition {
					for key := range keys {
						breaks, known := broken[key]
						if !known {
							t.Errorf("%s: say here how a call breaks the condition on %s of %s", f.LogicalID, key, s.Sid)
							continue
						}
						for _, action := range s.Action {
							conditions++
							if err := breaks(taken{f.LogicalID, action, s.Resource[0], s.Condition}, t); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
								t.Errorf("%s: %s without %s, which %s asks for: %v", f.LogicalID, action, key, s.Sid, err)
							}
						}
					}
				}
			}
		}
	}
	if conditions < 20 {
		t.Errorf("%d conditions were found", conditions)
	}
}

// taken is a call of a function that was taken over: an action that its policy
// allows it, on the resource that it allows it on.
type taken struct {
	function, action, resource string
	condition                  policies.Conditions
}

// allowed is a value that the conditions allow for the key, or otherwise where they
// do not name it.
func (c taken) allowed(key, otherwise string) string {
	for _, keys := range c.condition {
		if values := keys[key]; len(values) > 0 {
			return values[0]
		}
	}
	return otherwise
}

func (c taken) config(t *testing.T) aws.Config {
	cfg := local.Admin()
	cfg.Credentials = functionKey(t, c.function)
	return cfg
}

// key is a key of the bucket that the resource includes.
func (c taken) key() *string {
	_, key, _ := strings.Cut(c.resource, "/")
	return aws.String(strings.TrimSuffix(key, "*") + "condition")
}

// writeAlone writes in no transaction.
func (c taken) writeAlone(t *testing.T) error {
	_, name, _ := strings.Cut(c.resource, "/")
	client, item := dynamodb.NewFromConfig(c.config(t)), map[string]dynamotypes.AttributeValue{"id": &dynamotypes.AttributeValueMemberS{Value: "x"}}
	var err error
	switch c.action {
	case "dynamodb:PutItem":
		_, err = client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &name, Item: item})
	case "dynamodb:UpdateItem":
		_, err = client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: &name, Key: item})
	case "dynamodb:DeleteItem":
		_, err = client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &name, Key: item})
	default:
		t.Errorf("say here how %s is called alone", c.action)
	}
	return err
}

// put puts an object, signed in a header and without a precondition.
func (c taken) put(t *testing.T) error {
	_, err := objectsAs(t, c.function).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: c.key(), Body: strings.NewReader("x")})
	return err
}

// verdictTagKey is the key of the tag of a verdict.
const verdictTagKey = "vouch-verdict"

// useOtherwiseTagged gets a version without a verdict, or tags one that is open.
func (c taken) useOtherwiseTagged(t *testing.T) error {
	if c.action == "s3:PutObjectVersionTagging" {
		return c.tag(t, "clean", c.allowed("s3:RequestObjectTag/"+verdictTagKey, ""))
	}
	version := c.version(t, "")
	_, err := objectsAs(t, c.function).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: c.key(), VersionId: version})
	return err
}

// tagClean tags a version so that it is open.
func (c taken) tagClean(t *testing.T) error {
	return c.tag(t, c.allowed("s3:ExistingObjectTag/"+verdictTagKey, ""), "clean")
}

// tag tags a version that has the tag of one verdict with another.
func (c taken) tag(t *testing.T, from, to string) error {
	version := c.version(t, from)
	_, err := objectsAs(t, c.function).PutObjectTagging(t.Context(), &s3.PutObjectTaggingInput{
		Bucket: aws.String(bucket), Key: c.key(), VersionId: version,
		Tagging: &s3types.Tagging{TagSet: []s3types.Tag{{Key: aws.String(verdictTagKey), Value: &to}}},
	})
	return err
}

// version is one of an object that is there for the test, with the tag of a verdict or
// without any.
func (c taken) version(t *testing.T, verdict string) *string {
	t.Helper()
	in := &s3.PutObjectInput{Bucket: aws.String(bucket), Key: c.key(), Body: strings.NewReader("x")}
	if verdict != "" {
		in.Tagging = aws.String(verdictTagKey + "=" + verdict)
	}
	out, err := local.Objects().PutObject(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		local.Objects().DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: c.key(), VersionId: out.VersionId})
	})
	return out.VersionId
}

// listElsewhere lists the versions of all that is in the bucket.
func (c taken) listElsewhere(t *testing.T) error {
	_, err := objectsAs(t, c.function).ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: aws.String(bucket)})
	return err
}

// publishAsAnother publishes an event of another source.
func (c taken) publishAsAnother(t *testing.T) error {
	return c.publish(t, "another", c.allowed("events:detail-type", "File Ready"))
}

// publishOtherwise publishes an event of a kind that is another's.
func (c taken) publishOtherwise(t *testing.T) error { return c.publish(t, "vouch", "Another") }

func (c taken) publish(t *testing.T, source, kind string) error {
	_, bus, _ := strings.Cut(c.resource, "/")
	_, err := eventbridge.NewFromConfig(c.config(t)).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{{
		EventBusName: &bus, Source: &source, DetailType: &kind, Detail: aws.String("{}"),
	}}})
	return err
}

// signOtherwise signs by another algorithm.
func (c taken) signOtherwise(t *testing.T) error {
	return c.sign(t, types.SigningAlgorithmSpecEcdsaSha384, types.MessageTypeDigest)
}

// signUnhashed has KMS sign a message, of which it makes the digest itself.
func (c taken) signUnhashed(t *testing.T) error {
	return c.sign(t, types.SigningAlgorithmSpecEcdsaSha256, types.MessageTypeRaw)
}

func (c taken) sign(t *testing.T, algorithm types.SigningAlgorithmSpec, kind types.MessageType) error {
	_, err := kms.NewFromConfig(c.config(t)).Sign(t.Context(), &kms.SignInput{
		KeyId: aws.String(local.Template.SigningKeys[0].ID), Message: make([]byte, 32), MessageType: kind, SigningAlgorithm: algorithm,
	})
	return err
}
