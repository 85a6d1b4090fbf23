package model

import (
	"encoding/binary"
	"hash/maphash"
	"slices"

	"github.com/vouch-s3/vouch/shared/file"
)

// versions is how many versions of the object there may be.
const versions = 3

// World is one state of everything: what is stored, what is under way, and what
// may still happen. It is a value: clone before changing.
type World struct {
	tick    int8
	record  int32  // of Model.files
	other   int32  // likewise, of the other owner of the tenant; 0 for none
	usage   counts // what is counted
	objects [versions]object
	uploads [uploads]inParts
	stored  int8 // how many of objects were ever written; the last that is there is the current one

	urls  bool  // whether URLs of parts were given out and are alive
	put   int8  // how often S3 has put parts together
	taken uint8 // the contents whose checksum complete has taken without an error

	ready, rejected         bool // whether the record was ever so
	readyTold, rejectedTold bool // whether the event was published
	executions              []execution
	steps                   []int32 // nodes of the steps that no execution waits for, sorted
	left                    Bounds  // what may still happen
}

// object is one version under the file's key.
type object struct {
	there    bool
	swapped  bool         // written by the administrator
	tag      file.Outcome // empty for none
	content  content
	scanned  bool // a scanner read this version to its end and called it clean
	arriving int8 // events that tell of it and are on their way
}

// execution is one execution of a state machine, or one item of a re-scan's Map.
type execution struct {
	name    int32 // of Model.names
	machine int8
	state   int16 // of the machine; ended for none
	tries   int8  // of this state, failed
	data    int32 // of Model.data
	node    int32 // of the step that runs
}

const ended = -1

func (w *World) clone() World {
	c := *w
	c.executions = slices.Clone(w.executions)
	c.steps = slices.Clone(w.steps)
	return c
}

// current is the index of the version that S3 shows under the key, or -1.
func (w *World) current() int8 {
	for i := w.stored - 1; i >= 0; i-- {
		if w.objects[i].there {
			return i
		}
	}
	return -1
}

// opens reports whether the bucket policy lets the download role have a version
// with this tag (OnlyVerifiedVersionsAreHandedOut in template.yaml).
func opens(tag file.Outcome) bool { return tag == file.Clean || tag == file.Flagged }

func versionID(i int8) string { return string([]byte{'v', byte('1' + i)}) }

// version is the index of the version with this id, or -1.
func version(id string) int8 {
	if len(id) != 2 || id[0] != 'v' {
		return -1
	}
	return int8(id[1] - '1')
}

// hash identifies a state by 128 bits, of which a state space of ten million has
// two alike with a chance below 10^-24.
type hash [2]uint64

var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

func (w *World) hash(buffer []byte) (hash, []byte) {
	b := buffer[:0]
	bit := func(v bool) {
		if v {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	}
	number := func(v int32) { b = binary.LittleEndian.AppendUint32(b, uint32(v)) }
	b = append(b, byte(w.tick), byte(w.stored))
	number(w.record)
	number(w.other)
	for _, u := range w.usage {
		number(int32(u.Bytes))
		number(int32(u.Files))
		number(int32(u.Pending))
	}
	bit(w.urls)
	b = append(b, byte(w.put), w.taken)
	for _, u := range w.uploads {
		bit(u.there)
		b = append(b, byte(u.holds), byte(u.flying), byte(u.puttingTogether))
	}
	for _, o := range w.objects {
		bit(o.there)
		bit(o.swapped)
		bit(o.scanned)
		b = append(b, byte(o.content), byte(o.arriving), byte(len(o.tag)))
		b = append(b, o.tag...)
	}
	bit(w.ready)
	bit(w.rejected)
	bit(w.readyTold)
	bit(w.rejectedTold)
	b = append(b, byte(len(w.executions)))
	for _, e := range w.executions {
		number(e.name)
		b = append(b, byte(e.machine), byte(e.state), byte(e.tries))
		number(e.data)
		number(e.node)
	}
	for _, n := range w.steps {
		number(n)
	}
	l := w.left
	for _, v := range []int8{l.Ticks, l.Puts, l.Swaps, l.Completes, l.Deletes, l.Sweeps, l.Rescans, l.Doubles, l.Losses, l.Faults, l.Outlives, l.Parts, l.Promises, l.Flights, l.Slow, l.Grants, l.Others, l.Retains, l.Holds} {
		b = append(b, byte(v))
	}
	return hash{maphash.Bytes(seeds[0], b), maphash.Bytes(seeds[1], b)}, b
}
