#!/bin/sh
# A PostgreSQL server of its own, in a new folder, that cannot outlive whoever started it.
#
#   server.sh FOLDER FSYNC PORT [PRIMARY]      (FSYNC on or off; PORT 0 for no TCP)
#
# With PRIMARY, the folder of another such server, it is a standby of that one that is always an hour
# behind. Run as an unprivileged user on an empty folder that belongs to that user; the programs of the
# server are on PATH. Listens on a socket in FOLDER, logs in as "portvakt" without a password.
# Reads commands from standard input, a line each, and answers each with a line when it is done:
#
#   start    start the server, and wait until it answers
#   crash    kill -9 every process of the server at the same moment
#   freeze   stop every process of the server, as if its machine did not answer; thaw ends it
#   stop     stop the server in good order
#
# At the end of the input, however it comes about, the server and the folder go.
set -u
folder="$1" fsync="$2" port="$3" primary="${4:-}"
data="$folder/data"
server=
# Whoever interrupts a test interrupts this too; what counts is the end of the input.
trap '' INT HUP TERM

processes() {
  printf '%s ' "$server"
  cat "/proc/$server/task/$server/children" 2>/dev/null || ps -o pid= --ppid "$server"
}

# Processes that were killed may keep their shared memory for a moment, and no server starts before
# it is gone.
start() {
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    launch && return 0
    sleep 0.3
  done
  return 1
}

launch() {
  postgres -D "$data" >>"$folder/log" 2>&1 </dev/null &
  server=$!
  until pg_isready -q -h "$folder" -t 1 2>/dev/null; do
    kill -0 "$server" 2>/dev/null || return 1
    sleep 0.02
  done
}

crash() {
  [ -n "$server" ] || return 0
  # Stopped first, it starts no other process meanwhile.
  kill -STOP "$server"
  # shellcheck disable=SC2046
  kill -9 $(processes) 2>/dev/null
  wait "$server" 2>/dev/null
  server=
}

stop() {
  [ -n "$server" ] || return 0
  kill -INT "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  server=
}

answer() {
  if "$@"; then echo "done"; else echo "failed: $(tail -n 3 "$folder/log" | tr '\n' ' ')"; fi
}

# Outside its folder a server has a few bytes of shared memory, by which nobody starts a second one on
# its files. Who is killed leaves them, and a machine has a few thousand places for such.
forget() {
  segment="$(sed -n 7p "$data/postmaster.pid" 2>/dev/null)"
  [ -z "$segment" ] || ipcrm -m "${segment##* }"
}

make_data() {
  if [ -n "$primary" ]; then
    pg_basebackup -D "$data" -h "$primary" -U portvakt -R --checkpoint=fast --no-sync
    return
  fi
  # The order that people sort by, so that a query that leans on the database's own is found out.
  initdb -D "$data" -U portvakt --auth=trust --encoding=UTF8 --locale=C \
    --locale-provider=icu --icu-locale=nb-NO --no-sync
}

make_data >"$folder/log" 2>&1 ||
  { echo "failed: $(tail -n 3 "$folder/log" | tr '\n' ' ')"; rm -rf "$folder"; exit 1; }
listen=
[ "$port" = 0 ] || listen=127.0.0.1
# Who does not wait for the disk shall not fill it either.
wal=1GB
[ "$fsync" = on ] || wal=64MB
cat >>"$data/postgresql.conf" <<SETTINGS
listen_addresses = '$listen'
port = $([ "$port" = 0 ] && echo 5432 || echo "$port")
unix_socket_directories = '$folder'
max_connections = 500
shared_buffers = 32MB
fsync = $fsync
full_page_writes = $fsync
max_wal_size = $wal
autovacuum = off
dynamic_shared_memory_type = mmap
restart_after_crash = off
recovery_min_apply_delay = 1h
SETTINGS
echo "done"

while read -r command; do
  case $command in
    start) answer start ;;
    crash) answer crash ;;
    stop) answer stop ;;
    freeze)
      # shellcheck disable=SC2046
      answer kill -STOP $(processes)
      ;;
    thaw)
      # shellcheck disable=SC2046
      answer kill -CONT $(processes)
      ;;
    *) echo "failed: unknown command" ;;
  esac
done
crash
forget
rm -rf "$folder"
