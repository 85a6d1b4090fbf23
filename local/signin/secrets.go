package signin

import (
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

// secrets keeps what somebody is given a secret for, for a time. It is forgotten in a
// restart. Only hashes of the secrets are kept, by which it also tells nothing by the
// time that a comparison takes.
type secrets[V any] struct {
	life time.Duration
	now  func() time.Time

	mu   sync.Mutex
	kept map[[sha256.Size]byte]keptValue[V]
}

type keptValue[V any] struct {
	value V
	until time.Time
}

func newSecrets[V any](life time.Duration, now func() time.Time) *secrets[V] {
	return &secrets[V]{life: life, now: now, kept: map[[sha256.Size]byte]keptValue[V]{}}
}

// keep returns a new secret of 130 bits of randomness for v.
func (s *secrets[V]) keep(v V) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for hash, k := range s.kept {
		if !now.Before(k.until) {
			delete(s.kept, hash)
		}
	}
	secret := rand.Text()
	s.kept[sha256.Sum256([]byte(secret))] = keptValue[V]{v, now.Add(s.life)}
	return secret
}

// look returns what a secret is for, if it is one and its time is not over.
func (s *secrets[V]) look(secret string) (v V, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.kept[sha256.Sum256([]byte(secret))]
	if !ok || !s.now().Before(k.until) {
		return v, false
	}
	return k.value, true
}

// take is look for a secret that is good once: it is none afterwards.
func (s *secrets[V]) take(secret string) (v V, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hash := sha256.Sum256([]byte(secret))
	k, ok := s.kept[hash]
	delete(s.kept, hash)
	if !ok || !s.now().Before(k.until) {
		return v, false
	}
	return k.value, true
}
