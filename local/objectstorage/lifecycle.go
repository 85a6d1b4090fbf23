package objectstorage

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Rule is a lifecycle rule ("Lifecycle configuration elements", Amazon S3 User
// Guide). versitygw knows none, so the stack carries them out.
type Rule struct {
	ID                   string
	Prefix               string
	Tags                 map[string]string // all of them must be there
	ExpireDays           int               // of a current version; 0 for never
	NoncurrentDays       int               // of a version that is no longer current
	AbortMultipartDays   int
	ExpiredDeleteMarkers bool // remove markers that hide nothing any more
}

const lifecycleEvery = time.Hour

func (s *Store) lifecycle(ctx context.Context) {
	tick := time.NewTicker(lifecycleEvery)
	defer tick.Stop()
	for {
		if err := s.ApplyLifecycle(ctx, time.Now()); err != nil && ctx.Err() == nil {
			s.log.Error("the lifecycle rules were not carried out", "error", err.Error())
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// ApplyLifecycle carries out every bucket's rules as of now.
func (s *Store) ApplyLifecycle(ctx context.Context, now time.Time) error {
	for _, b := range s.buckets {
		for _, rule := range b.Lifecycle {
			if err := s.apply(ctx, b.Name, rule, now); err != nil {
				return fmt.Errorf("carry out rule %s of bucket %s: %w", rule.ID, b.Name, err)
			}
		}
	}
	return nil
}

func (s *Store) apply(ctx context.Context, bucket string, rule Rule, now time.Time) error {
	before := func(days int) time.Time { return now.AddDate(0, 0, -days) }
	if rule.AbortMultipartDays > 0 {
		if err := s.abortUploads(ctx, bucket, rule.Prefix, before(rule.AbortMultipartDays)); err != nil {
			return err
		}
	}
	if rule.ExpireDays == 0 && rule.NoncurrentDays == 0 && !rule.ExpiredDeleteMarkers {
		return nil
	}
	pages := s3.NewListObjectVersionsPaginator(s.admin, &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: &rule.Prefix})
	versions := map[string]int{} // how many versions of each key are listed, for markers
	var markers []types.DeleteMarkerEntry
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list versions: %w", err)
		}
		for _, v := range page.Versions {
			if rule.ExpiredDeleteMarkers {
				versions[aws.ToString(v.Key)]++
				continue
			}
			if err := s.expire(ctx, bucket, rule, v, before); err != nil {
				return err
			}
		}
		markers = append(markers, page.DeleteMarkers...)
	}
	if !rule.ExpiredDeleteMarkers {
		return nil
	}
	for _, m := range markers {
		if aws.ToBool(m.IsLatest) && versions[aws.ToString(m.Key)] == 0 {
			if _, err := s.admin.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: m.Key, VersionId: m.VersionId}); err != nil {
				return fmt.Errorf("remove a delete marker: %w", err)
			}
		}
	}
	return nil
}

// expire deletes one version if the rule says so: a current one by a delete
// marker, an old one for good. S3 counts an old version's days from when the
// next one came; here they count from its own date, which is earlier.
func (s *Store) expire(ctx context.Context, bucket string, rule Rule, v types.ObjectVersion, before func(int) time.Time) error {
	current := aws.ToBool(v.IsLatest)
	days := rule.NoncurrentDays
	if current {
		days = rule.ExpireDays
	}
	if days == 0 || !aws.ToTime(v.LastModified).Before(before(days)) {
		return nil
	}
	if len(rule.Tags) > 0 {
		tags, err := s.existingTags(ctx, operation{bucket: bucket, key: aws.ToString(v.Key), version: aws.ToString(v.VersionId), reads: true})
		if err != nil {
			return err
		}
		for k, want := range rule.Tags {
			if tags[k] != want {
				return nil
			}
		}
	}
	input := &s3.DeleteObjectInput{Bucket: &bucket, Key: v.Key}
	if !current {
		input.VersionId = v.VersionId
	}
	if _, err := s.admin.DeleteObject(ctx, input); err != nil {
		return fmt.Errorf("expire %s: %w", aws.ToString(v.Key), err)
	}
	s.log.Info("a lifecycle rule expired an object version", "rule", rule.ID, "key", aws.ToString(v.Key), "versionId", aws.ToString(v.VersionId))
	return nil
}

func (s *Store) abortUploads(ctx context.Context, bucket, prefix string, before time.Time) error {
	pages := s3.NewListMultipartUploadsPaginator(s.admin, &s3.ListMultipartUploadsInput{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list multipart uploads: %w", err)
		}
		for _, u := range page.Uploads {
			if !aws.ToTime(u.Initiated).Before(before) {
				continue
			}
			if _, err := s.admin.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &bucket, Key: u.Key, UploadId: u.UploadId}); err != nil {
				return fmt.Errorf("abort a multipart upload: %w", err)
			}
		}
	}
	return nil
}
