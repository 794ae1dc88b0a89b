#!/usr/bin/env bash
# Runs the tests of several nodes in their long form, one after the other, and prints a table of what
# came of each; then loads every kind of server for longer than the tests do, and prints what it reached.
#
#   scripts/soak.sh [FILTER]...      (names of tests, or parts of them, and no load; all by default)
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
if [[ $# -eq 0 ]]; then
  echo
  cargo run --quiet --locked -p portvakt-bench -- check --server target/debug/portvakt || status=$?
fi
exit "$status"
