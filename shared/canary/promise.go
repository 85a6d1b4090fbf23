package canary

import "fmt"

// Promise is what a run proves.
type Promise string

// The promises.
const (
	UploadsAreTaken     Promise = "bytes sent as the instructions say are taken"
	VerdictsComeInTime  Promise = "every file has a verdict in time"
	MalwareIsNeverReady Promise = "malware is never ready"
	MalwareIsNamed      Promise = "malware is rejected for what it is"
	MalwareHasNoURL     Promise = "no download of a rejected file is signed"
	MalwareStaysInside  Promise = "S3 itself hands out no rejected version"
	CleanFilesAreReady  Promise = "a clean file is ready"
	CleanFilesComeBack  Promise = "a clean file comes back byte for byte, as an attachment of its own type"
)

// BrokenError says that a promise did not hold.
type BrokenError struct {
	Promise Promise
	FileID  string
	Detail  string
}

// Error says which promise was broken, by which file, and how.
func (e *BrokenError) Error() string {
	return fmt.Sprintf("the promise that %s is broken by file %s: %s", e.Promise, e.FileID, e.Detail)
}

func broken(p Promise, fileID, format string, args ...any) error {
	return &BrokenError{Promise: p, FileID: fileID, Detail: fmt.Sprintf(format, args...)}
}
