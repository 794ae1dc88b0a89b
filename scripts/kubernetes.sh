#!/usr/bin/env bash
# Prints the folder of the kube-apiserver, the etcd and the kubectl that `make test-kubernetes` runs.
#
# It is KUBEBUILDER_ASSETS where that is set. Otherwise the API server and kubectl are built from their Go
# module, pinned by tests/kubernetes/go.sum, once, below the user's cache, so that every checkout uses the same
# ones; etcd is the one on PATH (the package etcd-server), or is built in the same way.
set -euo pipefail
# A relative folder is meant from where the caller is.
[[ -z ${KUBEBUILDER_ASSETS:-} ]] || KUBEBUILDER_ASSETS="$(realpath -m -- "$KUBEBUILDER_ASSETS")"
cd "$(dirname "$0")/../tests/kubernetes"

say() { echo "kubernetes: $*" >&2; }
fail() { say "$*"; exit 1; }

if [[ -n ${KUBEBUILDER_ASSETS:-} ]]; then
  for program in kube-apiserver etcd kubectl; do
    [[ -x $KUBEBUILDER_ASSETS/$program ]] || fail "KUBEBUILDER_ASSETS is $KUBEBUILDER_ASSETS, which has no $program"
  done
  echo "$KUBEBUILDER_ASSETS"
  exit
fi

# The version of a module in go.mod.
version_of() { sed -n "s|^\t$1 \(v[^ ]*\).*|\1|p" go.mod; }

version="$(version_of k8s.io/kubernetes)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/portvakt/kubernetes/$version"

# Counts the packages that the compiler names as it goes, and lets everything else through.
progress() {
  awk -v total="$1" '
    /^[A-Za-z0-9._\/-]+$/ { if (++done % 100 == 0) print "kubernetes: " done " of at most " total " packages"; next }
    { print }' >&2
}

build() {
  local program="$1" package="$2" version="$3" stamp="$4" built packages started=$SECONDS
  command -v go >/dev/null || fail "Go is needed to build $program (scripts/setup.sh kubernetes), or a folder with it in KUBEBUILDER_ASSETS"
  say "building $program of $version, once; it takes minutes"
  mkdir -p "$cache"
  built="$(mktemp -d "$cache/build.XXXXXX")"
  # shellcheck disable=SC2064
  trap "rm -rf '$built'" EXIT
  # Nothing in either needs C, and nobody debugs them here.
  export CGO_ENABLED=0 GOFLAGS=-mod=readonly
  packages="$(go list -deps "$package")" || fail "could not find what $program is made of with $(go version)"
  go build -v -trimpath -o "$built/$program" -ldflags "-s -w $stamp" "$package" \
    2> >(progress "$(wc -l <<<"$packages")") \
    || fail "could not build $program with $(go version); a newer Go is at https://go.dev/dl"
  # Whole or not at all, also if two do it at once.
  mv "$built/$program" "$cache/$program"
  rm -rf "$built"
  say "built $program in $((SECONDS - started)) s"
}

for program in kube-apiserver kubectl; do
  [[ -x $cache/$program ]] || build "$program" "k8s.io/kubernetes/cmd/$program" "$version" \
    "-X k8s.io/component-base/version.gitVersion=$version"
done
if [[ ! -x $cache/etcd ]]; then
  if command -v etcd >/dev/null; then
    ln -sfn "$(command -v etcd)" "$cache/etcd"
  else
    build etcd go.etcd.io/etcd/server/v3 "$(version_of go.etcd.io/etcd/server/v3)" ""
  fi
fi
echo "$cache"
