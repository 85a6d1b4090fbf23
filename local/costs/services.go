package costs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
)

// services stands before the AWS endpoint of the stack, and counts what the
// functions ask of it.
type services struct {
	*recorder
	upstream string // host:port
}

// ServeHTTP passes a request on, and counts it. What cannot be counted ends the
// run with an error.
func (s *services) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.failed(fmt.Errorf("read a request to AWS: %w", err))
		panic(http.ErrAbortHandler)
	}
	service, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	service, _, _ = strings.Cut(service, "_") // DynamoDB_20120810
	write := service == "DynamoDB" && writes[operation]
	if write { // one after the other, so that it is known what each has changed
		s.writing.Lock()
		defer s.writing.Unlock()
	}
	var changed []change
	if write {
		if changed, err = s.changesOf(r.Context(), operation, body); err != nil {
			s.failed(fmt.Errorf("read what %s changes: %w", operation, err))
		}
	}
	status, header, answer, err := s.pass(r, body)
	if err != nil {
		s.failed(fmt.Errorf("pass %s on: %w", operation, err))
		panic(http.ErrAbortHandler)
	}
	caller := s.caller(r)
	if write {
		err = s.countWrites(r.Context(), caller, operation, changed)
	} else {
		err = s.count(caller, service, operation, body, answer)
	}
	if err != nil {
		s.failed(fmt.Errorf("count %s.%s: %w", service, operation, err))
	}
	for name, values := range header {
		w.Header()[name] = values
	}
	w.WriteHeader(status)
	w.Write(answer)
}

// writes are the operations of DynamoDB that are counted by what they change.
var writes = map[string]bool{"PutItem": true, "UpdateItem": true, "DeleteItem": true, "TransactWriteItems": true}

func (s *services) pass(r *http.Request, body []byte) (int, http.Header, []byte, error) {
	// A client that goes away does not stop what it has asked for.
	req, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, "http://"+s.upstream+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	req.Header, req.Host = r.Header.Clone(), r.Host
	resp, err := s.transport.RoundTrip(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, answer, err
}

// change is an item that a request is about to write.
type change struct {
	table  string
	key    item
	before item
	times  float64 // how many times the units of a plain write
}

type written struct {
	TableName string
	Key, Item item
}

func (s *services) changesOf(ctx context.Context, operation string, body []byte) ([]change, error) {
	var in struct {
		written
		TransactItems []map[string]written
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	times, all := 1.0, []written{in.written}
	if operation == "TransactWriteItems" {
		times, all = transactional, nil
		for _, one := range in.TransactItems {
			for _, w := range one {
				all = append(all, w)
			}
		}
	}
	var changes []change
	for _, w := range all {
		table, err := s.table(w.TableName)
		if err != nil {
			return nil, err
		}
		key := w.Key
		if key == nil {
			key = keyIn(w.Item, table)
		}
		before, err := s.get(ctx, w.TableName, key)
		if err != nil {
			return nil, err
		}
		changes = append(changes, change{w.TableName, key, before, times})
	}
	return changes, nil
}

// countWrites counts what was changed, by what is there now. Checks within a
// transaction are billed as writes.
func (s *services) countWrites(ctx context.Context, caller, operation string, changed []change) error {
	for _, c := range changed {
		after, err := s.get(ctx, c.table, c.key)
		if err != nil {
			return err
		}
		own, err := ownUnits(c.before, after)
		if err != nil {
			return err
		}
		s.use(caller, operation+" "+c.table, WriteUnits, own*c.times)
		table, err := s.table(c.table)
		if err != nil {
			return err
		}
		for _, index := range table.Indexes {
			units, err := indexUnits(table, index, c.before, after)
			if err != nil {
				return err
			}
			short := index
			short.Projection.ProjectionType, short.Projection.NonKeyAttributes = "KEYS_ONLY", nil
			least, err := indexUnits(table, short, c.before, after)
			if err != nil {
				return err
			}
			s.index(c.table+" "+index.IndexName, units, least)
			if units > 0 {
				s.use(caller, operation+" "+c.table+", its index "+index.IndexName, WriteUnits, units)
			}
		}
	}
	return nil
}

// count counts a request that writes no item.
func (s *services) count(caller, service, operation string, body, answer []byte) error {
	switch service + "." + operation {
	case "DynamoDB.GetItem":
		var in struct {
			TableName      string
			Key            item
			ConsistentRead bool
		}
		var out struct{ Item item }
		if err := errors.Join(json.Unmarshal(body, &in), json.Unmarshal(answer, &out)); err != nil {
			return err
		}
		if strings.Contains(string(body), `"ProjectionExpression"`) { // which is billed by the whole item
			return errors.New("a projected read is not counted here")
		}
		n, err := out.Item.size()
		s.use(caller, operation+" "+in.TableName, ReadUnits, readUnits(n, in.ConsistentRead))
		return err
	case "DynamoDB.Query":
		var in struct {
			TableName, IndexName, FilterExpression, ProjectionExpression, Select string
			ConsistentRead                                                       bool
		}
		var out struct{ Items []item }
		if err := errors.Join(json.Unmarshal(body, &in), json.Unmarshal(answer, &out)); err != nil {
			return err
		}
		if in.FilterExpression+in.ProjectionExpression+in.Select != "" {
			return errors.New("a filtered or projected query is not counted here")
		}
		sum := 0
		for _, i := range out.Items {
			n, err := i.size()
			if err != nil {
				return err
			}
			sum += n
		}
		s.use(caller, strings.TrimSpace(operation+" "+in.TableName+" "+in.IndexName), ReadUnits, readUnits(sum, in.ConsistentRead))
	case "TrentService.Sign", "TrentService.GetPublicKey":
		s.use(caller, operation, Signatures, 1)
	case "AWSEvents.PutEvents":
		var in struct {
			Entries []struct {
				Source, DetailType, Detail string
				Resources                  []string
			}
		}
		if err := json.Unmarshal(body, &in); err != nil {
			return err
		}
		for _, e := range in.Entries {
			// "Calculating Amazon EventBridge event entry size", without the time.
			size := len(e.Source) + len(e.DetailType) + len(e.Detail) + len(strings.Join(e.Resources, ""))
			s.use(caller, operation+" "+e.DetailType, BusEvents, math.Max(1, math.Ceil(float64(size)/(64<<10))))
		}
	case "AWSStepFunctions.StartExecution":
		var in struct{ StateMachineArn, Input string }
		var out struct{ ExecutionArn string }
		if err := json.Unmarshal(body, &in); err != nil {
			return err
		}
		if err := json.Unmarshal(answer, &out); err != nil {
			return err
		}
		s.note(caller, operation)
		if out.ExecutionArn != "" { // not one that is there already
			s.started(execution{machine: in.StateMachineArn, arn: out.ExecutionArn, input: in.Input})
		}
	case "AWSStepFunctions.SendTaskSuccess":
		var in struct{ TaskToken, Output string }
		if err := json.Unmarshal(body, &in); err != nil {
			return err
		}
		s.note(caller, operation)
		s.answered(in.TaskToken, in.Output)
	default:
		return errors.New("it has no price here")
	}
	return nil
}
