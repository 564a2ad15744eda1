#!/usr/bin/env bash
# Builds the conformance suite's Go server: generates Go from proto/ with Twirp's own generator,
# outside the repository, and compiles it. What is there and unchanged is not built again.
#
# Prints the program's path on standard output, all else on standard error.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. scripts/common.sh

source=tests/conformance/goserver
module=gateway.telephony/tests/conformance/goserver
protos=(proto/gateway/telephony/v1/*.proto)
python=${1:-.venv/bin/python} # one with grpcio-tools

# go_package as the gateway's proto has it names no module that Go could fetch.
mapping() {
  local proto
  for proto in "${protos[@]}"; do printf ',M%s=%s/gateway/telephony/v1' "${proto#proto/}" "$module"; done
}

generate() {
  local scratch=$1 options
  options=paths=source_relative$(mapping)
  (cd "$scratch" && go build -o plugins/ \
    google.golang.org/protobuf/cmd/protoc-gen-go github.com/twitchtv/twirp/protoc-gen-twirp)
  "$python" -m grpc_tools.protoc -I proto \
    --plugin="$scratch/plugins/protoc-gen-go" --plugin="$scratch/plugins/protoc-gen-twirp" \
    --go_out="$options:$scratch" --twirp_out="$options:$scratch" "${protos[@]}"
}

build() {
  local scratch old
  say "conformance: building the Go server (once)"
  need_go
  scratch=$(mktemp -d "$cache/build.XXXXXX")
  # shellcheck disable=SC2064  # this scratch directory, not a later one
  trap "rm -rf '$scratch'" EXIT
  cp "$source"/{main.go,go.mod,go.sum} "$scratch"
  generate "$scratch" >&2
  (cd "$scratch" && go build -trimpath -buildvcs=false -ldflags='-s -w' -o server .) >&2
  for old in "$cache"/bin/twirp-goserver-*; do rm -f -- "$old"; done
  mv "$scratch/server" "$program"
}

mkdir -p "$cache/bin"
exec 9>"$cache/goserver.lock"
if command -v flock >/dev/null; then flock 9; fi

hash=$(cat "$source"/{build.sh,main.go,go.mod,go.sum} "${protos[@]}" | sha256sum | cut -c1-16)
program=$cache/bin/twirp-goserver-$hash
[ -x "$program" ] || build
printf '%s\n' "$program"
