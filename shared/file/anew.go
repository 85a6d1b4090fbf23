package file

import "fmt"

// attempts is how often Anew decides. Verification writes a record some four times
// in all.
const attempts = 8

// Anew has decide read a record, decide by it and write it, and again whenever the
// write fails with a *ConflictError because the record was written meanwhile. What
// is being done is for the error that it gives up with, and stands before any other.
func Anew(doing string, decide func() error) error {
	for range attempts {
		err := decide()
		if _, moved := Conflict(err); !moved {
			return err
		}
	}
	return fmt.Errorf("%s: the record was written by somebody else %d times over", doing, attempts)
}
