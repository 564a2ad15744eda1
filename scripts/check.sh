#!/usr/bin/env bash
# Everything that is checked beside the tests. Goes on after a failure and names all of them.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
bin=.venv/bin
failed=()

# check NAME COMMAND…
check() {
  local name=$1 begin=$SECONDS
  shift
  echo "── $name"
  "$@" || failed+=("$name")
  if ((SECONDS - begin > 4)); then echo "   ($((SECONDS - begin)) s)"; fi
}

shell_scripts() { find scripts deploy tests .ci -type f \( -name '*.sh' -o -path .ci/run \) | sort; }

check_shell() {
  local scripts
  mapfile -t scripts < <(shell_scripts)
  "$bin/shellcheck" --external-sources "${scripts[@]}"
}

check_go() {
  if ! find_go; then
    echo "skipped: no Go on this machine (tests/stack/build.sh fetches one)"
    return
  fi
  local unformatted
  unformatted=$(gofmt -l clients/go tests/stack/sipnode tests/bench tests/conformance tests/clients \
    tests/alerts tests/deploy)
  if [ -n "$unformatted" ]; then
    printf 'not formatted by gofmt:\n%s\n' "$unformatted"
    return 1
  fi
  (cd tests/stack/sipnode && go vet ./...) && (cd tests/bench/stublivekit && go vet ./...) &&
    (cd tests/bench/httpload && go vet ./...)
}

check "ruff format" "$bin/ruff" format --check --quiet .
check "ruff check" "$bin/ruff" check --quiet .
check "mypy" "$bin/mypy"
check "generated code" scripts/generate.sh --check
check "buf lint" scripts/buf.sh lint proto
check "buf format" scripts/buf.sh format --diff --exit-code proto
check "buf breaking" scripts/breaking.sh
check "hadolint" "$bin/hadolint" Dockerfile
check "shellcheck" check_shell
check "gofmt, go vet" check_go
check "architecture" "$bin/pytest" --quiet tests/test_architecture.py tests/test_wings.py \
  tests/test_repeatable.py

if ((${#failed[@]})); then
  printf 'failed:'
  printf ' [%s]' "${failed[@]}"
  printf '\n'
  exit 1
fi
echo "all checks passed"
