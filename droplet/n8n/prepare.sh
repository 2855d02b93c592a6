#!/bin/bash
# Makes the volumes of n8n and of its database ready, once: their owners, a database where there is none, n8n's role in it.
# What is there stays. Runs as root, for a moment, without a network.
#
# Environment: DATABASE, DATABASE_USER, DATABASE_PASSWORD; EXPECT_DATA: "true" when the volumes held data before
set -euo pipefail

n8n=/volumes/n8n
data=/volumes/postgres
socket=/run/postgresql

as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
owned() { case $2 in "$(stat -c %U "$1")" | "$(stat -c %u "$1")") ;; *) chown -R "$2:$2" "$1" ;; esac; }

owned "$n8n" 1000
[ ! -d /volumes/backups ] || owned /volumes/backups 1000
# In the volume itself, where an older one has it, or one folder below: there is a lost+found in the root of a disk.
[ -s "$data/PG_VERSION" ] || data=$data/pgdata

if [ ! -s "$data/PG_VERSION" ]; then
  if [ "$EXPECT_DATA" = true ]; then
    echo "The volume of n8n's database is empty: its data is gone, and no empty database was made in its place. Set hybrid-mcp:services.n8n.generation to another value to begin again with an empty one, and then, to go on with a backup: npm run restore" >&2
    exit 1
  fi
  echo "Making the database."
  # Under another name first: one that is cut off is made again.
  rm -rf "$data" "$data.new"
  mkdir "$data.new"
  chown postgres: "$data.new"
  as_postgres initdb --pgdata="$data.new" --username="$DATABASE_USER" --encoding=UTF8 --locale=C.UTF-8 \
    --auth-local=peer --auth-host=reject >/dev/null
  mv "$data.new" "$data"
fi
owned "$data" postgres

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
