package sim

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Tables are the tables and indexes of DynamoDB, each with what it takes altogether and
// what one partition key takes. Two hot keys are taken to be in partitions of their own,
// as adaptive capacity brings about after a while ("DynamoDB burst and adaptive
// capacity", Amazon DynamoDB Developer Guide); a busy first quarter of an hour is worse.
type Tables struct {
	places   map[string]*place
	accounts map[int]time.Duration // until when a transaction holds an account's item
	hold     time.Duration

	Conflicts int // transactions that met another on an account
	Throttled int // writes refused for a table, an index or a key
	whose     map[string]int
}

type place struct {
	name  string
	kind  keyKind
	whole *Bucket
	key   float64 // write units a second of one partition key
	keys  map[int]*Bucket
}

// keyKind says which items share a partition key.
type keyKind int

const (
	ofFile keyKind = iota // none: the hash of the id spreads them
	ofOwner
	ofAccount
	ofShard
)

// kinds are the attributes that key tables and indexes. One that is not here is an
// error, so that no new index goes unnoticed.
var kinds = map[string]keyKind{
	"id": ofFile, "fileId": ofFile,
	"owner": ofOwner, "listedOwner": ofOwner, "countedTenant": ofOwner,
	"account":    ofAccount,
	"sweepShard": ofShard, "expiryShard": ofShard, "checkShard": ofShard, "reconcileShard": ofShard,
}

// NewTables returns the tables with keys as in the template, each of which, and each
// index of which, takes warm write units a second, and perKey of them for one key. A
// transaction holds the items of accounts for the time of hold.
func NewTables(keys map[string]string, warm, perKey float64, hold time.Duration) (*Tables, error) {
	t := &Tables{places: map[string]*place{}, accounts: map[int]time.Duration{}, hold: hold, whose: map[string]int{}}
	for name, attribute := range keys {
		kind, ok := kinds[attribute]
		if !ok {
			return nil, fmt.Errorf("%s is keyed by %s, of which the simulation knows nothing", name, attribute)
		}
		t.places[name] = &place{name: name, kind: kind, whole: NewBucket(warm, 0), key: perKey, keys: map[int]*Bucket{}}
	}
	return t, nil
}

// keyOf returns which key of the place the upload's items have.
func (p *place) keyOf(u *Upload) int {
	switch p.kind {
	case ofOwner:
		return u.owner
	case ofAccount:
		return u.account
	case ofShard:
		return u.shard
	}
	return 0
}

// bucket is that of the key of u; nil where items have keys of their own.
func (p *place) bucket(u *Upload) *Bucket {
	if p.kind == ofFile {
		return nil
	}
	k := p.keyOf(u)
	if p.keys[k] == nil {
		p.keys[k] = NewBucket(p.key, 0)
	}
	return p.keys[k]
}

// outcome is what becomes of a write.
type outcome int

const (
	written outcome = iota
	conflict
	throttled
)

// write makes one call's writes for u, all or none. What is over an index holds back
// the table's write ("GSI back pressure", Amazon DynamoDB Developer Guide).
func (t *Tables) write(now time.Duration, u *Upload, writes []Write) outcome {
	locks := false
	for _, w := range writes {
		p := t.places[w.Place]
		if p == nil {
			panic("sim: the counts write " + w.Place + ", which the template does not have")
		}
		if !p.whole.Has(now, math.Min(w.Units, p.whole.Burst)) {
			return t.refuse(p, "")
		}
		units := w.Units
		if p.kind == ofAccount {
			locks = true
			units /= w.Items // the account and its day are two keys
		}
		if b := p.bucket(u); b != nil && !b.Has(now, units) {
			return t.refuse(p, ", one key")
		}
	}
	if locks {
		if now < t.accounts[u.account] {
			t.Conflicts++
			return conflict
		}
		t.accounts[u.account] = now + t.hold
	}
	for _, w := range writes {
		p := t.places[w.Place]
		p.whole.take(now, w.Units)
		if b := p.bucket(u); b != nil {
			units := w.Units
			if p.kind == ofAccount {
				units /= w.Items
			}
			b.take(now, units)
		}
	}
	return written
}

func (t *Tables) refuse(p *place, what string) outcome {
	t.Throttled++
	t.whose[p.name+what]++
	p.whole.meter.refused++
	return throttled
}

// hottest returns the place with the busiest key of those that share keys, and the most
// units that it took in a second.
func (t *Tables) hottest() (name string, units float64) {
	for n, p := range t.places {
		for _, b := range p.keys {
			if b.meter.peak > units || b.meter.peak == units && strings.Compare(n, name) < 0 {
				name, units = n, b.meter.peak
			}
		}
	}
	return name, units
}
