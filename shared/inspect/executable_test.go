package inspect_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

func TestProgramsAreFound(t *testing.T) {
	pad := strings.Repeat("\x00", 600)
	for name, b := range map[string]string{
		"PE":              "MZ\x90\x00" + pad,
		"ELF":             "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x3e\x00" + pad,
		"object file":     "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x3e\x00" + pad,
		"Mach-O":          "\xcf\xfa\xed\xfe\x07\x00\x00\x01" + pad,
		"Java class":      "\xca\xfe\xba\xbe\x00\x00\x00\x34" + pad,
		"WebAssembly":     "\x00asm\x01\x00\x00\x00",
		"shortcut":        "L\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46" + pad,
		"shell":           "#!/bin/sh\necho hello\n",
		"bash":            "#!/usr/bin/env bash\necho hello\n",
		"Python":          "#!/usr/bin/env python3\nprint('hello')\n",
		"Perl":            "#!/usr/bin/perl\nprint 'hello';\n",
		"PHP":             "<?php echo 'hello';\n",
		"own interpreter": "#!/opt/mine\nhello\n",
		"with a mark":     "\xef\xbb\xbf#!/opt/mine\nhello\n",
	} {
		t.Run(name, func(t *testing.T) {
			if r, codes := document(t, []byte(b)); !slices.Contains(codes, file.Executable) {
				t.Errorf("%s, findings: %v", r.Type, r.Findings)
			}
		})
	}
}

func TestTextIsNoProgram(t *testing.T) {
	for _, b := range []string{"hello, world\n", "a,b\n1,2\n3,4\n", "# Title\n\nUse `<script>` and #!/bin/sh.\n", "if (a < b) {}\n", "{\"a\": \"<script>\"}\n", ""} {
		if r, codes := document(t, []byte(b)); len(codes) > 0 || !r.Coverage.Complete {
			t.Errorf("%q: findings: %v", b, r.Findings)
		}
	}
}
