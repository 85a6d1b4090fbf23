#!/usr/bin/env bash
# Checks the templates as they are deployed, by what needs no AWS: cfn-lint, the
# SAM translator and the rules of this package, and asl-validator. It needs Go, Node,
# and Python 3.10 or later, and installs what tools/ pins where it is missing: the
# Python tools in an environment of their own under .vouch, or none with PYTHON, the
# Python that has them.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=local/cloudformation/tools
built=.vouch/template

has() {
	"$1" - "$tools/requirements.txt" 2>/dev/null <<-'EOF'
		import importlib.metadata, sys
		for line in open(sys.argv[1]):
		    name, _, version = line.split("#")[0].strip().partition("==")
		    assert not name or importlib.metadata.version(name) == version
	EOF
}

python="${PYTHON:-python3}"
if ! has "$python"; then
	if [ -n "${PYTHON:-}" ]; then
		echo "check-template: $PYTHON does not have what $tools/requirements.txt asks for" >&2
		exit 1
	fi
	python="$PWD/.vouch/python/bin/python"
	if ! has "$python"; then
		python3 -m venv .vouch/python
		"$python" -m pip install --quiet --disable-pip-version-check --requirement "$tools/requirements.txt"
	fi
fi

(cd "$tools" && npm ci --no-audit --loglevel=error >/dev/null)
if grep -E '"resolved": "https?:' "$tools/package-lock.json"; then
	echo "check-template: package-lock.json names a registry; the one that npm is set to should serve" >&2
	exit 1
fi

find . -name template.yaml -not -path '*/.*/*' -not -path '*/node_modules/*' |
	xargs "$python" -c 'import cfnlint.runner; cfnlint.runner.main()' --non-zero-exit-code informational

rm -rf "$built" && mkdir -p "$built"
(cd local && go run ./cmd/check-template -root .. -python "$python" -definitions "../$built")
definitions=()
for d in "$built"/*.asl.json; do definitions+=(--json-path "$d"); done
"$tools/node_modules/.bin/asl-validator" "${definitions[@]}"
