#!/usr/bin/env bash
# Every check that needs no test run. Says what it skips and why.
set -euo pipefail
cd "$(dirname "$0")/.."

export PATH="$PWD/target/tools/bin:$PATH"
say() { echo "lint: $*"; }

say "format"
cargo fmt --all --check
cargo fmt --manifest-path fuzz/Cargo.toml --check

say "clippy"
cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
# A test that `cargo test` leaves to `make test-kubernetes` is no target of all.
cargo clippy --workspace --test kubernetes --locked --quiet -- -D warnings

# A workspace of its own, which otherwise tells only after everything else that its lock file is old.
say "the fuzz targets' lock file"
cargo metadata --manifest-path fuzz/Cargo.toml --locked --format-version 1 >/dev/null

say "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet

if command -v shellcheck >/dev/null; then
  say "shell scripts"
  shellcheck scripts/*.sh .ci/run crates/testkit/src/*/server.sh
else
  say "skipped: shellcheck is not installed (scripts/setup.sh lint)"
fi

if command -v cargo-deny >/dev/null; then
  say "licenses, sources and banned crates of the dependencies"
  cargo deny --log-level error --all-features check --hide-inclusion-graph bans licenses sources
  # The advisory database is a git repository, which not every network lets through.
  if timeout 120 cargo deny --log-level error fetch db >/dev/null 2>&1; then
    say "security advisories"
    cargo deny --log-level error --all-features check --hide-inclusion-graph advisories
  else
    say "skipped: security advisories, because their database could not be fetched"
  fi
else
  say "skipped: cargo-deny is not installed (cargo install cargo-deny --locked)"
fi
