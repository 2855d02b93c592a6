#!/bin/sh
# Starts n8n when its database takes connections: without one it would end and be started again and again.
tries=0
until node -e '
  const { DB_POSTGRESDB_HOST: host, DB_POSTGRESDB_PORT: port } = process.env;
  require("net").connect({ host, port, timeout: 5000 })
    .on("connect", () => process.exit(0)).on("error", () => process.exit(1)).on("timeout", () => process.exit(1))'; do
  [ $((tries % 10)) -ne 0 ] || echo "n8n waits for its database at $DB_POSTGRESDB_HOST:$DB_POSTGRESDB_PORT, which does not answer."
  tries=$((tries + 1))
  sleep 1
done
exec n8n
