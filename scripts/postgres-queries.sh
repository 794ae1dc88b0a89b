#!/usr/bin/env bash
# Writes crates/store-postgres/.sqlx anew: what a PostgreSQL server says of every query of the crate,
# so that the compiler can check the queries without one. To be run after a query or a migration of
# the crate was changed. Starts a private server from the installed programs and removes it.
set -euo pipefail
cd "$(dirname "$0")/.."

crate=crates/store-postgres
for programs in /usr/lib/postgresql/*/bin; do PATH="$programs:$PATH"; done
command -v initdb >/dev/null ||
  { echo "postgres-queries: no PostgreSQL server is installed (scripts/setup.sh test)" >&2; exit 1; }

# The server refuses to run as root.
as=()
[[ $(id -u) -ne 0 ]] || as=(setpriv --reuid=postgres --regid=postgres --clear-groups)

folder="$(mktemp -d "${TMPDIR:-/tmp}/portvakt-queries.XXXXXX")"
[[ $(id -u) -ne 0 ]] || chown postgres "$folder"
script="$(cat crates/testkit/src/postgres/server.sh)"
coproc SERVER { cd "$folder" && "${as[@]}" sh -c "$script" server.sh "$folder" off 0; }
expect() {
  local line
  if ! read -r line <&"${SERVER[0]}" || [[ $line != "done" ]]; then
    echo "postgres-queries: ${line-}" >&2
    exit 1
  fi
}
expect
echo start >&"${SERVER[1]}"
expect

createdb -h "$folder" -U portvakt queries
cat "$crate"/migrations/*.sql |
  psql -h "$folder" -U portvakt -d queries --quiet --no-psqlrc -v ON_ERROR_STOP=1
rm -f "$crate"/.sqlx/query-*.json
PORTVAKT_POSTGRES_SCHEMA_URL="postgres:///queries?host=$folder&user=portvakt" \
  cargo check --quiet --package portvakt-store-postgres --lib
echo "postgres-queries: $(find "$crate/.sqlx" -name 'query-*.json' | wc -l) queries described" >&2
