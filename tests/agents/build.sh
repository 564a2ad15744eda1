#!/usr/bin/env bash
# Makes the environment in which agents run: livekit-agents in a virtual environment of its own,
# outside the repository, as requirements.lock beside this script says. What is there and unchanged
# is not made again.
#
# Prints the path of its Python on standard output, all else on standard error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

lock=tests/agents/requirements.lock
venv=$cache/agents-$(sha256sum "$lock" | cut -c1-16)

# Python has its paths built in, so the environment is made in its place and marked when it is whole.
make_environment() {
  local old
  say "agents: installing livekit-agents (once)"
  find_uv
  for old in "$cache"/agents-*/; do rm -rf "$old"; done
  {
    uv venv --quiet --python '>=3.11' "$venv"
    uv pip sync --quiet --python "$venv" --require-hashes --compile-bytecode "$lock"
  } >&2
  touch "$venv/whole"
}

mkdir -p "$cache"
exec 9>"$cache/agents.lock"
if command -v flock >/dev/null; then flock 9; fi
[ -f "$venv/whole" ] || make_environment
echo "$venv/bin/python"
