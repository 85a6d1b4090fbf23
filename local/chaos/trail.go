package chaos

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/local/stack"
	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/canary"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/eventbus"
	"github.com/vouch-s3/vouch/shared/file"
)

const historyTable = stack.Name + "-HistoryTable"

// trails reads the trail of every file, in its order.
func (a *admin) trails(ctx context.Context) (map[string][]audit.Event, error) {
	all := map[string][]audit.Event{}
	pages := dynamodb.NewScanPaginator(a.dynamo, &dynamodb.ScanInput{TableName: aws.String(historyTable), ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("scan the trail: %w", err)
		}
		for _, item := range page.Items {
			e, err := dynamo.DecodeEvent(item)
			if err != nil {
				return nil, err
			}
			all[e.FileID] = append(all[e.FileID], e)
		}
	}
	for _, events := range all {
		slices.SortFunc(events, func(a, b audit.Event) int { return cmp.Compare(a.ID, b.ID) })
	}
	return all, nil
}

// told reads which events of the trail were published.
func told(dir string) (map[string]bool, error) {
	data, err := os.ReadFile(filepath.Join(dir, "events.jsonl"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the events: %w", err)
	}
	all := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e struct {
			DetailType string `json:"detail-type"`
			Detail     struct{ EventID string }
		}
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.DetailType == eventbus.AuditType {
			all[e.Detail.EventID] = true
		}
	}
	return all, lines.Err()
}

// trails holds the trail of each file to its record: from pending on, each status
// follows the one before it by the table of transitions, so that none is there
// twice; the last is what the record is; and each event was published. The canary
// may be at work while both are read.
func (j *judge) trails() {
	for id, events := range j.found.trails {
		f, known := j.found.files[id]
		switch {
		case f.Owner == canary.Owner:
			continue
		case !known && slices.ContainsFunc(events, func(e audit.Event) bool { return e.Outcome == audit.Done }):
			j.broken(EveryTrail, id, -1, "it tells of a file that has no record")
		}
		for _, e := range events {
			if !j.found.told[e.ID] {
				j.broken(EveryTrail, id, -1, "nobody was told of %s (%s)", e.ID, e.Action)
			}
		}
	}
	for id, f := range j.found.files {
		if f.Owner == canary.Owner {
			continue
		}
		var last file.Status
		for _, e := range j.found.trails[id] {
			if e.Action != audit.StatusChanged {
				continue
			}
			if last == "" && e.Status != file.Pending || last != "" && !last.CanBecome(e.Status) {
				j.broken(EveryTrail, id, -1, "it goes from %q to %s", last, e.Status)
			}
			last = e.Status
		}
		if last != f.Status {
			j.broken(EveryTrail, id, -1, "it ends with %q, and the file is %s", last, f.Status)
		}
	}
}
