#!/usr/bin/env bash
# Installs the third-party clients that the tests drive, and what drives a browser, below
# target/clients. Does nothing, quietly, when they are there already: a stamp holds the hash of what
# they were installed from.
set -euo pipefail
cd "$(dirname "$0")/.."

# Runs an install function unless the stamp in its folder tells of the same files and interpreter.
#   when_stale FOLDER INTERPRETER FUNCTION FILE...
when_stale() {
  local folder="$1" interpreter="$2" install="$3"
  shift 3
  local hash
  hash="$({ "$interpreter" --version; cat "$@"; } | sha256sum | cut -d' ' -f1)"
  [[ -f $folder/.stamp && $(<"$folder/.stamp") == "$hash" ]] && return
  echo "clients: installing into $folder" >&2
  rm -rf "$folder"
  mkdir -p "$folder"
  "$install" "$folder"
  echo "$hash" >"$folder/.stamp"
}

install_python() {
  python3 -m venv "$1"
  "$1/bin/pip" install --quiet --disable-pip-version-check \
    --requirement tests/clients/python/requirements.txt
}

install_node() {
  local manifest
  case $1 in
    */browser) manifest=crates/idporten/tests/browser ;;
    *) manifest=tests/clients/node ;;
  esac
  cp "$manifest/package.json" "$1/"
  if [[ -f $manifest/package-lock.json ]]; then
    cp "$manifest/package-lock.json" "$1/"
    npm --prefix "$1" ci --silent --no-audit --no-fund
  else
    npm --prefix "$1" install --silent --no-audit --no-fund --no-package-lock
  fi
}

if [[ -f tests/clients/python/requirements.txt ]]; then
  when_stale target/clients/python python3 install_python tests/clients/python/requirements.txt
fi
if [[ -f tests/clients/node/package.json ]]; then
  shopt -s nullglob
  when_stale target/clients/node node install_node tests/clients/node/package*.json
fi
when_stale target/clients/browser node install_node crates/idporten/tests/browser/package*.json
