#!/usr/bin/env bash
# Formats Python, proto and Go as `scripts/check.sh` wants them.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
.venv/bin/ruff format --quiet .
.venv/bin/ruff check --quiet --fix .
scripts/buf.sh format --write proto
if find_go; then gofmt -w clients/go tests/stack/sipnode tests/bench tests/conformance tests/clients tests/deploy; fi
