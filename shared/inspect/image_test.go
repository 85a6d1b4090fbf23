package inspect_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/vouch-s3/vouch/shared/file"
)

func picture(width, height int) *image.Paletted {
	m := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.Black, color.White, color.RGBA{200, 30, 30, 255}})
	for i := range m.Pix {
		m.Pix[i] = byte(i * i % 3)
	}
	return m
}

func pngOf(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture(width, height)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pictures returns an honest image of every kind, the last part of the name
// being its type.
func pictures(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{"image/png": pngOf(t, 17, 11)}
	encode := func(name string, f func(*bytes.Buffer) error) {
		var b bytes.Buffer
		if err := f(&b); err != nil {
			t.Fatal(err)
		}
		all[name] = b.Bytes()
	}
	m := picture(17, 11)
	encode("image/gif", func(b *bytes.Buffer) error { return gif.Encode(b, m, nil) })
	encode("animated/image/gif", func(b *bytes.Buffer) error {
		return gif.EncodeAll(b, &gif.GIF{Image: []*image.Paletted{m, m}, Delay: []int{1, 1}})
	})
	encode("image/jpeg", func(b *bytes.Buffer) error { return jpeg.Encode(b, m, nil) })
	encode("image/bmp", func(b *bytes.Buffer) error { return bmp.Encode(b, m) })
	encode("image/tiff", func(b *bytes.Buffer) error { return tiff.Encode(b, m, nil) })
	encode("deflate/image/tiff", func(b *bytes.Buffer) error {
		return tiff.Encode(b, m, &tiff.Options{Compression: tiff.Deflate})
	})
	// Made by ImageMagick, libwebp and libheif.
	types := map[string]string{".avif": "image/avif", ".heic": "image/heic", ".webp": "image/webp", ".jpg": "image/jpeg", ".tif": "image/tiff"}
	files, err := filepath.Glob("testdata/images/*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(f)+"/"+types[filepath.Ext(f)]] = b
	}
	return all
}

func typeIn(name string) string { return name[strings.Index(name, "image/"):] }

func TestHonestImagesPass(t *testing.T) {
	for name, b := range pictures(t) {
		t.Run(name, func(t *testing.T) { honest(t, b, typeIn(name)) })
	}
}

func TestAnImageThatIsCutOffNeverPasses(t *testing.T) {
	for name, b := range pictures(t) {
		t.Run(name, func(t *testing.T) {
			switch typeIn(name) {
			case "image/tiff":
				return // has no end: its directory may come first
			}
			neverSilent(t, b, typeIn(name), 0)
		})
	}
}

func TestATIFFWithoutItsDirectoryIsMalformed(t *testing.T) {
	b := pictures(t)["image/tiff"]
	for _, n := range []int{9, len(b) / 2, len(b) - 20} {
		if r, codes := document(t, b[:n]); !slices.Contains(codes, file.Malformed) {
			t.Errorf("cut off at %d of %d: findings: %v", n, len(b), r.Findings)
		}
	}
}

func TestAnImageOfTooManyPixelsIsFound(t *testing.T) {
	put := func(name string, at int, order binary.ByteOrder, size int) []byte {
		b := slices.Clone(pictures(t)[name])
		if size == 2 {
			order.PutUint16(b[at:], 0xfff0)
			order.PutUint16(b[at+2:], 0xfff0)
		} else {
			order.PutUint32(b[at:], 0x7ffffff0)
			order.PutUint32(b[at+4:], 0x7ffffff0)
		}
		return b
	}
	all := pictures(t)
	find := func(name, mark string) int {
		i := bytes.Index(all[name], []byte(mark))
		if i < 0 {
			t.Fatalf("no %q in %s", mark, name)
		}
		return i
	}
	header := put("image/png", 16, binary.BigEndian, 4)
	binary.BigEndian.PutUint32(header[29:], crc32.ChecksumIEEE(header[12:29]))
	for name, b := range map[string][]byte{
		"PNG":         header,
		"GIF":         put("image/gif", 6, binary.LittleEndian, 2),
		"JPEG":        put("image/jpeg", find("image/jpeg", "\xff\xc0")+5, binary.BigEndian, 2),
		"progressive": put("progressive.jpg/image/jpeg", find("progressive.jpg/image/jpeg", "\xff\xc2")+5, binary.BigEndian, 2),
		"BMP":         put("image/bmp", 18, binary.LittleEndian, 4),
		"WebP":        put("a.webp/image/webp", find("a.webp/image/webp", "\x9d\x01\x2a")+3, binary.LittleEndian, 2),
		"lossless":    put("lossless.webp/image/webp", 21, binary.LittleEndian, 2),
		"canvas":      put("anim.webp/image/webp", 24, binary.LittleEndian, 2),
		"AVIF":        put("a.avif/image/avif", find("a.avif/image/avif", "ispe")+8, binary.BigEndian, 4),
		"HEIC":        put("a.heic/image/heic", find("a.heic/image/heic", "ispe")+8, binary.BigEndian, 4),
	} {
		t.Run(name, func(t *testing.T) {
			if r, codes := document(t, b); !slices.Contains(codes, file.ImageSize) {
				t.Errorf("findings: %v", r.Findings)
			}
		})
	}
}

func TestSomethingBehindAnImageIsFound(t *testing.T) {
	for name, b := range pictures(t) {
		if typeIn(name) == "image/tiff" {
			continue // has no end
		}
		t.Run(name, func(t *testing.T) {
			for _, behind := range []string{"<script>alert(1)</script>", "<?php system($_GET[0]);", "<img/src=x/onerror=x()>", string(zipOf(t)), "MZ\x90\x00" + strings.Repeat("\x00", 600), "%PDF-1.4\n"} {
				if typeIn(name) != "image/jpeg" && len(b) < 900 && strings.HasPrefix(behind, "%PDF") {
					continue // taken for a PDF as a whole
				}
				if r, codes := document(t, append(slices.Clone(b), behind...)); !slices.Contains(codes, file.Polyglot) {
					t.Errorf("%.8q behind it: findings: %v", behind, r.Findings)
				}
			}
		})
	}
}

func TestWhatCamerasPutBehindAJPEGPasses(t *testing.T) {
	all := pictures(t)
	b := all["image/jpeg"]
	video := "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42\x00\x00\x00\x08free"
	for _, behind := range []string{string(b), video, "\x00\x00\x00\x00", "\x00\x00\x01\x0a\x0e\x00\x00\x00Image_UTC_Data1600000000000SEFH"} {
		honest(t, append(slices.Clone(b), behind...), "image/jpeg")
	}
}

func TestMarkupWithinAnImageIsFound(t *testing.T) {
	comment := func(text string) []byte {
		b := pictures(t)["image/jpeg"]
		segment := append([]byte{0xff, 0xfe, 0, byte(len(text) + 2)}, text...)
		return slices.Concat(b[:2], segment, b[2:])
	}
	for _, text := range []string{"<script>", "<ScRiPt src=x>", "<html><body onload=x>", "<svg onload=x>", "<?php x();?>", "javascript:x()"} {
		if r, codes := document(t, comment(text)); !slices.Contains(codes, file.Polyglot) {
			t.Errorf("%q: findings: %v", text, r.Findings)
		}
	}
	honest(t, comment("a photo of <3 people, 4 > 3"), "image/jpeg")
}

func TestAnImageThatIsAScriptIsFound(t *testing.T) {
	gif := pictures(t)["image/gif"]
	for _, size := range []string{"/*", "=1", " ="} {
		b := slices.Concat(gif[:6], []byte(size), gif[8:])
		if r, codes := document(t, b); !slices.Contains(codes, file.Polyglot) {
			t.Errorf("%q: findings: %v", size, r.Findings)
		}
	}
	jpg := pictures(t)["image/jpeg"]
	b := slices.Concat(jpg[:2], []byte("\xff\xe0/*"), bytes.Repeat([]byte{0}, 0x2f2a-2), jpg[2:])
	if r, codes := document(t, b); !slices.Contains(codes, file.Polyglot) {
		t.Errorf("findings: %v", r.Findings)
	}
	b = slices.Concat(gif[:6], []byte{61, 0}, gif[8:]) // 61 pixels wide, and "=" is 61
	if r, codes := document(t, b); slices.Contains(codes, file.Polyglot) {
		t.Errorf("findings: %v", r.Findings)
	}
}

func TestABrokenImageIsMalformed(t *testing.T) {
	b := pngOf(t, 17, 11)
	b[len(b)-20] ^= 1
	if r, codes := document(t, b); !slices.Contains(codes, file.Malformed) {
		t.Errorf("a bit turned: findings: %v", r.Findings)
	}
	for name, b := range map[string]string{
		"PNG":  "\x89PNG\r\n\x1a\nnonsense, and no chunk at all",
		"GIF":  "GIF89anonsense and no block at all",
		"JPEG": "\xff\xd8\xff\xe0\x00\x01nonsense",
		"TIFF": "II*\x00\x00\x00\x00\x00",
		"HEIC": "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic\x00\x00\x00\x08free",
	} {
		if r, codes := document(t, []byte(b)); !slices.Contains(codes, file.Malformed) {
			t.Errorf("%s: %s, findings: %v", name, r.Type, r.Findings)
		}
	}
}

// FuzzImage holds the inspection of images to its bounds.
func FuzzImage(f *testing.F) {
	for _, b := range pictures(f) {
		f.Add(b)
	}
	f.Fuzz(bounded)
}
