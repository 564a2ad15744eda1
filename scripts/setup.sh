#!/usr/bin/env bash
# Makes .venv with exactly what requirements-dev.lock says. Does nothing when that is done.
set -euo pipefail
cd "$(dirname "$0")/.."
cache="${GATEWAY_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/call-gateway}"

if ! command -v uv >/dev/null; then
  [ -x "$cache/uv/bin/uv" ] || { python3 -m venv "$cache/uv" && "$cache/uv/bin/pip" install --quiet uv; }
  PATH="$cache/uv/bin:$PATH"
fi

stamp=$(cat requirements-dev.lock pyproject.toml | sha256sum)
if [ "$(cat .venv/stamp 2>/dev/null)" != "$stamp" ]; then
  [ -d .venv ] || uv venv --quiet --python '>=3.11' .venv
  uv pip sync --quiet --python .venv --require-hashes requirements-dev.lock
  uv pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
  printf '%s' "$stamp" >.venv/stamp
fi
