#!/usr/bin/env bash
# Builds what the gateway is measured with: the stub LiveKit, ghz (the gRPC load) and httpload.
# What is there and unchanged is not built again.
#
# Prints three lines on standard output, all else on standard error:
#   GHZ=…  STUBLIVEKIT=…  HTTPLOAD=…
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/common.sh

ghz_version=v0.120.0
here=tests/bench
bin=$cache/bin

# build NAME PREFIX COMMAND…: runs COMMAND with a scratch directory as last argument, which leaves
# one program there; keeps it as NAME and removes the other versions of PREFIX.
build() {
  local name=$1 prefix=$2 scratch old
  shift 2
  say "bench: building $name (once)"
  need_go
  scratch=$(mktemp -d "$cache/build.XXXXXX")
  "$@" "$scratch" >&2
  for old in "$bin/$prefix"*; do rm -f -- "$old"; done
  mv "$scratch"/* "$bin/$name"
  rmdir "$scratch"
}

build_ghz() {
  GOBIN=$1 go install -trimpath -ldflags='-s -w' "github.com/bojand/ghz/cmd/ghz@$ghz_version"
}

# build_own FOLDER SCRATCH: one of the programs beside this file.
build_own() {
  (cd "$here/$1" && go build -trimpath -buildvcs=false -ldflags='-s -w' -o "$2/$1" .)
}

# own FOLDER: builds it where it is missing or changed, and prints its line.
own() {
  local hash program
  hash=$(cd "$here/$1" && cat ./go.* ./*.go | sha256sum | cut -c1-16)
  program=$bin/$1-$hash
  [ -x "$program" ] || build "$1-$hash" "$1-" build_own "$1"
  printf '%s=%s\n' "${1^^}" "$program"
}

mkdir -p "$bin"
exec 9>"$cache/bench.lock"
if command -v flock >/dev/null; then flock 9; fi

ghz=$bin/ghz-$ghz_version
[ -x "$ghz" ] || build "ghz-$ghz_version" ghz- build_ghz
printf 'GHZ=%s\n' "$ghz"
own stublivekit
own httpload
