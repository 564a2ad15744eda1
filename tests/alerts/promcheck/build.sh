#!/usr/bin/env bash
# Builds the program that reads rules and PromQL as Prometheus does. What is there and unchanged is
# not built again.
#
# Prints the program's path on standard output, all else on standard error.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. scripts/common.sh

go_program tests/alerts/promcheck alerts 'the reader of PromQL'
