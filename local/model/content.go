package model

import (
	"crypto/sha256"
	"fmt"

	"github.com/vouch-s3/vouch/shared/file"
)

// content is what an object's bytes are, or what an upload's parts are together.
type content int8

const (
	nothing  content = iota
	promised         // body, in its two parts
	another          // as many bytes, of which the last is another
	short            // one byte too few
	half             // the first part only
)

var contents = [...]struct{ bytes, name string }{
	nothing: {"", "nothing"}, promised: {body, "what was promised"}, another: {"hellO", "other bytes"},
	short: {"hell", "a byte too few"}, half: {"hel", "the first part only"},
}

func (c content) bytes() string  { return contents[c].bytes }
func (c content) String() string { return contents[c].name }

// checksum is the SHA-256 of the bytes in base64, or empty for nothing.
func (c content) checksum() string {
	if c == nothing {
		return ""
	}
	sum := sha256.Sum256([]byte(c.bytes()))
	return file.EncodeChecksum(sum[:])
}

// parts are the parts as S3 lists them.
func (c content) parts() []file.Part {
	var list []file.Part
	for rest := c.bytes(); rest != ""; {
		part := rest[:min(partSize, len(rest))]
		rest = rest[len(part):]
		list = append(list, file.Part{Number: len(list) + 1, Size: int64(len(part)), ETag: "e" + part})
	}
	return list
}

// arrival is start-verification with the event of the version, which tells its size.
func (m *Model) arrival(w *World, version int) stepInput {
	return stepInput{kind: kindArrive, arg: int32(version) + versions*int32(w.objects[version].content)}
}

func arrived(arg int32) (version int8, c content) {
	return int8(arg % versions), content(arg / versions)
}

// unlike says what is wrong with a ready file whose bytes are c.
func (w *World) unlike(c content, open bool) string {
	if len(c.bytes()) != len(body) && !open {
		return fmt.Sprintf("the file is ready, and its bytes are %s", c)
	}
	for told := promised; told <= half; told++ {
		if w.taken&(1<<told) != 0 && told != c {
			return fmt.Sprintf("complete took the checksum of %s, and the file is ready with %s", told, c)
		}
	}
	return ""
}

// sent are the bytes that a client may send by its URL or its form: S3 takes no
// more and no fewer than were promised.
func (m *Model) sent() []content {
	if m.bounds.Open {
		return []content{promised, short}
	}
	return []content{promised}
}
