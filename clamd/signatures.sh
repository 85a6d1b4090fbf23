#!/bin/sh
# Brings the signatures from the mirror at SIGNATURES_URL and, with "follow",
# keeps them up to date for as long as it runs. clamd notices new ones by itself
# (SelfCheck).
set -eu
: "${SIGNATURES_URL:?the mirror of signatures, as in https://BUCKET.s3.REGION.amazonaws.com}"
: "${SIGNATURES_DIR:=/var/lib/clamav}"
: "${MIRROR_CONF:=/etc/vouch/mirror.conf}"

conf="$SIGNATURES_DIR/freshclam.conf" # the only folder that can be written to
{
	grep -v '^DatabaseDirectory ' "$MIRROR_CONF"
	printf 'DatabaseDirectory %s\nPrivateMirror %s\n' "$SIGNATURES_DIR" "$SIGNATURES_URL"
} >"$conf"

# freshclam is content when one database of several came; clamd must have both.
until freshclam --config-file="$conf" --foreground && [ -s "$SIGNATURES_DIR/main.cvd" ] && [ -s "$SIGNATURES_DIR/daily.cvd" ]; do
	echo "vouch: the signatures are not there yet; trying again" >&2
	sleep "${SIGNATURES_RETRY:-10}"
done
if [ "${1:-}" = follow ]; then
	exec freshclam --config-file="$conf" --foreground --daemon
fi
