package policy

import (
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

func TestTheMethodIsAsAskedOrElseBySize(t *testing.T) {
	p := Default()
	for _, tt := range []struct {
		allowed     []file.Method
		asked, want file.Method // want is empty for refused
		size        int64
	}{
		{p.Methods, "", file.Put, 1},
		{p.Methods, "", file.Put, p.Multipart.Threshold},
		{p.Methods, "", file.Multipart, p.Multipart.Threshold + 1},
		{p.Methods, file.Multipart, file.Multipart, 1},
		{p.Methods, file.Put, file.Put, largestPut},
		{p.Methods, file.Put, "", largestPut + 1},
		{p.Methods, file.Form, "", largestPut + 1},
		{p.Methods, file.Form, file.Form, 0},
		{p.Methods, "", file.Multipart, largestObject},
		{p.Methods, "PUT", "", 1},
		{[]file.Method{file.Put}, "", file.Put, p.Multipart.Threshold + 1},
		{[]file.Method{file.Put}, "", "", largestPut + 1},
		{[]file.Method{file.Multipart}, "", file.Multipart, 1},
		{[]file.Method{file.Form}, "", "", 1},
		{[]file.Method{file.Put, file.Multipart}, file.Form, "", 1},
	} {
		p.Methods = tt.allowed
		got, err := p.Method(tt.asked, tt.size)
		if got != tt.want || (err != nil) != (tt.want == "") || err != nil && file.CodeOf(err) != file.CodeMethodRefused {
			t.Errorf("%q of %d bytes where %v are allowed: %q, %v; want %q", tt.asked, tt.size, tt.allowed, got, err, tt.want)
		}
	}
}

func TestAnyAllowedSizeFitsIntoTheMostParts(t *testing.T) {
	p := Default()
	for _, tt := range []struct{ asked, size, want int64 }{ // want is 0 for refused
		{0, 1, p.Multipart.PartSize},
		{0, file.MaxParts * p.Multipart.PartSize, p.Multipart.PartSize},
		{0, file.MaxParts*p.Multipart.PartSize + 1, p.Multipart.PartSize + 1<<20},
		{0, largestObject, file.MaxPartSize},
		{file.MinPartSize, 1, file.MinPartSize},
		{file.MinPartSize - 1, 1, 0},
		{file.MinPartSize, file.MaxParts*file.MinPartSize + 1, 0},
		{file.MinPartSize + 1, file.MaxParts*file.MinPartSize + 1, file.MinPartSize + 1},
		{file.MaxPartSize, largestObject, file.MaxPartSize},
		{file.MaxPartSize + 1, largestObject, 0},
		{-1, 1, 0},
	} {
		got, err := p.PartSize(tt.asked, tt.size)
		if got != tt.want || (err != nil) != (tt.want == 0) {
			t.Errorf("%d asked for %d bytes: %d, %v; want %d", tt.asked, tt.size, got, err, tt.want)
			continue
		}
		if got != 0 && file.Parts(tt.size, got) > file.MaxParts {
			t.Errorf("%d bytes by %d are %d parts", tt.size, got, file.Parts(tt.size, got))
		}
	}
}
