package inspect

import "github.com/vouch-s3/vouch/shared/file"

// inspectExecutable finds what a system or an interpreter would run as it is.
// That its beginning says so is enough: nothing in it makes it harmless.
func inspectExecutable(w *walk, s *stream, at place) {
	w.find(file.Executable, at, typeOf(s.head()).String())
}
