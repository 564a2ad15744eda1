#!/usr/bin/env bash
# Fails if proto/ breaks a client of the last release (the highest tag `v*`).
set -euo pipefail
cd "$(dirname "$0")/.."

last_release() {
  git for-each-ref --count=1 --sort=-version:refname --format='%(refname:short)' 'refs/tags/v*'
}

# A shallow clone may lack the tags.
if [ -z "$(last_release)" ] && [ "$(git rev-parse --is-shallow-repository)" = true ]; then
  git fetch --quiet --depth=1 --tags || echo "the tags could not be fetched" >&2
fi

release=$(last_release)
if [ -z "$release" ]; then
  echo "nothing is released yet (no tag v*): nothing can break"
  exit 0
fi
before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
git archive "$release" proto | tar -x -C "$before"
echo "compared with $release"
scripts/buf.sh breaking proto --against "$before/proto"
