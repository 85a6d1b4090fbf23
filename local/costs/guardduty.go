package costs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// eicarMD5 is the ETag of the canary's malware.
const eicarMD5 = "44d88612fea8a8f36de82e1278abb02f"

// play says as GuardDuty what it has found in each version, once a workflow waits
// for that, which is what costs most: on AWS a result may be there before.
func (m *meter) play(ctx context.Context) error {
	table := ""
	for _, t := range m.template.Tables {
		if strings.HasSuffix(t.Name, "ScanResultsTable") {
			table = t.Name
		}
	}
	if table == "" {
		return errors.New("the template has no table of results")
	}
	said := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(50 * time.Millisecond):
		}
		out, err := m.records.Scan(ctx, &dynamodb.ScanInput{TableName: &table})
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look for tasks that wait for GuardDuty: %w", err)
		}
		for _, i := range out.Items {
			id, _ := i["id"].(*types.AttributeValueMemberS)
			if i["token"] == nil || id == nil || said[id.Value] {
				continue
			}
			said[id.Value] = true
			if err := m.say(ctx, id.Value); err != nil {
				return err
			}
		}
	}
}

// say puts the event of a result on the bus: id is the version's, as the table of
// results has it.
func (m *meter) say(ctx context.Context, id string) error {
	version := strings.Split(id, "\n")
	if len(version) != 3 {
		return fmt.Errorf("%q is no version", id)
	}
	result := `"NO_THREATS_FOUND","threats":null`
	if version[2] == eicarMD5 {
		result = `"THREATS_FOUND","threats":[{"name":"EICAR-Test-File"}]`
	}
	detail := fmt.Sprintf(`{"schemaVersion":"1.0","scanStatus":"COMPLETED","resourceType":"S3_OBJECT","s3ObjectDetails":{"bucketName":%q,"objectKey":%q,"eTag":%q,"versionId":%q,"s3Throttled":false},"scanResultDetails":{"scanResultStatus":%s}}`,
		m.template.Buckets[0].Name, version[0], version[2], version[1], result)
	_, err := eventbridge.NewFromConfig(m.stack.Admin()).PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{{
		Source: aws.String("aws.guardduty"), DetailType: aws.String("GuardDuty Malware Protection Object Scan Result"), Detail: &detail,
	}}})
	if err != nil {
		return fmt.Errorf("say what GuardDuty found: %w", err)
	}
	return nil
}
