#!/usr/bin/env bash
# Generates gateway/telephony/v1 and docs/openapi.yaml from proto/. `generate.sh --check` fails if that
# changes anything.
set -euo pipefail
cd "$(dirname "$0")/.."
out=.
if [ "${1:-}" = "--check" ]; then
  out=$(mktemp -d)
fi
mkdir -p "$out/docs"
descriptors=$(mktemp)
trap 'rm -f "$descriptors"; [ "$out" = . ] || rm -rf "$out"' EXIT
python=.venv/bin/python
PATH="$PWD/.venv/bin:$PATH" "$python" -m grpc_tools.protoc -I proto \
  --python_out="$out" --pyi_out="$out" --grpc_python_out="$out" --mypy_grpc_out=quiet:"$out" \
  proto/gateway/telephony/v1/*.proto
# The others have no service; their stubs would be empty.
find "$out/gateway/telephony/v1" -name '*_pb2_grpc.py*' ! -name 'calls_*' ! -name 'admin_*' ! -name 'webhooks_*' ! -name 'audit_*' \
  -delete
"$python" -m grpc_tools.protoc -I proto --include_source_info --descriptor_set_out="$descriptors" \
  proto/gateway/telephony/v1/*.proto
PYTHONPATH=. "$python" scripts/openapi.py "$descriptors" "$out/docs/openapi.yaml"
if [ "$out" = . ]; then exit; fi
if ! diff -r -x __pycache__ -x __init__.py gateway/telephony "$out/gateway/telephony" ||
  ! diff docs/openapi.yaml "$out/docs/openapi.yaml"; then
  echo "generated code differs from proto/: run 'make generate' and commit the result" >&2
  exit 1
fi
