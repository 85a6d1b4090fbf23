package sim

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// Counts is what is read here of local/costs/counts.json. The package that writes it is
// linked with the whole local stack, of which a simulation has no use.
type Counts struct {
	Stages []struct {
		Name  string
		Files int
		Usage map[string]float64 // by the names of prices, of all files together
		Calls map[string]struct {
			Times int
			Units float64
		}
	}
}

func (c Counts) stage(name string) int {
	for i := range c.Stages {
		if c.Stages[i].Name == name {
			return i
		}
	}
	return -1
}

// readJSON reads the file at path into v.
func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the data: %w", err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// Function is what an invocation of one does, as local/costs has counted it.
type Function struct {
	Own   time.Duration // measured where every call is a local one: what the function itself takes
	Calls []Calls       // in the order in which functions make them
}

// Calls are the calls of one kind that an invocation makes.
type Calls struct {
	Operation string
	Times     float64 // an invocation, in the mean
	Writes    []Write // what one of them writes; nil where it writes nothing
}

// Write is what a call writes to one table, or to one of its indexes.
type Write struct {
	Place string  // "FilesTable", "FilesTable byOwner"
	Units float64 // write units of all items together
	Items float64
}

// order is how functions make their calls: look, decide, sign, tag, write, start, tell.
// Those that are not in it come first.
var order = []string{"GetItem", "HeadObject", "GetObject", "Sign", "PutObjectTagging", "TransactWriteItems", "StartExecution", "PutEvents", "UpdateItem"}

// Functions reads what each function does from the stage of the counts with the name.
func Functions(counts Counts, stage string) (map[string]*Function, error) {
	i := counts.stage(stage)
	if i < 0 {
		return nil, fmt.Errorf("there is no stage %q in the counts", stage)
	}
	calls := counts.Stages[i].Calls
	functions := map[string]*Function{}
	for name, c := range calls {
		if f, ok := strings.CutPrefix(name, "Lambda: "); ok {
			functions[f] = &Function{Own: time.Duration(c.Units / float64(c.Times) * float64(time.Millisecond))}
		}
	}
	for who, f := range functions {
		invocations := float64(calls["Lambda: "+who].Times)
		kinds := map[string]*Calls{}
		kind := func(operation string) *Calls {
			if kinds[operation] == nil {
				kinds[operation] = &Calls{Operation: operation}
			}
			return kinds[operation]
		}
		// How often an operation was called, before what one of them writes.
		for name, c := range calls {
			operation, table, index, ok := split(name, who)
			if !ok || index != "" {
				continue
			}
			// Of a transaction there is a line for each table: that of the records is the
			// one that has one item in each.
			if operation == "TransactWriteItems" && table != "FilesTable" {
				continue
			}
			kind(operation).Times += float64(c.Times) / invocations
		}
		for name, c := range calls {
			operation, table, index, ok := split(name, who)
			if !ok || table == "" || c.Units == 0 || operation == "GetItem" {
				continue
			}
			k := kind(operation)
			made := k.Times * invocations
			k.Writes = append(k.Writes, Write{strings.TrimSuffix(table+" "+index, " "), c.Units / made, float64(c.Times) / made})
		}
		for _, k := range kinds {
			slices.SortFunc(k.Writes, func(a, b Write) int { return strings.Compare(a.Place, b.Place) })
			f.Calls = append(f.Calls, *k)
		}
		slices.SortFunc(f.Calls, func(a, b Calls) int {
			if d := slices.Index(order, a.Operation) - slices.Index(order, b.Operation); d != 0 {
				return d
			}
			return strings.Compare(a.Operation, b.Operation)
		})
	}
	return functions, nil
}

// split takes the name of a call apart: "MarkReadyFunction: UpdateItem vouch-FilesTable,
// its index byOwner".
func split(name, who string) (operation, table, index string, ok bool) {
	rest, ok := strings.CutPrefix(name, who+": ")
	if !ok {
		return "", "", "", false
	}
	rest, index, _ = strings.Cut(rest, ", its index ")
	operation, table, _ = strings.Cut(rest, " ")
	table, isTable := strings.CutPrefix(table, "vouch-")
	if !isTable {
		table = ""
	}
	return operation, table, index, true
}
