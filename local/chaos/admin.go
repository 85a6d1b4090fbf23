package chaos

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/local/stack"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/file"
)

// The names that the stack gives its resources.
const (
	bucket  = stack.Name + "-filesbucket"
	table   = stack.Name + "-FilesTable"
	sweeper = stack.Name + "-SweepUploadsFunction"
)

// admin looks behind the stack with the key that may do everything, past the
// proxies.
type admin struct {
	aws     string // host:port
	key     aws.Credentials
	dynamo  *dynamodb.Client
	records *dynamo.Store
	objects *s3.Client
}

func newAdmin(o stack.Options) (*admin, error) {
	data, err := os.ReadFile(filepath.Join(o.Dir, "access-keys.json"))
	if err != nil {
		return nil, fmt.Errorf("read the stack's keys: %w", err)
	}
	var keys map[string]struct{ ID, Secret string }
	if err := json.Unmarshal(data, &keys); err != nil {
		return nil, fmt.Errorf("read the stack's keys: %w", err)
	}
	a := &admin{aws: o.AWS, key: aws.Credentials{AccessKeyID: keys["admin"].ID, SecretAccessKey: keys["admin"].Secret}}
	provider := credentials.StaticCredentialsProvider{Value: a.key}
	a.dynamo = dynamodb.New(dynamodb.Options{Region: stack.Region, BaseEndpoint: aws.String("http://" + o.AWS), Credentials: provider})
	a.records = dynamo.New(a.dynamo, table)
	a.objects = s3.New(s3.Options{
		Region: stack.Region, BaseEndpoint: aws.String("http://" + o.S3), UsePathStyle: true, Credentials: provider,
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired, ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	})
	return a, nil
}

// sweep has the sweeper run once.
func (a *admin) sweep(ctx context.Context) error {
	const body = "{}"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+a.aws+"/2015-03-31/functions/"+sweeper+"/invocations", strings.NewReader(body))
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(ctx, a.key, req, hex.EncodeToString(sum[:]), "lambda", stack.Region, time.Now()); err != nil {
		return fmt.Errorf("sign the invocation of the sweeper: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("invoke the sweeper: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("invoke the sweeper: %w", err)
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("X-Amz-Function-Error") != "" {
		return fmt.Errorf("the sweeper answered %d %s", resp.StatusCode, answer)
	}
	return nil
}

// files reads every record.
func (a *admin) files(ctx context.Context) (map[string]file.File, error) {
	all := map[string]file.File{}
	pages := dynamodb.NewScanPaginator(a.dynamo, &dynamodb.ScanInput{TableName: aws.String(table), ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("scan the records: %w", err)
		}
		for _, item := range page.Items {
			id, ok := item["id"].(*types.AttributeValueMemberS)
			if !ok {
				return nil, errors.New("a record has no id")
			}
			f, err := a.records.Get(ctx, id.Value)
			if err != nil {
				return nil, err
			}
			all[f.ID] = f
		}
	}
	return all, nil
}

// version is an object version or a delete marker.
type version struct{ key, id string }

// versions lists what the bucket holds.
func (a *admin) versions(ctx context.Context) ([]version, error) {
	var all []version
	pages := s3.NewListObjectVersionsPaginator(a.objects, &s3.ListObjectVersionsInput{Bucket: aws.String(bucket)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the object versions: %w", err)
		}
		for _, v := range page.Versions {
			all = append(all, version{aws.ToString(v.Key), aws.ToString(v.VersionId)})
		}
		for _, m := range page.DeleteMarkers {
			all = append(all, version{aws.ToString(m.Key), aws.ToString(m.VersionId)})
		}
	}
	return all, nil
}

// begun is an upload in parts that was begun and neither ended nor aborted.
type begun struct{ key, id string }

// multiparts lists the uploads in parts that the bucket holds.
func (a *admin) multiparts(ctx context.Context) ([]begun, error) {
	var all []begun
	pages := s3.NewListMultipartUploadsPaginator(a.objects, &s3.ListMultipartUploadsInput{Bucket: aws.String(bucket)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the multipart uploads: %w", err)
		}
		for _, u := range page.Uploads {
			all = append(all, begun{aws.ToString(u.Key), aws.ToString(u.UploadId)})
		}
	}
	return all, nil
}

// lapse has the life of an upload in parts be over, as it is days later: no
// policy has one so short that a run would see its end.
func (a *admin) lapse(ctx context.Context, id string) error {
	past := time.Now().Add(-time.Minute).UTC()
	_, err := a.dynamo.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                aws.String(table),
		Key:                      map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: id}},
		ConditionExpression:      aws.String("#status = :pending"),
		UpdateExpression:         aws.String("SET uploadExpiresAt = :expires, sweepAt = :sweep"),
		ExpressionAttributeNames: map[string]string{"#status": "status"},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":pending": &types.AttributeValueMemberS{Value: string(file.Pending)},
			":expires": &types.AttributeValueMemberS{Value: past.Format("2006-01-02T15:04:05.000Z07:00")},
			":sweep":   &types.AttributeValueMemberN{Value: strconv.FormatInt(past.Unix(), 10)},
		},
	})
	if _, moved := errors.AsType[*types.ConditionalCheckFailedException](err); moved {
		return nil // it was deleted meanwhile
	}
	if err != nil {
		return fmt.Errorf("have the upload of %s expire: %w", id, err)
	}
	return nil
}

// checksum reads the bytes of a version.
func (a *admin) checksum(ctx context.Context, v version) (string, error) {
	out, err := a.objects.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &v.key, VersionId: &v.id})
	if err != nil {
		return "", fmt.Errorf("get version %s of %s: %w", v.id, v.key, err)
	}
	defer out.Body.Close()
	data, err := io.ReadAll(out.Body)
	if err != nil {
		return "", fmt.Errorf("read version %s of %s: %w", v.id, v.key, err)
	}
	return checksum(data), nil
}
