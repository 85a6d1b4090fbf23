#!/usr/bin/env bash
# Builds the functions' zips of the last commit twice, as two people would: in two
# folders, at two times, each with a build cache of its own. They must be the same
# bytes.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

for one in first/checkout second/quite/another/checkout; do
  mkdir -p "$work/$one"
  git -C "$root" archive HEAD | tar -x -C "$work/$one"
  (cd "$work/$one/local" && GOCACHE="$work/cache-${one%%/*}" go run ./cmd/zip-functions -root .. -out ../.vouch/build) >"$work/${one%%/*}.sums"
done
cat "$work/first.sums"
diff "$work/first.sums" "$work/second.sums" || { echo "the builds differ" >&2; exit 1; }
echo "both builds are the same"
