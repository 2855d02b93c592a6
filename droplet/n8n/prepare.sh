#!/bin/bash
# Makes the volumes of n8n and of its database ready, once: their owners, a database where there is none, n8n's role in it.
# What is there stays. Runs as root, for a moment, without a network.
#
# Environment: DATABASE, DATABASE_USER, DATABASE_PASSWORD
set -euo pipefail

n8n=/volumes/n8n
data=/volumes/postgres
socket=/run/postgresql

as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
owned() { [ "$(stat -c %U "$1")" = "$2" ] || [ "$(stat -c %u "$1")" = "$2" ] || chown -R "$2:$2" "$1"; }

owned "$n8n" 1000
# Where the official image keeps it: in the volume itself, or, beside a lost+found, one folder below.
[ -s "$data/PG_VERSION" ] || data=$data/pgdata
mkdir -p "$data"
owned "$data" postgres
chmod 700 "$data"

if [ ! -s "$data/PG_VERSION" ]; then
  # A start that was cut off here leaves no PG_VERSION, but files that initdb does not take.
  find "$data" -mindepth 1 -delete
  echo "Making the database."
  as_postgres initdb --pgdata="$data" --username="$DATABASE_USER" --encoding=UTF8 --locale=C.UTF-8 \
    --auth=scram-sha-256 --pwfile=<(printf %s "$DATABASE_PASSWORD") >/dev/null
fi

have=$(<"$data/PG_VERSION")
want=$(postgres --version | sed -E 's/.* ([0-9]+)[. ].*/\1/;s/.* ([0-9]+)$/\1/')
if [ "$have" != "$want" ]; then
  echo "The database was made by PostgreSQL $have, and this image has $want: set droplet.images.postgres to one of $have." >&2
  exit 1
fi

printf 'local all all trust\n' >"$socket/pg_hba.conf"
chown postgres "$socket" "$socket/pg_hba.conf"
as_postgres pg_ctl --pgdata="$data" --wait --silent --log="$socket/log" \
  --options="-c listen_addresses= -c unix_socket_directories=$socket -c hba_file=$socket/pg_hba.conf" start >/dev/null ||
  { cat "$socket/log" >&2; exit 1; }
trap 'as_postgres pg_ctl --pgdata="$data" --mode=fast --silent stop' EXIT
psql --host="$socket" --username="$DATABASE_USER" --dbname=postgres --quiet --set=ON_ERROR_STOP=1 <<'SQL'
\getenv user DATABASE_USER
\getenv password DATABASE_PASSWORD
\getenv database DATABASE
ALTER ROLE :"user" WITH LOGIN PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'user')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
SQL
