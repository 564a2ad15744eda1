#!/usr/bin/env bash
# Makes .venv with exactly what requirements-dev.lock says. Does nothing when that is done.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
find_uv

stamp=$(cat requirements-dev.lock pyproject.toml | sha256sum)
if [ "$(cat .venv/stamp 2>/dev/null)" != "$stamp" ]; then
  [ -d .venv ] || uv venv --quiet --python '>=3.11' .venv
  uv pip sync --quiet --python .venv --compile-bytecode --require-hashes requirements-dev.lock
  uv pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
  printf '%s' "$stamp" >.venv/stamp
fi
# Else every process that the tests start would compile all of it again, where Python is told to
# keep nothing that it compiles.
.venv/bin/python -m compileall -q gateway tests
