#!/usr/bin/env bash
# Everything in web/ from a clean checkout: the packages, the types, the unit
# tests, the size, and the browser tests against the local stack. It needs Go,
# make, Node 20 or later and a Chromium (CHROMIUM names another than
# /usr/bin/chromium), which it installs if it may.
set -euo pipefail
cd "$(dirname "$0")"

npm ci --no-audit --loglevel=error
if grep -E '"resolved": "https?:' package-lock.json; then
	echo "web: package-lock.json names a registry; the one that npm is set to should serve" >&2
	exit 1
fi
npm run -s build
npm run -s check
npm run -s unit
npm run -s size

export CHROMIUM="${CHROMIUM:-/usr/bin/chromium}"
if [ ! -x "$CHROMIUM" ]; then
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		echo "web: there is no $CHROMIUM; please install it, or say with CHROMIUM where it is" >&2
		exit 1
	fi
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
fi
make -C .. functions stack clamd
npm run -s browser
