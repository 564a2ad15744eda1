#!/usr/bin/env bash
# Writes new secrets for deploy/compose.yaml to deploy/.env, which only its owner can read. Leaves a
# file that is there as it is. The argument: another file.
set -euo pipefail
file=${1:-$(cd "$(dirname "$0")/.." && pwd)/.env}
if [ -e "$file" ]; then
  echo "$file is there already" >&2
  exit 0
fi
umask 077
secret() { openssl rand -hex 32; }
cat >"$file" <<END
LIVEKIT_API_KEY=API$(openssl rand -hex 6)
LIVEKIT_API_SECRET=$(secret)
GATEWAY_MASTER_KEY=$(secret)
POSTGRES_PASSWORD=$(secret)
GRAFANA_PASSWORD=$(secret)
END
echo "wrote $file" >&2
