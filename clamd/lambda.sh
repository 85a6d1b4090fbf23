#!/bin/sh
# The entry point of scan-object with clamd inside. The function asks Lambda for
# work at once, since an init may take no more than ten seconds, and waits for
# the daemon within its first invocation (CLAMD_WAIT).
set -eu
export SIGNATURES_DIR=/tmp/signatures
mkdir -p "$SIGNATURES_DIR" /tmp/vouch

# Only /tmp can be written to here, and nobody but the function is to connect.
sed -e 's|^TCPAddr .*|TCPAddr 127.0.0.1|' \
	-e "s|^DatabaseDirectory .*|DatabaseDirectory $SIGNATURES_DIR|" \
	-e 's|^TemporaryDirectory .*|TemporaryDirectory /tmp/vouch|' \
	/etc/vouch/clamd.conf >/tmp/clamd.conf

{
	/usr/local/bin/signatures
	while :; do
		/usr/sbin/clamd --config-file=/tmp/clamd.conf || true # Lambda's PATH is without sbin
		echo "vouch: clamd ended and is started again" >&2
		rm -rf /tmp/vouch/*
		sleep 1
	done
} &
exec /usr/local/bin/scan-object
