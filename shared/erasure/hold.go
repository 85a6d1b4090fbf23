package erasure

import "github.com/vouch-s3/vouch/shared/file"

// held reports whether f is under a legal hold, and so is left as it is.
func held(f file.File) bool { return f.Hold != nil }
