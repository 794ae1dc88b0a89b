#!/usr/bin/env bash
# Installs what this machine lacks for the given purposes, and says each thing it does.
#
#   scripts/setup.sh [build] [test] [kubernetes] [lint] [fuzz]     (all of them by default)
#
# On Debian and Ubuntu it installs packages by name, with sudo when not root. Elsewhere it names what
# is missing. It never changes what is already there, except that a stable Rust toolchain that is too
# old is brought up to date where rustup manages it.
set -euo pipefail
cd "$(dirname "$0")/.."

purposes=" ${*:-build test kubernetes lint fuzz} "
say() { echo "setup: $*" >&2; }
fail() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
wants() { [[ $purposes == *" $1 "* ]]; }

for purpose in $purposes; do
  case $purpose in
    build | test | kubernetes | lint | fuzz) ;;
    *) say "unknown purpose '$purpose'"; exit 2 ;;
  esac
done

# --- packages -----------------------------------------------------------------------------------

packages=()
has_postgresql() { has initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }
has_chromium() { has chromium-headless-shell || has chromium || has chromium-browser || has google-chrome; }
need() {
  local package="$1"
  shift
  "$@" >/dev/null 2>&1 || packages+=("$package")
}

# The only C in the tree is AWS-LC, and it builds with the compiler alone: no CMake, no pkg-config.
need build-essential has cc
need ca-certificates test -s /etc/ssl/certs/ca-certificates.crt
# The login pages are made of packages of the npm registry (crates/idporten/package.json).
if wants build || wants test; then
  need nodejs has node
  need npm has npm
fi
if wants test; then
  need python3 has python3
  need python3-venv python3 -c 'import ensurepip, venv'
  need curl has curl
  need jq has jq
  # For its programs: tests start servers of their own, and no other needs to run.
  need postgresql has_postgresql
  # Stands in for a hardware module.
  need softhsm2 has softhsm2-util
  # Looks at the login pages. Ubuntu has it as a snap, by way of a package of another name.
  if grep -qs '^ID=ubuntu$' /etc/os-release; then
    need chromium-browser has_chromium
  else
    need chromium-headless-shell has_chromium
  fi
fi
if wants test || wants kubernetes; then
  # Builds Helm, which is no package; who has Helm needs no Go.
  has helm || need golang-go has go
fi
if wants kubernetes && [[ -z ${KUBEBUILDER_ASSETS:-} ]]; then
  need golang-go has go
  # For its program: tests start servers of their own, and no other needs to run. Without packages it is built.
  ! has apt-get || need etcd-server has etcd
fi
if wants kubernetes; then
  need curl has curl
fi
if wants lint; then
  need shellcheck has shellcheck
fi
if wants fuzz; then
  need g++ has c++
fi

as_root=()
[[ $(id -u) -eq 0 ]] || as_root=(sudo)
apt_is_fresh=false

install_packages() {
  has apt-get || fail "this is neither Debian nor Ubuntu; please install what these packages hold: $*"
  if [[ ${#as_root[@]} -gt 0 ]] && ! has sudo; then
    fail "not root and no sudo; please run as root: apt-get install $*"
  fi
  if ! $apt_is_fresh; then
    say "apt-get update"
    "${as_root[@]}" apt-get update -qq || fail "apt-get update failed; is the network up?"
    apt_is_fresh=true
  fi
  say "apt-get install $*"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null || fail "could not install: $*"
}

did_something=false
if [[ ${#packages[@]} -gt 0 ]]; then
  install_packages "${packages[@]}"
  did_something=true
fi

# --- Rust ---------------------------------------------------------------------------------------

wanted="$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)"
found() { rustc --version 2>/dev/null | sed -n 's/^rustc \([0-9.]*\).*/\1/p'; }
is_new_enough() {
  local version
  version="$(found)"
  has cargo && [[ -n $version ]] && printf '%s\n%s\n' "$wanted" "$version" | sort -V -C
}

if ! is_new_enough; then
  if ! has rustup && has apt-cache && [[ -n $(apt-cache search --names-only '^rustup$' 2>/dev/null) ]]; then
    install_packages rustup
  fi
  has rustup || fail "Rust $wanted or newer is needed, and $(found | grep . || echo none) is here.
setup: the packages of this system have neither it nor rustup. Get it from https://rustup.rs:
setup:     curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh
setup: then open a new shell and try again."
  say "rustup toolchain install stable"
  rustup toolchain install stable --profile minimal --component clippy,rustfmt --no-self-update >&2
  # A rustup that came as a package starts without a default.
  rustup default >/dev/null 2>&1 || rustup default stable >&2
  is_new_enough || fail "the default toolchain is still older than Rust $wanted; please run: rustup default stable"
  did_something=true
fi
if wants lint && has rustup && ! { cargo clippy --version && cargo fmt --version; } >/dev/null 2>&1; then
  say "rustup component add clippy rustfmt"
  rustup component add clippy rustfmt >&2
  did_something=true
fi

# --- Go programs --------------------------------------------------------------------------------

# From 1.21 on Go gets the version that a module wants by itself.
go_is_old() {
  local minor
  minor="$(go version | sed -n 's/^go version go1\.\([0-9]*\).*/\1/p')"
  [[ -n $minor && $minor -lt 21 ]]
}

# go_program NAME SCRIPT [ARGUMENT]: has the script build its program, which it does once.
go_program() {
  local name="$1"
  shift
  "$@" >/dev/null && return
  if has go && go_is_old; then
    fail "Go 1.21 or newer is needed to build $name, and $(go version) is here. Get it from https://go.dev/dl."
  fi
  fail "$name is needed, and could not be built"
}

if wants test || wants kubernetes; then
  go_program Helm scripts/helm.sh version
fi
if wants kubernetes; then
  go_program "a Kubernetes API server with its kubectl" scripts/kubernetes.sh
fi

$did_something || say "nothing to install"
