package file

import "testing"

func TestThePartsOfAFileAddUpToItsSize(t *testing.T) {
	for _, tt := range []struct {
		size, partSize int64
		count          int
		last           int64
	}{
		{1, MinPartSize, 1, 1},
		{MinPartSize, MinPartSize, 1, MinPartSize},
		{MinPartSize + 1, MinPartSize, 2, 1},
		{MaxParts * MinPartSize, MinPartSize, MaxParts, MinPartSize},
		{MaxParts * MaxPartSize, MaxPartSize, MaxParts, MaxPartSize},
	} {
		count := Parts(tt.size, tt.partSize)
		if count != tt.count || SizeOfPart(tt.size, tt.partSize, count) != tt.last {
			t.Errorf("%d by %d: %d parts, the last of %d", tt.size, tt.partSize, count, SizeOfPart(tt.size, tt.partSize, count))
		}
		var sum int64
		for n := range count + 2 { // 0 and count+1 are no parts
			sum += SizeOfPart(tt.size, tt.partSize, n)
		}
		if sum != tt.size {
			t.Errorf("%d by %d: the parts add up to %d", tt.size, tt.partSize, sum)
		}
	}
}
