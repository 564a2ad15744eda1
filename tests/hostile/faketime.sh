#!/usr/bin/env bash
# Prints the path of libfaketime's library; installs Debian's where there is none. All else goes
# to standard error. Run it as often as you like.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

# Debian has a folder for each architecture; the library for programs with threads is wanted.
find_library() {
  local library
  for library in /usr/lib/*/faketime/libfaketimeMT.so.1 /usr/lib/faketime/libfaketimeMT.so.1; do
    if [ -r "$library" ]; then
      printf '%s\n' "$library"
      return
    fi
  done
  return 1
}

find_library && exit
install_package libfaketime
find_library || {
  say "the package libfaketime has no library for this machine"
  exit 1
}
