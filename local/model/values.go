package model

import (
	"encoding/json"
	"fmt"
)

// values numbers values, the same number for values that read the same as JSON,
// so that a state can hold them and be compared.
type values[T any] struct {
	byJSON map[string]int32
	list   []T
}

// id returns the number of v. Numbers begin at 1, and 0 is no value.
func (s *values[T]) id(v T) int32 {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("a value of the model has no JSON: %v", err)) // all are plain structs
	}
	if n, ok := s.byJSON[string(text)]; ok {
		return n
	}
	if s.byJSON == nil {
		s.byJSON = map[string]int32{}
	}
	s.list = append(s.list, v)
	s.byJSON[string(text)] = int32(len(s.list))
	return int32(len(s.list))
}

func (s *values[T]) get(n int32) T { return s.list[n-1] }
