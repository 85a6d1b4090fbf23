package inspect

import (
	"hash/maphash"
	"path"
	"strings"
)

// maxTarget is the longest target of a link that is looked at, in bytes.
const maxTarget = 1024

// links are the symbolic links of one archive: their names' hashes, which
// nobody outside of this process can make collide.
type links struct {
	seed  maphash.Seed
	names map[uint64]struct{}
}

func newLinks() *links {
	return &links{seed: maphash.MakeSeed(), names: map[uint64]struct{}{}}
}

// add notes that name is a symbolic link.
func (l *links) add(name string) {
	l.prefixes(name, func(sum uint64, last bool) bool {
		if last {
			l.names[sum] = struct{}{}
		}
		return true
	})
}

// through reports whether the path of name runs through a symbolic link. What a
// name or a target seems to reach by its letters says nothing then: "d" may
// link to ".", and "d/e" to "../x", which from "e" is outside.
func (l *links) through(name string) bool {
	found := false
	if len(l.names) > 0 {
		l.prefixes(name, func(sum uint64, last bool) bool {
			if !last {
				_, found = l.names[sum]
			}
			return !found
		})
	}
	return found
}

// prefixes calls f with the hash of each leading path of name, the last of them
// name itself, until f returns false. Case is folded, as some filesystems do.
func (l *links) prefixes(name string, f func(sum uint64, last bool) bool) {
	var h maphash.Hash
	h.SetSeed(l.seed)
	rest := strings.Trim(path.Clean(slashed(strings.ToLower(name))), "/")
	for more := true; more; {
		var part string
		part, rest, more = strings.Cut(rest, "/")
		h.WriteString(part)
		h.WriteByte('/')
		if !f(h.Sum64(), !more) {
			return
		}
	}
}

// linkLeaves reports whether a symbolic link called name points out of the
// folder that its archive is unpacked to, or may do so by way of another link:
// a target goes up first, then down, or it is not what it seems.
func linkLeaves(name, target string) bool {
	target = slashed(target)
	if target == "" || rooted(target) {
		return true
	}
	level := strings.Count(strings.Trim(path.Clean(slashed(name)), "/"), "/")
	down := false
	for part := range strings.SplitSeq(target, "/") {
		switch part {
		case "", ".":
		case "..":
			level--
			if down || level < 0 {
				return true
			}
		default:
			down = true
		}
	}
	return false
}
