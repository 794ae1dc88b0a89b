#!/usr/bin/env bash
# Runs every fuzz target for some seconds, from its committed seeds, on the stable toolchain.
#
#   scripts/fuzz.sh [seconds per target, default 20] [target ...]
#
# Exit code 0: no target crashed. What the fuzzer finds stays under target/fuzz; a crash leaves a
# file there that reproduces it.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds="${1:-20}"
shift || true
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "fuzz: '$seconds' is no number of seconds" >&2; exit 2; }

out="${CARGO_TARGET_DIR:-$PWD/target}/fuzz"
host="$(rustc -vV | sed -n 's/^host: //p')"

# What cargo-fuzz passes, less the sanitizers, which only a nightly compiler links. The code has no
# `unsafe`: panics, overflows, hangs and memory growth are what there is to find. `--target` keeps
# the flags away from build scripts.
instrument=(
  --cfg fuzzing
  -Cpasses=sancov-module
  -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
  -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares
  -Ccodegen-units=1
)

targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for file in fuzz/fuzz_targets/*.rs; do
    targets+=("$(basename "$file" .rs)")
  done
fi

echo "fuzz: building ${#targets[@]} targets"
RUSTFLAGS="${instrument[*]}" cargo build --quiet --locked --release --bins \
  --manifest-path fuzz/Cargo.toml --target "$host" --target-dir "$out"

failed=()
for target in "${targets[@]}"; do
  binary="$out/$host/release/$target"
  corpus="$out/corpus/$target"
  artifacts="$out/artifacts/$target"
  log="$out/$target.log"
  if [[ ! -f fuzz/fuzz_targets/$target.rs ]] || ! grep -q "^name = \"$target\"$" fuzz/Cargo.toml; then
    echo "fuzz: $target needs fuzz/fuzz_targets/$target.rs and a [[bin]] in fuzz/Cargo.toml" >&2
    exit 2
  fi
  mkdir -p "$corpus" "$artifacts"
  seeds=()
  [[ -d fuzz/seeds/$target ]] && seeds=("fuzz/seeds/$target")

  # The first folder is the one that findings are added to.
  if "$binary" "$corpus" "${seeds[@]}" -max_total_time="$seconds" -max_len=8192 -timeout=10 \
    -rss_limit_mb=1024 -artifact_prefix="$artifacts/" -print_final_stats=1 >"$log" 2>&1; then
    runs="$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
    coverage="$(grep -o 'cov: [0-9]*' "$log" | tail -n 1 || true)"
    # A fuzzer that sees no coverage guesses blindly, and would still look green.
    if [[ -z $coverage || $coverage == "cov: 0" ]]; then
      echo "fuzz: $target ran without instrumentation, see $log" >&2
      failed+=("$target")
      continue
    fi
    echo "fuzz: $target: no crash in ${runs:-?} runs of $seconds s, $coverage"
  else
    failed+=("$target")
    tail -n 40 "$log" >&2
    echo "fuzz: $target failed; what reproduces it is in $artifacts, the output in $log" >&2
    echo "fuzz: run it again with: $binary $artifacts/<file>" >&2
  fi
done

if [[ ${#failed[@]} -gt 0 ]]; then
  echo "fuzz: failed: ${failed[*]}" >&2
  exit 1
fi
