#!/bin/bash
# Backups of n8n: its database, its files and its encryption key, as one encrypted restic snapshot (https://restic.net).
#
#   schedule               makes a backup each day at SCHEDULE (UTC), and again after a failure, with growing pauses
#   backup [--tag KIND] [--new-repository]
#                          makes one now; KIND: regular (default), before-upgrade or before-restore. Its last line on stdout is
#                          JSON: snapshot, bytes, added, seconds. A folder that had backups of this stack and has none is refused,
#                          but with --new-repository they begin anew
#   snapshots [--json]     lists them: for people those of all stacks in the repository, as JSON those of this stack
#   check                  reads the repository's structure, and finds damage
#   contents               says as JSON what the database has: ownerSetUp, workflows
#   manifest SNAPSHOT      prints what a snapshot is of, as JSON; SNAPSHOT: an id, or latest: this stack's newest (regular or
#                          before-upgrade), or where it has none the newest of another stack
#   restore [--check] SNAPSHOT
#                          puts database and files back; with --check it only says whether it can. Exit code 3: the database is
#                          restored, the files are not; any other failure changed nothing
#   key SNAPSHOT           prints the encryption key that a snapshot's credentials were encrypted with
#   healthcheck            exit 1 when the last backup failed, or is older than 26 hours
#
# Stacks may share a repository: a stack's snapshots have its name as their host, and it deletes no others.
# What changes something waits up to WAIT_SECONDS (600) for another such command of the stack to end.
#
# Environment: PGHOST PGUSER PGPASSWORD PGDATABASE; RESTIC_REPOSITORY RESTIC_PASSWORD AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY;
# N8N_ENCRYPTION_KEY N8N_VERSION STACK (whose backups they are); SCHEDULE (HH:MM) KEEP_DAILY KEEP_WEEKLY KEEP_MONTHLY; REPOSITORY_NAME for messages.
set -euo pipefail
shopt -s inherit_errexit

readonly data=/data/n8n work=/work
# The paths in a snapshot are these, whichever stack made it.
readonly staged=$work/snapshot
readonly restoring=$data/.restoring
readonly restoring_database=${PGDATABASE:-}_restoring replaced_database=${PGDATABASE:-}_replaced
readonly reach_seconds=${REACH_SECONDS:-30}
readonly retry_seconds=${RETRY_SECONDS:-60}
readonly wait_seconds=${WAIT_SECONDS:-600}
readonly longest_pause=3600 oldest_seconds=$((26 * 3600)) day=86400

export PGCONNECT_TIMEOUT=10 TZ=UTC LC_ALL=C.UTF-8
readonly repository=${REPOSITORY_NAME:-${RESTIC_REPOSITORY:-}}

readonly command=${1:-}
# What programs said last, for errors; a file for each process.
readonly said=/tmp/said.$$ failure=/tmp/failure.$$

say() { printf '%s\n' "$*" >&2; }

# The mark tells it from errors.
progress() { say "… $*"; }

fail() {
  say "$*"
  printf '%s\n' "$*" >"$failure"
  exit 1
}

ended() {
  case $command in
    backup) backup_ended "$1" ;;
    restore) clear_restoring ;;
  esac
  rm -f "$said" "$failure"
}

# With --json restic says errors as JSON too; what it tried again it said again.
last_words() {
  sed -E 's/.*"message":"([^"]*)".*/\1/; s/.*retrying after [^:]*: //; /^Is there a repository/,$d; /context canceled|signal terminated|^ *$/d' \
    "$said" | uniq | tr '\n' ' ' | sed 's/ *$//' | tail -c 500
}

# Says in words what a program has failed with.
because() {
  local words
  words=$(last_words)
  case $words in
    *[Nn]"o space left on device"*) printf 'The disk is full (%s).' "$words" ;;
    *"wrong password or no key found"*)
      printf 'The backups in %s are encrypted with another passphrase than hybrid-mcp:backupSecrets.passphrase.' "$repository"
      ;;
    *"Access Denied"* | *"Access Key Id you provided"* | *"request signature we calculated"*)
      printf 'The storage of %s does not take the keys in hybrid-mcp:backupSecrets (%s).' "$repository" "$words"
      ;;
    *"permission denied"*)
      printf '%s %s. Files and folders there must belong to the user 1000.' "$1" "$words"
      ;;
    *) printf '%s %s' "$1" "$words" ;;
  esac
}

# --- the repository ---------------------------------------------------------------------------------------------------

# Runs restic; what it prints is passed on.
in_repository() {
  restic "$@" 2>"$said" || fail "$(because "The backups in $repository cannot be used:")"
}

# Exit code 0 when the repository is there and opens, 1 when there is none yet; else it fails.
repository_is_there() {
  local code=0
  timeout "$reach_seconds" restic --no-lock cat config >/dev/null 2>"$said" || code=$?
  case $code in
    0) return 0 ;;
    # Since restic 0.17; before, its words tell.
    10) return 1 ;;
  esac
  grep -qE 'no such file or directory|specified (key|bucket) does not exist' "$said" && return 1
  [[ $code -ne 124 ]] || printf 'No answer within %s s.\n' "$reach_seconds" >>"$said"
  fail "$(because "The backups in $repository cannot be reached:")"
}

must_have_repository() { repository_is_there || fail "There are no backups in $repository yet."; }

# What a process that was killed has left would keep others out. This is the only one of this stack at work; locks of other
# machines go when they are old.
remove_stale_locks() {
  local ids id host foreign=
  ids=$(in_repository --no-lock list locks)
  for id in $ids; do
    host=$(in_repository --no-lock cat lock "$id" | sed -n 's/.*"hostname": *"\([^"]*\)".*/\1/p')
    [[ $host == "$HOSTNAME" ]] || foreign=1
  done
  if [[ $foreign ]]; then in_repository --quiet unlock >&2; else in_repository --quiet unlock --remove-all >&2; fi
}

# Only one changes something at a time; the lock goes with its process, however that ends.
alone() {
  exec 9>"$work/lock"
  if ! flock --nonblock 9; then
    progress "A backup or a restore of this stack is running; waiting up to $wait_seconds s for it to end."
    flock --timeout "$wait_seconds" 9 ||
      fail "A backup or a restore of this stack is still running after $wait_seconds s. Try again when it is done."
  fi
  trap 'ended $?' EXIT
  trap 'exit 143' TERM INT
  export TMPDIR=$work/tmp
  rm -rf "$TMPDIR" "$staged"
  mkdir -m 700 "$TMPDIR"
}

# Prints the full id of the newest of the snapshots that restic's options select, or nothing.
newest() {
  local listed
  # Not the one that a restore makes first: going back to that is undoing it, and asked for by its id.
  listed=$(in_repository --no-lock --json snapshots --tag regular --tag before-upgrade "$@")
  { grep -oE '"(time|id)":"[^"]*"' <<<"$listed" || true; } | cut -d'"' -f4 | paste - - | sort | tail -1 | cut -f2
}

# Prints the full id of a snapshot.
resolve() {
  local wanted=$1 listed found
  must_have_repository
  if [[ $wanted == latest ]]; then
    found=$(newest --host "$STACK")
    [[ $found ]] || found=$(newest)
    [[ $found ]] || fail "There are no backups in $repository yet."
  else
    [[ $wanted =~ ^[0-9a-f]{8,64}$ ]] || fail "\"$wanted\" is no snapshot: give its id of 8 digits or more, or latest."
    listed=$(in_repository --no-lock --json snapshots)
    found=$(grep -oE "\"id\":\"${wanted}[0-9a-f]*\"" <<<"$listed" | cut -d'"' -f4 || true)
    [[ $found ]] || fail "There is no snapshot $wanted in $repository."
    [[ $found != *$'\n'* ]] || fail "Several snapshots begin with $wanted; give more of its id."
  fi
  printf '%s\n' "$found"
}

manifest_of() { in_repository --no-lock dump "$1" "$staged/manifest.json"; }

# --- the database -----------------------------------------------------------------------------------------------------

# Runs SQL from stdin in a database; its answer comes without decoration.
sql() {
  psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set="db=$PGDATABASE" \
    --set="new=$restoring_database" --set="old=$replaced_database" --dbname="$1" 2>"$said" ||
    fail "$(because "The database $PGDATABASE on $PGHOST cannot be used:")"
}

server_version() { sql postgres <<<'SHOW server_version' | cut -d' ' -f1; }

# Those of an n8n that was stopped just now are gone in a moment.
refuse_while_connected() {
  local clients tries
  for ((tries = 1; ; tries++)); do
    clients=$(sql postgres <<<"SELECT count(*) FROM pg_stat_activity WHERE datname = :'db'")
    [[ $clients != 0 ]] || return 0
    ((tries < 10)) || fail "n8n is connected to its database ($clients connections): stop it first."
    sleep 0.5
  done
}

contents() {
  local tables
  tables=$(sql "$PGDATABASE" <<<"SELECT (to_regclass('public.user') IS NOT NULL AND to_regclass('public.workflow_entity') IS NOT NULL)")
  if [[ $tables == t ]]; then
    # The owner is there from the beginning, without an address until somebody sets it up.
    sql "$PGDATABASE" <<'SQL'
SELECT json_build_object(
  'ownerSetUp', EXISTS (SELECT FROM public."user" WHERE email IS NOT NULL),
  'workflows', (SELECT count(*) FROM public.workflow_entity));
SQL
  else
    printf '{"ownerSetUp" : false, "workflows" : 0}\n'
  fi
}

# --- backup -----------------------------------------------------------------------------------------------------------

backup() {
  local tag=regular new_repository=
  while (($# > 0)); do
    case $1 in
      --tag)
        [[ $# -ge 2 ]] || usage
        tag=$2
        shift 2
        ;;
      --new-repository)
        new_repository=1
        shift
        ;;
      *) usage ;;
    esac
  done
  case $tag in regular | before-upgrade | before-restore) ;; *) fail "There is no kind of backup \"$tag\": regular, before-upgrade or before-restore." ;; esac
  alone
  local begun=$SECONDS
  mkdir -m 700 "$staged"
  if ! repository_is_there; then
    [[ $new_repository ]] || refuse_where_backups_were
    progress "Making the repository $repository."
    in_repository --quiet init >&2
  fi
  remove_stale_locks
  stage
  progress "Storing them in $repository."
  store "$tag"
  rm -rf "$staged"
  [[ $tag != regular ]] || forget_old
  printf '{"snapshot":"%s","bytes":%s,"added":%s,"seconds":%s}\n' "$snapshot" "$bytes" "$added" $((SECONDS - begun))
}

# A folder that is empty all at once may be the place of a disk that is not mounted: backups there would be none.
refuse_where_backups_were() {
  [[ $RESTIC_REPOSITORY == /* && -e $work/last-repository && $(<"$work/last-repository") == "$repository" ]] || return 0
  fail "This stack has made backups in $repository, and there are none now. If it is on a disk that is not mounted: mount it, then docker restart $HOSTNAME. If they are gone for good, begin anew: npm run backup -- --new-repository"
}

# Notes how it went, for the health check and for people.
backup_ended() {
  rm -rf "$staged"
  # Ended from outside: neither.
  [[ $1 -lt 128 ]] || return 0
  if [[ $1 -eq 0 ]]; then
    date +%s >"$work/last-success"
    printf '%s\n' "$repository" >"$work/last-repository"
    rm -f "$work/last-failure"
  else
    { date +%s && cat "$failure"; } >"$work/last-failure" 2>/dev/null || true
  fi
}

# Puts what is not a file already beside n8n's files: they go into one snapshot together.
stage() {
  local version
  version=$(server_version)
  progress "Reading the database $PGDATABASE."
  # Compressed so that what has not changed is stored only once: restic finds it again in the next dump.
  { pg_dump --no-password --format=custom --compress=0 | gzip --rsyncable; } 2>"$said" >"$staged/database.dump.gz" ||
    fail "$(because "The database $PGDATABASE on $PGHOST cannot be read:")"
  printf %s "$N8N_ENCRYPTION_KEY" >"$staged/encryption-key"
  printf '{"madeAt":"%s","stack":"%s","n8nVersion":"%s","postgresVersion":"%s"}\n' \
    "$(date +%Y-%m-%dT%H:%M:%SZ)" "$STACK" "$N8N_VERSION" "$version" >"$staged/manifest.json"
}

# Sets snapshot, bytes and added.
store() {
  local code=0 summary
  summary=$(restic --json --quiet backup --host "$STACK" --tag "$1" --tag "n8n=$N8N_VERSION" \
    --exclude "$restoring" "$data" "$staged" 2>"$said") || code=$?
  snapshot=$(field snapshot_id "$summary")
  bytes=$(field total_bytes_processed "$summary")
  added=$(field data_added "$summary")
  # 3: some files could not be read. n8n works meanwhile: what it deletes is no loss.
  if [[ $code -eq 3 ]] && ! grep '"message_type":"error"' "$said" | grep -qv 'no such file or directory'; then code=0; fi
  [[ $code -ne 0 ]] || return 0
  local reason
  reason=$(because "The backup could not be stored in $repository:")
  # One that lacks something must not be taken for the latest.
  [[ -z $snapshot ]] || restic --quiet forget "$snapshot" >/dev/null 2>&1 || true
  fail "$reason"
}

# A field of a flat JSON object.
field() { sed -nE "s/.*\"$1\": *\"?([^\",}]*).*/\1/p" <<<"$2" | tail -1; }

# Backups before an upgrade or a restore are kept for a week, whatever else is kept. Those of other stacks are theirs.
forget_old() {
  in_repository --quiet forget --host "$STACK" --group-by '' --tag before-upgrade --tag before-restore --keep-within 7d >&2
  # What was made within a day is somebody's own backup; the days' last ones follow.
  in_repository --quiet forget --host "$STACK" --group-by '' --tag regular --keep-within 1d \
    --keep-daily "$KEEP_DAILY" --keep-weekly "$KEEP_WEEKLY" --keep-monthly "$KEEP_MONTHLY" --prune >&2
}

# --- restore ----------------------------------------------------------------------------------------------------------

restore() {
  local only_check=
  if [[ ${1:-} == --check ]]; then
    only_check=1
    shift
  fi
  [[ $# -eq 1 ]] || usage
  alone
  local id manifest
  id=$(resolve "$1")
  manifest=$(manifest_of "$id")
  must_fit "$manifest"
  [[ -z $only_check ]] || return 0
  refuse_while_connected
  clear_restoring

  # Beside what is there, which goes only when all has come.
  progress "Fetching the files."
  mkdir -m 700 "$restoring"
  in_repository --no-lock --quiet restore "$id" --include "$data" --target "$restoring" >&2
  mkdir -p "$restoring$data"
  progress "Restoring the database."
  sql postgres <<<'CREATE DATABASE :"new" TEMPLATE template0' >&2
  { restic --no-lock --quiet dump "$id" "$staged/database.dump.gz" | gzip -dc |
    pg_restore --no-password --dbname="$restoring_database" --single-transaction --exit-on-error --no-owner \
      --no-privileges; } 2>"$said" >&2 ||
    fail "$(because "The database in the snapshot cannot be restored; nothing was changed:")"
  put_in_place
}

# The new database and the new files take the place of the old ones.
put_in_place() {
  refuse_while_connected
  sql postgres <<'SQL' >&2
BEGIN;
ALTER DATABASE :"db" RENAME TO :"old";
ALTER DATABASE :"new" RENAME TO :"db";
COMMIT;
SQL
  if ! { find "$data" -mindepth 1 -maxdepth 1 ! -path "$restoring" -exec rm -rf {} + &&
    find "$restoring$data" -mindepth 1 -maxdepth 1 -exec mv -t "$data" {} +; } 2>"$said"; then
    say "The database is restored, but the files are not; run it again. $(because "")"
    exit 3
  fi
}

# What was replaced, and what this run, or one that was killed, has fetched and not put in its place.
clear_restoring() {
  rm -rf "$restoring"
  (sql postgres <<<'DROP DATABASE IF EXISTS :"new"; DROP DATABASE IF EXISTS :"old";') >/dev/null 2>&1 || true
}

# @param $1 a snapshot's manifest
must_fit() {
  local n8n postgres server
  n8n=$(field n8nVersion "$1")
  postgres=$(field postgresVersion "$1")
  server=$(server_version)
  if newer "${n8n%.*}" "${N8N_VERSION%.*}"; then
    fail "The snapshot is of n8n $n8n, and this stack has $N8N_VERSION, which does not know a newer one's database. Set hybrid-mcp:droplet.images.n8n to an image of n8n ${n8n%.*} and bring the stack up first."
  fi
  if newer "${postgres%%.*}" "${server%%.*}"; then
    fail "The snapshot is of PostgreSQL $postgres, and this stack has $server, which does not read a newer one's dump. Set hybrid-mcp:droplet.images.postgres to an image of PostgreSQL ${postgres%%.*}."
  fi
}

# Whether version $1 is newer than version $2.
newer() { [[ $1 != "$2" && $(printf '%s\n' "$1" "$2" | sort --version-sort | tail -1) == "$1" ]]; }

# --- schedule ---------------------------------------------------------------------------------------------------------

schedule() {
  # As process 1 its end is the end of all that it has started.
  trap 'exit 0' TERM INT
  local now due pause=$retry_seconds
  [[ -e $work/since ]] || date +%s >"$work/since"
  now=$(date +%s)
  due=$(next_due "$now")
  if failed; then
    due=$((now + pause))
  elif ((due - day > $(last_success))); then
    # It did not run when the last one was due.
    due=$now
  fi
  while :; do
    say "The next backup is due at $(date -d "@$due" '+%Y-%m-%d %H:%M:%S') UTC."
    wait_until "$due"
    # In the background: a signal is heeded at once.
    bash "$0" backup &
    if wait $!; then
      pause=$retry_seconds
      due=$(next_due "$(date +%s)")
    else
      due=$(($(date +%s) + pause))
      pause=$((pause * 2 > longest_pause ? longest_pause : pause * 2))
    fi
  done
}

# The next time that the clock shows SCHEDULE, after $1; in seconds since 1970, as all times here.
next_due() {
  local today
  today=$(date -d "$(date -d "@$1" +%Y-%m-%d) $SCHEDULE" +%s)
  ((today > $1)) && printf '%s\n' "$today" || printf '%s\n' $((today + day))
}

# By the clock on the wall, which may be set meanwhile.
wait_until() {
  local left
  while left=$(($1 - $(date +%s))) && ((left > 0)); do
    sleep $((left > 30 ? 30 : left)) &
    wait $!
  done
}

# When the last one was made; for a stack that has none yet, when it began.
last_success() {
  if [[ -e $work/last-success ]]; then cat "$work/last-success"; else cat "$work/since" 2>/dev/null || date +%s; fi
}

failed() { [[ -e $work/last-failure ]]; }

healthcheck() {
  if failed; then
    say "The last backup failed at $(date -d "@$(head -1 "$work/last-failure")" '+%Y-%m-%d %H:%M') UTC: $(tail -n +2 "$work/last-failure")"
    exit 1
  fi
  local age=$(($(date +%s) - $(last_success)))
  ((age <= oldest_seconds)) || fail "The last backup is $((age / 3600)) hours old."
}

usage() {
  sed -n '/^#   /s/^# //p' "$0" >&2
  exit 64
}

trap 'rm -f "$said" "$failure"' EXIT
case $command in
  schedule | backup | restore | contents | healthcheck) "$@" ;;
  snapshots)
    must_have_repository
    if [[ ${2:-} == --json ]]; then
      in_repository --no-lock snapshots --host "$STACK" --json
    else
      in_repository --no-lock snapshots
    fi
    ;;
  check)
    alone
    must_have_repository
    remove_stale_locks
    in_repository check
    ;;
  manifest | key)
    [[ $# -eq 2 ]] || usage
    snapshot=$(resolve "$2")
    if [[ $1 == key ]]; then
      in_repository --no-lock dump "$snapshot" "$staged/encryption-key"
    else
      manifest=$(manifest_of "$snapshot")
      printf '{"snapshot":"%s",%s\n' "$snapshot" "${manifest#\{}"
    fi
    ;;
  *) usage ;;
esac
