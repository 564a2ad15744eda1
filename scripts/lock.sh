#!/usr/bin/env bash
# Writes requirements.lock (what runs), requirements-dev.lock (what tests and checks add) and
# tests/agents/requirements.lock (what the tests' agents run in): exact versions and hashes, without
# the address of any package index.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
find_uv
options=(--quiet --universal --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command scripts/lock.sh)
uv pip compile "${options[@]}" pyproject.toml -o requirements.lock "$@"
uv pip compile "${options[@]}" --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock "$@"
agents=tests/agents/requirements
uv pip compile "${options[@]}" --python-version 3.11 "$agents.in" -o "$agents.lock" "$@"
