#!/bin/sh
# A Kubernetes API server of its own, in a new folder, that cannot outlive whoever started it.
#
#   server.sh FOLDER ETCD-PORT ETCD-PEER-PORT API-PORT
#
# The programs kube-apiserver and etcd are on PATH. FOLDER has service-account.pem, tokens.csv and audit.yaml,
# and gets tls/apiserver.crt, by which the server is known, and audit.log. Listens on 127.0.0.1 alone.
# Reads commands from standard input, a line each, and answers each with a line when it is done:
#
#   start    start the API server, and wait until it is ready
#   crash    kill -9 the API server; what it has stored stays
#
# At the end of the input, however it comes about, the servers and the folder go.
set -u
folder="$1" etcd_port="$2" etcd_peer_port="$3" api_port="$4"
store=
server=
# Whoever interrupts a test interrupts this too; what counts is the end of the input.
trap '' INT HUP TERM

start_store() {
  etcd --name test --data-dir "$folder/etcd" --unsafe-no-fsync --log-level error \
    --listen-client-urls "http://127.0.0.1:$etcd_port" --advertise-client-urls "http://127.0.0.1:$etcd_port" \
    --listen-peer-urls "http://127.0.0.1:$etcd_peer_port" \
    --initial-advertise-peer-urls "http://127.0.0.1:$etcd_peer_port" \
    --initial-cluster "test=http://127.0.0.1:$etcd_peer_port" >>"$folder/log" 2>&1 </dev/null &
  store=$!
}

# No admission plugin waits for a controller that is not there: service accounts are not made. Some clusters ask
# who says of an object that it belongs to another one, and so does this one.
start() {
  kube-apiserver --etcd-servers "http://127.0.0.1:$etcd_port" --cert-dir "$folder/tls" \
    --bind-address 127.0.0.1 --advertise-address 127.0.0.1 --secure-port "$api_port" \
    --endpoint-reconciler-type none --service-cluster-ip-range 10.0.0.0/24 \
    --service-account-issuer https://kubernetes.default.svc \
    --service-account-key-file "$folder/service-account.pem" \
    --service-account-signing-key-file "$folder/service-account.pem" \
    --token-auth-file "$folder/tokens.csv" --authorization-mode RBAC \
    --audit-policy-file "$folder/audit.yaml" --audit-log-path "$folder/audit.log" \
    --enable-admission-plugins OwnerReferencesPermissionEnforcement \
    --disable-admission-plugins ServiceAccount >>"$folder/log" 2>&1 </dev/null &
  server=$!
  give_up=$(($(date +%s) + 120))
  until curl -sf -o /dev/null --max-time 5 --cacert "$folder/tls/apiserver.crt" "https://127.0.0.1:$api_port/readyz"; do
    kill -0 "$server" 2>/dev/null && kill -0 "$store" 2>/dev/null || return 1
    [ "$(date +%s)" -lt "$give_up" ] || return 1
    sleep 0.1
  done 2>/dev/null
}

end() {
  [ -n "$1" ] || return 0
  kill -9 "$1" 2>/dev/null
  wait "$1" 2>/dev/null
  return 0
}

crash() {
  end "$server"
  server=
}

answer() {
  if "$@"; then echo "done"; else echo "failed: $(grep -v '^[IW]' "$folder/log" | tail -n 3 | tr '\n' ' ')"; fi
}

start_store
answer start

while read -r command; do
  case $command in
    start) answer start ;;
    crash) answer crash ;;
    *) echo "failed: unknown command" ;;
  esac
done
crash
end "$store"
rm -rf "$folder"
