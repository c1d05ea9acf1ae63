#!/bin/sh
# Two servers on one Redis, with HAProxy before them. Ctrl-C ends all.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cli=${FF_CLI:-$here/../../dist/cli.js}
data=${FF_DATA:-$here/data}
export FF_PORT="${FF_PORT:-8080}" FF_ONE="${FF_ONE:-8081}" FF_TWO="${FF_TWO:-8082}"
redis_port=${FF_REDIS:-6400}
# The same for both, since HAProxy sends a request to either.
[ -n "${FOREVERFRAME_ADMIN_TOKEN:-}" ] ||
  FOREVERFRAME_ADMIN_TOKEN=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
export FOREVERFRAME_ADMIN_TOKEN

[ "$(id -u)" = 0 ] && PATH=$PATH:/usr/sbin
for program in redis-server haproxy; do
  command -v "$program" >/dev/null || {
    echo "$program is missing: apt-get install -y redis-server haproxy" >&2
    exit 1
  }
done
[ -f "$cli" ] || {
  echo "$cli is missing: run \"npm ci && npm run build\" in the project's directory" >&2
  exit 1
}

umask 077
mkdir -p "$data"
# A 201 means that the message is on the disk, and a restart takes nothing back.
redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$data" \
  --appendonly yes --appendfsync always --maxmemory-policy noeviction --loglevel warning &
pids=$!
for port in "$FF_ONE" "$FF_TWO"; do
  node "$cli" serve --port "$port" --log "redis://127.0.0.1:$redis_port" \
    --workers "${FF_WORKERS:-1}" --trusted-proxies 127.0.0.1 &
  pids="$pids $!"
done
haproxy -db -f "$here/haproxy.cfg" &
pids="$pids $!"

# Not all at once, or the servers could not finish what is under way.
stop() {
  trap - INT TERM
  for pid in $(printf '%s\n' $pids | tac); do
    kill "$pid" 2>/dev/null && wait "$pid" || :
  done
  exit "$1"
}
trap 'stop 0' INT TERM
echo "http://127.0.0.1:$FF_PORT/ is both, http://127.0.0.1:$FF_ONE/ and http://127.0.0.1:$FF_TWO/ are one each"
echo "The admin token of both is $FOREVERFRAME_ADMIN_TOKEN"
# A server that ends is missed, but the other goes on.
wait
