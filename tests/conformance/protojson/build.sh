#!/usr/bin/env bash
# Builds the program that reads JSON as Go's protojson does. What is there and unchanged is not
# built again.
#
# Prints the program's path on standard output, all else on standard error.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. scripts/common.sh

go_program tests/conformance/protojson conformance 'the reader of protojson'
