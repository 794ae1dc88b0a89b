#!/usr/bin/env bash
# Runs Helm, for the tests of deploy/helm. It is built from its Go module, once, below the user's cache,
# so that every checkout uses the same one. A machine without Go may have one on its PATH instead.
set -euo pipefail

version=v3.22.0
cache="${XDG_CACHE_HOME:-$HOME/.cache}/portvakt"
helm="$cache/helm-$version"

if [[ ! -x $helm ]]; then
  if ! command -v go >/dev/null; then
    command -v helm >/dev/null || { echo "helm: neither Go nor Helm is installed (scripts/setup.sh test)" >&2; exit 1; }
    exec helm "$@"
  fi
  echo "helm: building Helm $version" >&2
  mkdir -p "$cache"
  built="$(mktemp -d "$cache/build.XXXXXX")"
  trap 'rm -rf "$built"' EXIT
  GOBIN="$built" GOFLAGS=-mod=mod go install "helm.sh/helm/v3/cmd/helm@$version" >&2 \
    || { echo "helm: could not build Helm $version with $(go version); a newer Go is at https://go.dev/dl" >&2; exit 1; }
  # Whole or not at all, also if two do it at once.
  mv "$built/helm" "$helm"
  rm -rf "$built"
fi
exec "$helm" "$@"
