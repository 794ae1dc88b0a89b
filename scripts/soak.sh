#!/usr/bin/env bash
# Runs the tests of several nodes in their long form, one after the other, and prints a table of what
# came of each.
#
#   scripts/soak.sh [FILTER]...      (names of tests, or parts of them; all by default)
set -euo pipefail
cd "$(dirname "$0")/.."

log="$(mktemp)"
trap 'rm -f "$log"' EXIT
status=0
PORTVAKT_SOAK=1 cargo test --quiet --locked -p portvakt --test nodes -- \
  --nocapture --test-threads=1 "$@" >"$log" 2>&1 || status=$?
if [[ $status -ne 0 ]]; then
  cat "$log" >&2
fi
echo "| fault | what came of it |"
echo "| --- | --- |"
grep '^| ' "$log" || true
exit "$status"
