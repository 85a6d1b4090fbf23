package client

import (
	"encoding/base64"
	"encoding/binary"

	"github.com/minio/crc64nvme"
)

// encodeCRC writes a CRC-64/NVME as S3 does: 8 bytes in network order, in base64.
func encodeCRC(crc uint64) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, crc))
}

// combineCRC returns the CRC-64/NVME of a and b in a row, from that of each and the
// length of b in bytes, so that what was hashed in parts need not be hashed whole.
// It is zlib's crc32_combine, for this polynomial: a's checksum is that many zero
// bits further along, which is a product modulo the polynomial.
func combineCRC(a, b uint64, length int64) uint64 {
	shift := uint64(1) << 63                                // the polynomial 1; the highest bit is the lowest power
	for power, n := uint64(1)<<55, length; n > 0; n >>= 1 { // x^8, a byte, squared every time
		if n&1 == 1 {
			shift = multiplyCRC(shift, power)
		}
		power = multiplyCRC(power, power)
	}
	return multiplyCRC(a, shift) ^ b
}

// multiplyCRC returns a times b modulo the polynomial.
func multiplyCRC(a, b uint64) (product uint64) {
	for ; a != 0; a <<= 1 {
		if a>>63 == 1 {
			product ^= b
		}
		if b&1 == 1 {
			b = b>>1 ^ crc64nvme.NVME
		} else {
			b >>= 1
		}
	}
	return product
}
