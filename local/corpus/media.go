package corpus

import (
	"bytes"
	"encoding/binary"
)

// mp3Song is a tag and frames of MPEG-1 Layer III (128 kbit/s, 44.1 kHz).
func mp3Song(*builder) []byte {
	var out bytes.Buffer
	out.WriteString("ID3\x03\x00\x00\x00\x00\x00\x0a")
	out.Write(make([]byte, 10))
	for range 20 {
		frame := make([]byte, 417)
		copy(frame, []byte{0xff, 0xfb, 0x90, 0x00})
		out.Write(frame)
	}
	return out.Bytes()
}

func wavSound(*builder) []byte {
	var format bytes.Buffer
	for _, v := range []any{uint16(1), uint16(1), uint32(8000), uint32(8000), uint16(1), uint16(8)} {
		binary.Write(&format, binary.LittleEndian, v)
	}
	var out bytes.Buffer
	samples := bytes.Repeat([]byte{128, 140, 128, 116}, 500)
	out.WriteString("RIFF")
	binary.Write(&out, binary.LittleEndian, uint32(4+8+format.Len()+8+len(samples)))
	out.WriteString("WAVEfmt ")
	binary.Write(&out, binary.LittleEndian, uint32(format.Len()))
	out.Write(format.Bytes())
	out.WriteString("data")
	binary.Write(&out, binary.LittleEndian, uint32(len(samples)))
	out.Write(samples)
	return out.Bytes()
}

// oggSound is one page of an Ogg stream of Vorbis.
func oggSound(*builder) []byte {
	packet := append([]byte("\x01vorbis"), make([]byte, 23)...)
	var out bytes.Buffer
	out.WriteString("OggS\x00\x02")
	out.Write(make([]byte, 8+4+4+4))
	out.Write([]byte{1, byte(len(packet))})
	out.Write(packet)
	return out.Bytes()
}

func mp4Film(*builder) []byte {
	return bytes.Join([][]byte{
		box("ftyp", []byte("isom"), u32(512), []byte("isomiso2avc1mp41")),
		box("moov", fullBox("mvhd", 0, make([]byte, 96))),
		box("mdat", noise(500)),
	}, nil)
}

func movFilm(*builder) []byte {
	return bytes.Join([][]byte{
		box("ftyp", []byte("qt  "), u32(512), []byte("qt  ")),
		box("moov", fullBox("mvhd", 0, make([]byte, 96))),
		box("mdat", noise(500)),
	}, nil)
}

// webmFilm is the EBML header and an empty segment of a WebM file.
func webmFilm(*builder) []byte {
	element := func(id []byte, data []byte) []byte {
		return bytes.Join([][]byte{id, {0x40 | byte(len(data)>>8), byte(len(data))}, data}, nil)
	}
	header := bytes.Join([][]byte{
		element([]byte{0x42, 0x86}, []byte{1}), element([]byte{0x42, 0xf7}, []byte{1}),
		element([]byte{0x42, 0xf2}, []byte{4}), element([]byte{0x42, 0xf3}, []byte{8}),
		element([]byte{0x42, 0x82}, []byte("webm")), element([]byte{0x42, 0x87}, []byte{4}), element([]byte{0x42, 0x85}, []byte{2}),
	}, nil)
	return bytes.Join([][]byte{element([]byte{0x1a, 0x45, 0xdf, 0xa3}, header), element([]byte{0x18, 0x53, 0x80, 0x67}, noise(500))}, nil)
}
