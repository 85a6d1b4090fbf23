#!/bin/sh
# Installs ClamAV's daemon, its client and its updater with the package manager
# that is here.
set -eu

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

if command -v apt-get >/dev/null; then
	as_root apt-get update -qq
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq clamav-daemon clamav-freshclam clamdscan >/dev/null
elif command -v dnf >/dev/null; then
	as_root dnf install -y -q clamd clamav clamav-freshclam
elif command -v brew >/dev/null; then
	brew install clamav
else
	echo "vouch: ClamAV's daemon (clamd) is missing, and there is no apt-get, dnf or brew to install it with: please install it" >&2
	exit 1
fi
