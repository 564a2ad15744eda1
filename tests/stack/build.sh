#!/usr/bin/env bash
# Builds what the test stack runs: livekit-server and the stand-in SIP node.
# Installs redis-server where it is missing. Run it as often as you like: what is
# there and unchanged is not built again.
#
# build.sh [VERSION]: of livekit-server, one of those below; the first unless told.
#
# Prints three lines on standard output, all else on standard error:
#   REDIS_SERVER=…  LIVEKIT_SERVER=…  SIPNODE=…
set -euo pipefail

livekit_versions=(v1.13.5 v1.13.11)

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

bin=$cache/bin
livekit_version=${1:-${livekit_versions[0]}}

# Debian keeps servers out of an ordinary user's PATH.
find_redis() { PATH=$PATH:/usr/sbin:/usr/local/bin command -v redis-server; }

# build NAME COMMAND…: runs COMMAND with a scratch directory as last argument, which
# leaves one program there; keeps it as NAME.
build() {
  local name=$1 scratch
  shift
  say "stack: building $name (once)"
  need_go
  scratch=$(mktemp -d "$cache/build.XXXXXX")
  "$@" "$scratch" >&2
  mv "$scratch"/* "$bin/$name"
  rmdir "$scratch"
}

# With pion's libraries as they are: newer servers replace them by forks of LiveKit's,
# which the module proxy does not offer. All that is lost is one step of WARP, a way to
# connect that is off unless configured.
build_livekit() {
  local source=$1/source module=github.com/livekit/livekit-server
  cp -r "$(go mod download -json "$module@$livekit_version" |
    sed -n 's/^.*"Dir": "\(.*\)",$/\1/p')" "$source"
  chmod -R u+w "$source"
  (
    cd "$source"
    for fork in webrtc/v4 dtls/v3 ice/v4; do go mod edit -dropreplace "github.com/pion/$fork"; done
    sed -i '/se\.EnableSped(true)/d' pkg/rtc/transport.go
    go build -mod=mod -trimpath -buildvcs=false -ldflags='-s -w' -o "$1/server" ./cmd/server
  )
  rm -r "$source"
}

# Removes what NAMES of PREFIX are not any more: outdated PREFIX NAMES…
outdated() {
  local prefix=$1 old
  shift
  for old in "$bin/$prefix"*; do
    [[ " $* " == *" ${old##*/} "* ]] || rm -f -- "$old"
  done
}

build_sipnode() {
  (cd tests/stack/sipnode && go build -trimpath -buildvcs=false -ldflags='-s -w' -o "$1/sipnode" .)
}

mkdir -p "$bin"
exec 9>"$cache/build.lock"
if command -v flock >/dev/null; then flock 9; fi

sources=$(cd tests/stack/sipnode && cat go.mod go.sum ./*.go | sha256sum | cut -c1-16)
livekit=livekit-server-$livekit_version
sipnode=sipnode-$sources

find_redis >/dev/null || install_package redis-server
[ -x "$bin/$livekit" ] || build "$livekit" build_livekit
[ -x "$bin/$sipnode" ] || build "$sipnode" build_sipnode
outdated livekit-server- "${livekit_versions[@]/#/livekit-server-}"
outdated sipnode- "$sipnode"

printf 'REDIS_SERVER=%s\nLIVEKIT_SERVER=%s\nSIPNODE=%s\n' \
  "$(find_redis)" "$bin/$livekit" "$bin/$sipnode"
