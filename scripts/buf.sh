#!/usr/bin/env bash
# Runs buf, always the same version; fetches it once. The arguments are buf's.
set -euo pipefail
version=1.75.0

# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

find_buf() { find "$cache/buf-$version" -path '*/@bufbuild/buf-*/bin/buf' 2>/dev/null | head -n 1; }

if [ -z "$(find_buf)" ]; then
  say "fetching buf $version (npm package @bufbuild/buf)"
  mkdir -p "$cache"
  scratch=$(mktemp -d "$cache/buf.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  npm install --prefix "$scratch" --loglevel=error --no-save --no-audit --no-fund --ignore-scripts \
    "@bufbuild/buf@$version" >&2
  rm -rf "$cache/buf-$version"
  mv -T "$scratch" "$cache/buf-$version"
  trap - EXIT
fi
buf=$(find_buf)
[ -n "$buf" ] || { say "buf has no program for this machine"; exit 1; }
exec "$buf" "$@"
