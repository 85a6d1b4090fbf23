package file

import "slices"

// Method is how the bytes of a file are sent.
type Method string

// The methods.
const (
	Put       Method = "put"       // by one presigned PUT
	Multipart Method = "multipart" // in parts, each by a presigned PUT, that are put together at the end
	Form      Method = "form"      // by an HTML form, whose fields are a presigned POST
)

// Methods lists every method.
func Methods() []Method { return []Method{Put, Multipart, Form} }

// Valid reports whether m is one of Methods.
func (m Method) Valid() bool { return slices.Contains(Methods(), m) }

// What S3 takes ("Amazon S3 multipart upload limits", Amazon S3 User Guide).
const (
	MaxParts    = 10_000
	MinPartSize = 5 << 20 // bytes; the last part may have fewer
	MaxPartSize = 5 << 30 // bytes
)

// Parts returns into how many parts of partSize bytes a file of size bytes is
// divided. Both are positive.
func Parts(size, partSize int64) int { return int((size + partSize - 1) / partSize) }

// SizeOfPart returns how many bytes part number n has, counted from 1, and 0 for
// a part that there is not. All parts have partSize bytes but the last.
func SizeOfPart(size, partSize int64, n int) int64 {
	count := Parts(size, partSize)
	switch {
	case n < 1 || n > count:
		return 0
	case n < count:
		return partSize
	}
	return size - int64(count-1)*partSize
}
