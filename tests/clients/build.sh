#!/usr/bin/env bash
# Builds client programs, each as its language does it, with the packages that scripts/clients.sh makes,
# or with stubs generated from proto/ as buf.gen.yaml says. Installs the tools that are missing. Run it
# as often as you like: what is there and unchanged is not built again.
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
  elif [ -f "$source/stubs_sync.py" ]; then
    echo python
  fi
}

# Which package of scripts/clients.sh a client uses; nothing if it has stubs of its own.
package_of() {
  case $1 in
    go-grpc) echo go ;;
    java-grpc) echo maven ;;
    python) echo python ;;
    rust-grpc) echo rust ;;
    ts-connect) echo npm ;;
  esac
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
  local inputs=("$here/$1" "$here/build.sh") package
  package=$(package_of "$1")
  if [ -n "$package" ]; then inputs+=("clients/$package" scripts/clients.sh docs/service-config.json); fi
  case $1 in *-livekit) ;; *) inputs+=("$here/entries.py" buf.gen.yaml proto) ;; esac
  find "${inputs[@]}" -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16
}

# stubs CLIENT FOLDER: writes the stubs that buf.gen.yaml names for this client into the folder,
# if any; their generators are on the PATH.
stubs() {
  local entries
  entries=$("$python" "$here/entries.py" "$1")
  if [ -n "$entries" ]; then scripts/buf.sh generate --template "$entries" -o "$2" proto; fi
}

# package CLIENT FOLDER: makes the client's package in the folder, if it uses one.
package() {
  local package
  package=$(package_of "$1")
  if [ -n "$package" ]; then
    CLIENT_VERSION=$package_version PYTHON=$python CLIENTS_OUT=$2 scripts/clients.sh "$package"
  fi
}

# The builders: CLIENT FOLDER HOME. The folder is a copy of the client's and will be moved to the
# home; they leave a program `run` there.

build_go() {
  local client=$1 folder=$2
  need_go
  # The witness has its key from an agent.
  if [ "$client" = go-witness ] && ! command -v ssh-agent >/dev/null; then
    install_package openssh-client
  fi
  package "$client" "$folder/packages"
  if [ -d "$folder/packages" ]; then mv "$folder/packages/go/source" "$folder/client"; fi
  if grep -q '^tool' "$folder/go.mod"; then
    (cd "$folder" && GOBIN=$folder/tools go install -trimpath -ldflags='-s -w' tool)
    PATH="$folder/tools:$PATH" stubs "$client" "$folder"
  fi
  (
    cd "$folder"
    if compgen -G '*.go' >/dev/null; then
      go vet .
      go build -trimpath -buildvcs=false -ldflags='-s -w' -o run .
    else # somebody else's program, which go.mod names as its tool
      mv tools/* run
    fi
    find . -mindepth 1 -maxdepth 1 ! -name run -exec rm -r {} +
  )
}

build_node() {
  local client=$1 folder=$2 home=$3
  need_node
  package "$client" "$folder/packages"
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  unpack_npm "$folder"
  PATH="$folder/node_modules/.bin:$PATH" stubs "$client" "$folder/src"
  (
    cd "$folder"
    npm run --silent build
    npm prune --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
    rm -r src
  )
  unpack_npm "$folder"
  rm -rf "$folder/packages"
  program "$folder/run" "$(type -P node)" "$home/dist/main.js"
}

# Puts the package beside the modules that it needs, which the program's own lock file names.
unpack_npm() {
  [ -d "$1/packages" ] || return 0
  mkdir -p "$1/node_modules/call-gateway-client"
  tar -xzf "$1"/packages/npm/*.tgz -C "$1/node_modules/call-gateway-client" --strip-components=1
}

build_java() {
  local client=$1 folder=$2 home=$3
  need_java
  package "$client" "$folder/packages"
  if [ -d "$folder/packages" ]; then
    (
      cd "$folder/packages/maven"
      mvn -B -q -Dstyle.color=never install:install-file -DpomFile=pom.xml \
        "-Dfile=call-gateway-client-$package_version.jar"
    )
    rm -r "$folder/packages"
  fi
  (cd "$folder" && mvn -B -q -Dstyle.color=never -Dprotos="$root/proto" package)
  mv "$folder"/target/{client.jar,lib} "$folder"
  rm -r "$folder"/{src,target}
  # It lives for seconds: no time for the compiler that makes it fast.
  program "$folder/run" "$(type -P java)" -XX:TieredStopAtLevel=1 \
    -cp "$home/client.jar:$home/lib/*" calls.Main
}

build_rust() {
  local client=$1 folder=$2
  package "$client" "$folder/packages"
  if [ -d "$folder/packages" ]; then mv "$folder/packages/rust/source" "$folder/client"; fi
  # What the client is built from stays compiled: it takes far longer than the client.
  (
    cd "$folder"
    CARGO_INCREMENTAL=0 CARGO_TARGET_DIR=$clients/rust PROTOS=$root/proto cargo build --quiet
    cp "$clients/rust/debug/$client" run
    rm -rf src client packages
  )
}

# The program runs one of the client's scripts, in an environment without the gateway's own package.
build_python() {
  local client=$1 folder=$2 home=$3
  package "$client" "$folder/packages"
  find_uv
  uv venv --quiet --python "$python" "$home.venv" --clear
  uv pip install --quiet --python "$home.venv/bin/python" "$folder"/packages/python/*.whl \
    --constraint requirements-dev.lock
  rm -r "$folder/packages"
  mv "$home.venv" "$folder/venv"
  program "$folder/run" "$home/venv/bin/python" -I
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
package_version=0.0.0
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
