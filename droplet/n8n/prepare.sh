#!/bin/bash
# Makes the volumes of n8n and of its database ready, once: their owners, a database where there is none, n8n's role in it.
# What is there stays. Runs as root, for a moment, without a network, and never beside the database itself.
#
# Environment: DATABASE, DATABASE_USER, DATABASE_PASSWORD; EXPECT_DATA: "true" when the volumes have to hold data;
# GENERATION: names the data, another one begins again
set -euo pipefail

n8n=/volumes/n8n
root=/volumes/postgres
socket=/run/postgresql

fail() {
  echo "$1" >&2
  exit 1
}
lost() {
  fail "The volume of $1 is empty: its data is gone, and no empty one was made in its place. Set hybrid-mcp:services.n8n.generation to another value to begin again with an empty one, and then, to go on with a backup: npm run restore"
}
as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
owned() { case $2 in "$(stat -c %U "$1")" | "$(stat -c %u "$1")") ;; *) chown -R "$2:$2" "$1" ;; esac; }

# PostgreSQL's own lock is a process number, which says nothing between containers.
touch "$root/.hybrid-mcp.lock"
exec 9<"$root/.hybrid-mcp.lock"
flock --timeout 60 9 || fail "n8n's database is running on its volume; it is not touched meanwhile."

owned "$n8n" 1000
[ ! -d /volumes/backups ] || owned /volumes/backups 1000
# In the volume itself, where an older one has it, or one folder below: there is a lost+found in the root of a disk.
data=$root
[ -s "$root/PG_VERSION" ] || data=$root/pgdata

begun=$(cat "$root/.hybrid-mcp.generation" 2>/dev/null || true)
if [ "$EXPECT_DATA" != true ] && [ "$data" != "$root" ] && [ -n "$begun" ] && [ "$begun" != "$GENERATION" ] && [ -e "$data" ]; then
  aside=$data.$begun.$(date +%s)
  echo "Generation $GENERATION begins; the database of generation $begun is kept in $(basename "$aside") of its volume."
  mv "$data" "$aside"
fi

if [ ! -s "$data/PG_VERSION" ]; then
  [ "$EXPECT_DATA" != true ] || lost "n8n's database"
  if [ -e "$data" ] && [ -n "$(ls -A "$data")" ]; then
    fail "There is something else than a database in pgdata of its volume; nothing was changed. Look at it, and move it away."
  fi
  echo "Making the database."
  # Under another name first: one that is cut off is made again.
  rm -rf "$data.new"
  mkdir "$data.new"
  chown postgres: "$data.new"
  as_postgres initdb --pgdata="$data.new" --username="$DATABASE_USER" --encoding=UTF8 --locale=C.UTF-8 \
    --auth-local=peer --auth-host=reject >/dev/null
  [ ! -e "$data" ] || rmdir "$data"
  mv "$data.new" "$data"
fi
# n8n keeps its settings there from its first start on.
[ "$EXPECT_DATA" != true ] || [ -e "$n8n/config" ] || lost n8n
owned "$data" postgres

have=$(<"$data/PG_VERSION")
want=$(postgres --version | sed -E 's/.* ([0-9]+)[. ].*/\1/;s/.* ([0-9]+)$/\1/')
[ "$have" = "$want" ] || fail "The database was made by PostgreSQL $have, and this image has $want: set droplet.images.postgres to one of $have."

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
printf %s "$GENERATION" >"$root/.hybrid-mcp.generation"
