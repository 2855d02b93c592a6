#!/bin/bash
# Runs PostgreSQL on the data that is there. On an empty volume it makes nothing: it says so and stays, so that n8n is never
# started on a database that lost everything, and nothing restarts in a loop.
set -euo pipefail

root=/var/lib/postgresql/data
run=/run/postgresql
data=$root
[ -s "$root/PG_VERSION" ] || data=$root/pgdata

refuse() {
  echo "$1" >&2
  exec sleep infinity
}

[ -s "$data/PG_VERSION" ] || refuse "The volume of n8n's database is empty: its data is gone, and no empty database was made in its place. Set hybrid-mcp:services.n8n.generation to another value to begin again with an empty one, and then, to go on with a backup: npm run restore"
have=$(<"$data/PG_VERSION")
want=$(postgres --version | sed -E 's/.* ([0-9]+)[. ].*/\1/;s/.* ([0-9]+)$/\1/')
[ "$have" = "$want" ] || refuse "The database was made by PostgreSQL $have, and this image has $want: set droplet.images.postgres to one of $have."
# Held by every process of the database, for as long as one of them is there.
exec 9<"$root/.hybrid-mcp.lock"
flock --timeout 60 9 || refuse "Another container works on the volume of n8n's database."

printf 'local all all scram-sha-256\nhost all all samenet scram-sha-256\n' >"$run/pg_hba.conf"
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories="$run" -c hba_file="$run/pg_hba.conf" \
  -c logging_collector=off
