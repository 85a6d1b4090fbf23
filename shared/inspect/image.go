package inspect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/vouch-s3/vouch/shared/file"
)

// inspectImage walks an image from its header to its end, without decoding it:
// how many pixels it has, whether it is whole, and whether it is something else
// besides.
//
// The pixels are those of the largest picture in it: the canvas, or a frame that
// is larger. How many frames there are is not bounded, as viewers decode one at
// a time. What the compressed picture says of its own size within WebP, AVIF and
// HEIC is not compared with the container.
func inspectImage(w *walk, s *stream, at place) {
	s.watch(func(pattern string) {
		w.find(file.Polyglot, at, fmt.Sprintf("%q within an image", pattern))
	}, imageMarkup...)

	head := s.head()
	if scriptHead(head) {
		w.find(file.Polyglot, at, "the header is the beginning of a script")
	}
	i := &image{stream: s}
	k := typeOf(head)
	var err error
	switch {
	case k.is("image/png"):
		err = i.png()
	case k.is("image/jpeg"):
		err = i.jpeg()
	case k.is("image/gif"):
		err = i.gif()
	case k.is("image/webp"):
		err = i.webp()
	case k.is("image/bmp"):
		err = i.bmp()
	case k.is("image/tiff"):
		err = i.tiff()
	default:
		err = i.heif()
	}
	if i.pixels() > w.limits.MaxPixels {
		w.find(file.ImageSize, at, fmt.Sprintf("%d × %d pixels", i.width, i.height))
	}
	switch {
	case errors.Is(err, errBehind):
		w.find(file.Polyglot, at, err.Error())
	case errors.Is(err, errUnread):
		w.miss(file.Malformed, at, err.Error())
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		w.find(file.Malformed, at, "the image is cut off")
	case err != nil:
		w.find(file.Malformed, at, err.Error())
	case i.width == 0 || i.height == 0:
		w.find(file.Malformed, at, "the image has no pixels")
	}
}

var (
	// errBehind is that there is something behind the end of an image.
	errBehind = errors.New("bytes behind the end of the image")

	// errUnread is that a part of an image lies where one pass cannot read it.
	errUnread = errors.New("a part of the image that is not read")
)

// imageMarkup is what no image has in it, metadata included, unless it is meant
// to be read as something else. Each is long enough not to occur by chance in
// compressed data.
var imageMarkup = []string{
	"<script", "<iframe", "<!doctype", "<!entity", "<svg xmlns", "<svg onload", "<svg/onload", "<html>", "<html ",
	"<body ", "<body>", "<img src", "<?php ", "<?php\n", "<?php\r", "<?php\t", "javascript:", "onerror=",
}

// scriptHead reports whether an image's header reads as the beginning of
// JavaScript: a name, and a comment or an assignment where the format has a size.
func scriptHead(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	switch size := head[6:8]; {
	case bytes.HasPrefix(head, []byte("GIF8")):
		printable := size[1] >= ' ' && size[1] <= '~' || size[1] == '\t' || size[1] == '\n' || size[1] == '\r'
		return string(size) == "/*" || string(size) == "//" || string(size) == " =" || size[0] == '=' && printable
	case bytes.HasPrefix(head, []byte{0xff, 0xd8, 0xff}):
		return string(head[4:6]) == "/*" || string(head[4:6]) == "//"
	case bytes.HasPrefix(head, []byte("BM")):
		return string(head[2:4]) == "/*" || string(head[2:4]) == "=1" || string(head[2:4]) == "='"
	case bytes.HasPrefix(head, []byte("RIFF")):
		return string(head[4:6]) == "/*" || string(head[4:6]) == "=1" || string(head[4:6]) == "='"
	}
	return false
}

// image is an image that is being walked.
type image struct {
	*stream
	pos           int64 // how many bytes were taken
	width, height int64 // of the largest picture so far
}

// picture notes the size of a picture.
func (i *image) picture(width, height int64) {
	if p := (&image{width: width, height: height}); p.pixels() > i.pixels() {
		i.width, i.height = width, height
	}
}

// pixels returns how many pixels the largest picture has, or as many as can be told.
func (i *image) pixels() int64 {
	if i.height > 0 && i.width > math.MaxInt64/i.height {
		return math.MaxInt64
	}
	return i.width * i.height
}

// take reads the next bytes, a few of them.
func (i *image) take(n int) ([]byte, error) {
	b := make([]byte, n)
	read, err := io.ReadFull(i.stream, b)
	i.pos += int64(read)
	return b, err
}

// skip passes over bytes, of which there must be as many.
func (i *image) skip(n int64) error {
	skipped, err := io.CopyN(io.Discard, i.Reader, n)
	i.pos += skipped
	return err
}

// end demands that nothing but zeros follows: some writers pad.
func (i *image) end() error {
	for {
		c, err := i.ReadByte()
		if err != nil {
			return nil
		}
		if c != 0 {
			return errBehind
		}
	}
}
