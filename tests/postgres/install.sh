#!/usr/bin/env bash
# Prints the folder of PostgreSQL's programs; installs the newest that Debian has where there
# is none. All else goes to standard error. Run it as often as you like.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

# Debian keeps the server's programs out of the PATH, a folder for each version.
find_programs() {
  local postgres
  for postgres in $(printf '%s\n' /usr/lib/postgresql/*/bin/postgres | sort -rV) "$(type -P postgres)"; do
    if [ -x "$postgres" ] && [ -x "$(dirname "$postgres")/initdb" ]; then
      dirname "$(readlink -f "$postgres")"
      return
    fi
  done
  return 1
}

find_programs && exit
install_package postgresql
find_programs || {
  say "the package postgresql has no server for this machine"
  exit 1
}
