import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import S3rver from "@20minutes/s3rver";
import Docker from "dockerode";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { inBackup, type MadeBackup, type Manifest, makeBackup } from "../infra/droplet/backup-client.ts";
import { execIn } from "../infra/droplet/engine-client.ts";
import type { BackedUpStack } from "../local/cli/backed-up-stack.ts";
import { restore } from "../local/cli/restore-n8n.ts";
import { ensureBaseImage, followed } from "../local/docker/base-image.ts";
import { findDocker } from "../local/docker/docker-engine.ts";
import { ensurePostgresImage, ensureResticImage } from "../local/docker/service-images.ts";
import { eventually } from "./support/eventually.ts";

/** The image of the backups on the real Docker Engine, beside a real PostgreSQL, with what n8n has in its place. */

const NAME = `hybrid-mcp-backup-test-${process.pid}`;
const LABELS = { "hybrid-mcp": NAME };
const KEY = "the-encryption-key-of-n8n";
const SECRETS = [KEY, "database-secret", "backup-passphrase", "S3SECRET"];

let docker: Docker;
let image: string;
let network: Docker.Network;
let gateway: string;
let database: Docker.Container;
const volumes = new Set<string>();
const printed: string[] = [];

beforeAll(async () => {
  docker = new Docker({ socketPath: (await findDocker())!.socket });
  const quiet = () => {};
  const base = await ensureBaseImage(docker, quiet);
  const postgres = await ensurePostgresImage(docker, base, quiet);
  image = `${NAME}:1`;
  await followed(
    docker,
    await docker.buildImage(
      { context: join(import.meta.dirname, "../droplet/backup"), src: ["Dockerfile", "backup.sh"] },
      {
        t: image,
        labels: LABELS,
        buildargs: { POSTGRES: postgres, RESTIC: await ensureResticImage(docker, base, quiet) },
      },
    ),
  );
  network = await docker.createNetwork({ Name: NAME, Labels: LABELS });
  gateway = (await network.inspect()).IPAM!.Config![0]!.Gateway!;
  database = await docker.createContainer({
    Image: postgres,
    name: `${NAME}-database`,
    Labels: LABELS,
    User: "postgres",
    Env: ["PGDATA=/tmp/data"],
    Entrypoint: ["bash", "-c"],
    Cmd: [
      `[ -e $PGDATA ] || initdb --username=n8n --pwfile=<(echo database-secret) --auth=scram-sha-256 >/dev/null
       echo 'host all all all scram-sha-256' >>$PGDATA/pg_hba.conf
       exec postgres -c listen_addresses='*' -c unix_socket_directories=/tmp -c fsync=off`,
    ],
    HostConfig: { NetworkMode: NAME },
    NetworkingConfig: { EndpointsConfig: { [NAME]: { Aliases: ["database"] } } },
  });
  await database.start();
  await eventually(async () => void (await sql("CREATE DATABASE n8n", "postgres")));
});

afterAll(async () => {
  for (const { Id } of await docker.listContainers({ all: true, filters: { label: [`hybrid-mcp=${NAME}`] } })) {
    await docker.getContainer(Id).remove({ force: true, v: true });
  }
  await network?.remove();
  for (const name of volumes) await docker.getVolume(name).remove();
  await docker.getImage(image).remove();
});

let backup: Docker.Container | undefined;
afterEach(async () => {
  // Whatever happened, nothing that is secret is told.
  const said =
    printed.splice(0).join("\n") + (backup ? (await backup.logs({ stdout: true, stderr: true })).toString() : "");
  for (const secret of SECRETS) expect(said).not.toContain(secret);
  await backup?.remove({ force: true });
  backup = undefined;
  if (!(await database.inspect()).State.Running) await database.start();
});

/** Runs SQL on the server itself. */
async function sql(statement: string, name = "n8n"): Promise<string> {
  const env = ["PGPASSWORD=database-secret"];
  const psql = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", "localhost", "-U", "n8n", "-d", name, "-c", statement];
  const { exitCode, stdout, stderr } = await execIn(database, psql, { env });
  if (exitCode !== 0) throw new Error(stderr);
  return stdout.trim();
}

/** A database as n8n's, with a few thousand rows that do not compress well. */
async function fill(rows = 2000): Promise<void> {
  await sql("DROP DATABASE IF EXISTS n8n WITH (FORCE)", "postgres");
  await sql("CREATE DATABASE n8n", "postgres");
  await sql(`
    CREATE TABLE "user" (id int PRIMARY KEY, email text);
    INSERT INTO "user" VALUES (1, NULL);
    CREATE TABLE workflow_entity (id int PRIMARY KEY, name text NOT NULL, nodes text);
    INSERT INTO workflow_entity SELECT i, 'Flow ' || i, md5(i::text) || repeat(md5((i * 7)::text), 50) FROM generate_series(1, ${rows}) i;
    CREATE SEQUENCE numbers START 42;`);
}

interface Options {
  env?: Record<string, string>;
  /** Docker volumes by the path at which they are; default: new ones for all. */
  volumes?: Record<string, string>;
  tmpfs?: Record<string, string>;
  command?: string[];
}

/** Changes a volume as somebody else. */
async function asRoot(volumeName: string, command: string): Promise<void> {
  const container = await docker.createContainer({
    Image: image,
    Labels: LABELS,
    User: "0:0",
    Entrypoint: ["bash", "-c", command],
    HostConfig: { Binds: [`${volumeName}:/data/n8n`], NetworkMode: "none" },
  });
  await container.start();
  expect((await container.wait()).StatusCode).toBe(0);
  await container.remove();
}

let made = 0;
function volume(what: string): string {
  const name = `${NAME}-${what}-${made++}`;
  volumes.add(name);
  return name;
}

/** Starts a backup container as infra/droplet/backup.ts makes it; by default nothing is due for hours. */
async function start(options: Options = {}): Promise<Record<string, string>> {
  await backup?.remove({ force: true });
  const tmpfs = { "/tmp": "mode=1777,size=16m", ...options.tmpfs };
  const mounts = Object.fromEntries(
    ["/data/n8n", "/work", "/backups"]
      .filter((path) => !(path in tmpfs))
      .map((path) => [path, options.volumes?.[path] ?? volume(path.split("/").at(-1)!)]),
  );
  const env = {
    PGHOST: "database",
    PGDATABASE: "n8n",
    PGUSER: "n8n",
    PGPASSWORD: "database-secret",
    RESTIC_REPOSITORY: "/backups",
    RESTIC_PASSWORD: "backup-passphrase",
    N8N_ENCRYPTION_KEY: KEY,
    N8N_VERSION: "2.40.7",
    STACK: NAME,
    SCHEDULE: time(12 * 3600),
    KEEP_DAILY: "7",
    KEEP_WEEKLY: "4",
    KEEP_MONTHLY: "6",
    REACH_SECONDS: "5",
    ...options.env,
  };
  backup = await docker.createContainer({
    Image: image,
    name: `${NAME}-backup`,
    Hostname: `${NAME}-backup`,
    Labels: { ...LABELS, "hybrid-mcp-role": "backup" },
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ...(options.command && { Cmd: options.command }),
    HostConfig: {
      NetworkMode: NAME,
      Binds: Object.entries(mounts).map(([path, name]) => `${name}:${path}`),
      Tmpfs: tmpfs,
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      Memory: 512 * 2 ** 20,
    },
  });
  await backup.start();
  return mounts;
}

/** A time of the day (UTC), so many seconds from now. */
function time(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString().slice(11, 16);
}

/** Runs a command of the backup container. */
async function run(...args: string[]): Promise<string> {
  try {
    const out = await inBackup(docker, NAME, args, { onProgress: (line) => printed.push(line) });
    // Its one purpose is to print a secret.
    if (args[0] !== "key") printed.push(out);
    return out;
  } catch (error) {
    printed.push((error as Error).message);
    throw error;
  }
}

const make = (kind: "regular" | "before-upgrade" | "before-restore" = "regular"): Promise<MadeBackup> =>
  makeBackup(docker, NAME, kind, { onProgress: (line) => printed.push(line) });

/** Runs a shell command in the backup container, as its user. */
async function shell(command: string): Promise<string> {
  const { exitCode, stdout, stderr } = await execIn(backup!, ["bash", "-c", command]);
  if (exitCode !== 0) throw new Error(stderr || `exit code ${exitCode}`);
  return stdout.trim();
}

const health = async () => (await execIn(backup!, ["backup", "healthcheck"])).exitCode;

interface Snapshot {
  id: string;
  time: string;
  tags: string[];
  paths: string[];
}
const snapshots = async () => JSON.parse(await run("snapshots", "--json")) as Snapshot[];

test("rows, files and the key are in one snapshot, and come back into an empty stack", async () => {
  await fill();
  const before = await start();
  await shell(
    "mkdir /data/n8n/binaryData && echo secret-file >/data/n8n/binaryData/one && echo {} >/data/n8n/config && chmod 600 /data/n8n/config",
  );
  const { snapshot, bytes, added, seconds } = await make();
  expect(printed).toEqual([
    "Making the repository /backups.",
    "Reading the database n8n.",
    "Storing them in /backups.",
  ]);
  expect(bytes).toBeGreaterThan(1000);
  expect(added).toBeGreaterThan(1000);
  expect(seconds).toBeLessThan(60);
  expect(await snapshots()).toEqual([
    expect.objectContaining({ id: expect.stringContaining(snapshot), tags: ["regular", "n8n=2.40.7"] }),
  ]);
  expect(await shell("ls /work/snapshot 2>&1 || true")).toContain("No such file");

  // Another stack: only the backups are the same.
  await sql("DROP DATABASE n8n WITH (FORCE)", "postgres");
  await sql("CREATE DATABASE n8n", "postgres");
  await start({ volumes: { "/backups": before["/backups"]! }, env: { STACK: "another", N8N_ENCRYPTION_KEY: "new" } });
  expect(JSON.parse(await run("contents"))).toEqual({ ownerSetUp: false, workflows: 0 });
  await shell("echo old >/data/n8n/left-over");
  const manifest = JSON.parse(await run("manifest", "latest")) as Manifest;
  expect(manifest).toMatchObject({
    stack: NAME,
    n8nVersion: "2.40.7",
    postgresVersion: expect.stringMatching(/^\d+\./),
  });
  expect(Date.parse(manifest.madeAt)).toBeGreaterThan(Date.now() - 600_000);
  expect(await run("key", "latest")).toBe(KEY);
  await run("restore", "latest");
  expect(await sql("SELECT count(*), max(name), sum(length(nodes)) FROM workflow_entity")).toBe(
    "2000|Flow 999|3264000",
  );
  expect(await sql("SELECT nextval('numbers')")).toBe("42");
  expect(JSON.parse(await run("contents"))).toEqual({ ownerSetUp: false, workflows: 2000 });
  expect(await shell("cd /data/n8n; find . | sort; cat binaryData/one; stat -c %a config")).toBe(
    ".\n./binaryData\n./binaryData/one\n./config\nsecret-file\n600",
  );
  expect(await sql("SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE datname LIKE 'n8n%'")).toBe(
    "n8n",
  );
});

test("an owner who is set up is told", async () => {
  await fill(1);
  await start();
  await sql(`UPDATE "user" SET email = 'ada@example.com'; DELETE FROM workflow_entity`);
  expect(JSON.parse(await run("contents"))).toEqual({ ownerSetUp: true, workflows: 0 });
});

test("what has not changed is stored only once", async () => {
  // 60 MB of rows that hardly compress: the two ends of a dump always change (its date, the new row), and restic's chunks are
  // of 0.5 to 8 MB, where each ends being a matter of a random number of the repository.
  await fill(1);
  await sql(`
    CREATE TABLE execution_data (id int PRIMARY KEY, data text);
    INSERT INTO execution_data
      SELECT i, (SELECT string_agg(md5((i * 1000 + j)::text), '') FROM generate_series(1, 900) j) FROM generate_series(1, 2000) i;`);
  await start();
  const first = await make();
  await sql("INSERT INTO execution_data VALUES (100000, 'one more')");
  const second = await make();
  expect(first.added).toBeGreaterThan(20_000_000);
  expect(second.added).toBeLessThan(first.added / 2);
});

test("n8n that is connected keeps its database", async () => {
  await fill(1);
  await start();
  const { snapshot } = await make();
  const client = execIn(
    database,
    ["psql", "-XAt", "-h", "localhost", "-U", "n8n", "-d", "n8n", "-c", "SELECT pg_sleep(60)"],
    {
      env: ["PGPASSWORD=database-secret"],
    },
  );
  await eventually(async () =>
    expect(await sql("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'")).toBe("1"),
  );
  await expect(run("restore", snapshot)).rejects.toThrow(
    "n8n is connected to its database (1 connections): stop it first.",
  );
  await sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'");
  await client;
  await run("restore", snapshot);
});

test("a dump that is damaged is refused before anything is dropped", async () => {
  await fill();
  await start();
  await make();
  // A snapshot that is whole, of a dump that is not.
  await shell(`
    mkdir -p /work/snapshot && cd /work/snapshot
    restic -q --no-lock dump latest /work/snapshot/database.dump.gz | gzip -dc >whole
    restic -q --no-lock dump latest /work/snapshot/manifest.json >manifest.json
    head -c $(($(stat -c %s whole) * 2 / 3)) whole | gzip >database.dump.gz && rm whole
    restic -q backup --host "$STACK" --tag regular /data/n8n /work/snapshot`);
  await sql("UPDATE workflow_entity SET name = 'still here'");
  await shell("echo mine >/data/n8n/mine");
  await expect(run("restore", "latest")).rejects.toThrow(
    /^The database in the snapshot cannot be restored; nothing was changed:/,
  );
  expect(await sql("SELECT DISTINCT name FROM workflow_entity")).toBe("still here");
  expect(await shell("ls -A /data/n8n")).toBe("mine");
  expect(await sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'n8n%'")).toBe("1");
});

test("a repository that is damaged is found by check", async () => {
  await fill();
  await start();
  await make();
  await run("check");
  await shell("for pack in $(find /backups/data -type f); do chmod u+w $pack; head -c 100 /dev/zero >$pack; done");
  await expect(run("check")).rejects.toThrow("The backups in /backups cannot be used:");
});

test("a snapshot of a newer n8n or PostgreSQL is refused, with what to set", async () => {
  await fill(1);
  const { "/backups": backups } = await start({ env: { N8N_VERSION: "2.41.2" } });
  const { snapshot } = await make();
  await start({ volumes: { "/backups": backups! } });
  const newer =
    /is of n8n 2\.41\.2, and this stack has 2\.40\.7.* Set hybrid-mcp:droplet\.images\.n8n to an image of n8n 2\.41/;
  await expect(run("restore", "--check", snapshot)).rejects.toThrow(newer);
  await expect(run("restore", snapshot)).rejects.toThrow(newer);
  // A patch is no other database.
  await start({ volumes: { "/backups": backups! }, env: { N8N_VERSION: "2.41.0" } });
  await run("restore", "--check", snapshot);
  await shell(`
    mkdir -p /work/snapshot && cd /work/snapshot
    echo '{"n8nVersion":"2.41.0","postgresVersion":"99.1"}' >manifest.json
    restic -q backup --host "$STACK" --tag regular /work/snapshot`);
  await expect(run("restore", "latest")).rejects.toThrow(
    /is of PostgreSQL 99\.1, and this stack has .*image of PostgreSQL 99\./,
  );
});

test("troubles are told in words, and noted for the health check", async () => {
  await fill(1);
  const { "/backups": backups, "/work": work, "/data/n8n": data } = await start();
  expect(await health()).toBe(0);
  await make();
  expect(await health()).toBe(0);

  await start({ volumes: { "/backups": backups! }, env: { RESTIC_PASSWORD: "wrong-passphrase" } });
  const wrong =
    "The backups in /backups are encrypted with another passphrase than hybrid-mcp:backupSecrets.passphrase.";
  await expect(make()).rejects.toThrow(wrong);
  await expect(run("restore", "latest")).rejects.toThrow(wrong);
  expect(await health()).toBe(1);

  await start({
    env: {
      RESTIC_REPOSITORY: "s3:http://127.0.0.1:9/bucket",
      AWS_ACCESS_KEY_ID: "S3RVER",
      AWS_SECRET_ACCESS_KEY: "S3SECRET",
    },
  });
  await expect(make()).rejects.toThrow(
    /^The backups in s3:http:\/\/127\.0\.0\.1:9\/bucket cannot be reached: .*(connection refused|No answer within 5 s)/,
  );

  await start({ env: { RESTIC_REPOSITORY: "/proc/nothing" } });
  await expect(make()).rejects.toThrow(/^The backups in \/proc\/nothing cannot be used:/);

  await start();
  await expect(run("restore", "latest")).rejects.toThrow("There are no backups in /backups yet.");
  await make();
  await expect(run("restore", "0123456789")).rejects.toThrow("There is no snapshot 0123456789 in /backups.");
  await expect(run("restore", "Latest; rm")).rejects.toThrow('"Latest; rm" is no snapshot');

  await database.stop({ t: 1 });
  await start({ volumes: { "/backups": backups!, "/work": work!, "/data/n8n": data! } });
  await expect(make()).rejects.toThrow(/^The database n8n on database cannot be used: /);
  expect(await health()).toBe(1);
  await database.start();
  await eventually(async () => void (await make()));
  expect(await health()).toBe(0);
});

test.each(["/work", "/backups"])("a disk that is full (%s) is told, and the stack's data stays", async (path) => {
  await fill(20_000);
  await start({ tmpfs: { [path]: "uid=1000,gid=1000,mode=700,size=400k" } });
  await expect(make()).rejects.toThrow(/^The disk is full \(.*no space left on device/i);
  expect(await health()).toBe(1);
  expect(await shell("ls -A /work")).not.toContain("snapshot");
  expect(await sql("SELECT count(*) FROM workflow_entity")).toBe("20000");
});

test("old backups go by what is to be kept; those before an upgrade or a restore are kept for a week", async () => {
  await fill(1);
  await start({ env: { KEEP_DAILY: "2", KEEP_WEEKLY: "1", KEEP_MONTHLY: "0" } });
  await make();
  const ago = (days: number, hour = 3) => new Date(Date.now() - days * 86_400_000 - hour * 3_600_000).toISOString();
  const old = (days: number, tag: string, hour?: number) =>
    `restic -q backup --host "$STACK" --time '${ago(days, hour).slice(0, 19).replace("T", " ")}' --tag ${tag} /data/n8n;`;
  await shell(
    [
      old(1, "regular", 1),
      old(1, "regular", 2),
      old(5, "regular"),
      old(40, "regular"),
      old(6, "before-upgrade"),
      old(30, "before-upgrade"),
      old(6, "before-restore"),
      old(9, "before-restore"),
    ].join(""),
  );
  await make("before-upgrade");
  expect(await snapshots()).toHaveLength(10);
  const { snapshot } = await make();
  const kept = (await snapshots()).map(({ time: at, tags }) => [
    tags[0],
    Math.floor((Date.now() - Date.parse(at)) / 86_400_000),
  ]);
  expect(kept.toSorted()).toEqual([
    ["before-restore", 6],
    ["before-upgrade", 0],
    ["before-upgrade", 6],
    // Both of today, the last of yesterday's; what is older was not asked for.
    ["regular", 0],
    ["regular", 0],
    ["regular", 1],
  ]);
  // Not the newest of all, which may be what a restore has put aside.
  const aside = await make("before-restore");
  expect(aside.snapshot).not.toBe(snapshot);
  expect((JSON.parse(await run("manifest", "latest")) as Manifest).snapshot).toContain(snapshot);
});

test("one that is killed in the middle leaves nothing in the way of the next", async () => {
  await fill();
  const mounts = await start();
  await make();
  // Zeros that take restic some seconds to read, and no place.
  await shell("truncate -s 4G /data/n8n/large");
  const running = make();
  running.catch(() => {});
  await eventually(() => shell("ls /work/snapshot/manifest.json /backups/locks/*").then(() => {}));
  await backup!.kill();
  await expect(running).rejects.toThrow();
  await start({ volumes: mounts });
  expect(await shell("rm /data/n8n/large; ls /backups/locks | wc -l")).toBe("1");
  const { snapshot } = await make();
  expect(await shell("ls /backups/locks | wc -l")).toBe("0");
  expect(await snapshots()).toHaveLength(2);
  await run("restore", snapshot);
});

test("a restore that is killed can be run again", async () => {
  await fill(30_000);
  const mounts = await start();
  const { snapshot } = await make();
  const running = run("restore", snapshot);
  running.catch(() => {});
  await eventually(async () =>
    expect(await sql("SELECT count(*) FROM pg_database WHERE datname = 'n8n_restoring'", "postgres")).toBe("1"),
  );
  await backup!.kill();
  await running.catch(() => {});
  expect(await sql("SELECT count(*) FROM workflow_entity")).toBe("30000");
  await start({ volumes: mounts });
  await eventually(async () => void (await run("restore", snapshot)));
  expect(await sql("SELECT count(*) FROM workflow_entity")).toBe("30000");
  expect(await shell("ls -A /data/n8n")).toBe("");
});

test("files that cannot be replaced are told, and it can be run again", async () => {
  await fill();
  const { "/data/n8n": files } = await start();
  await shell("echo mine >/data/n8n/mine");
  const { snapshot } = await make();
  await asRoot(files!, "mkdir /data/n8n/foreign && touch /data/n8n/foreign/file");
  const failure = run("restore", snapshot);
  await expect(failure).rejects.toThrow(
    /^The database is restored, but the files are not; run it again\. .*[Pp]ermission denied/,
  );
  await expect(failure).rejects.toMatchObject({ halfDone: true });
  await asRoot(files!, "rm -r /data/n8n/foreign");
  await run("restore", snapshot);
  expect(await shell("ls -A /data/n8n")).toBe("mine");
});

test("two at once: the second waits for the first, and says so", async () => {
  await fill(30_000);
  await start();
  const first = make();
  await eventually(async () => expect(await shell("ls /work")).toContain("snapshot"));
  const second = make();
  const restored = second.then(({ snapshot }) => run("restore", snapshot));
  expect((await second).snapshot).not.toBe((await first).snapshot);
  expect(printed).toContain("A backup or a restore of this stack is running; waiting up to 600 s for it to end.");
  await restored;
  expect(await snapshots()).toHaveLength(2);
  expect(await health()).toBe(0);
});

test("two at once: the second gives up after its time, and does no harm to the first", async () => {
  await fill();
  await start({ env: { WAIT_SECONDS: "1" } });
  await make();
  // Zeros that take restic some seconds to read, and no place.
  await shell("truncate -s 4G /data/n8n/large");
  const first = make();
  await eventually(async () => expect(await shell("ls /work")).toContain("snapshot"));
  const told = "A backup or a restore of this stack is still running after 1 s. Try again when it is done.";
  await Promise.all([
    expect(make()).rejects.toThrow(told),
    expect(run("restore", "latest")).rejects.toThrow(told),
    expect(run("check")).rejects.toThrow(told),
  ]);
  await first;
  expect(await health()).toBe(0);
});

test("the schedule waits for a backup that somebody makes", async () => {
  await fill();
  const mounts = await start();
  await make();
  await shell("echo $(($(date +%s) - 90000)) >/work/last-success");
  const holder = await docker.createContainer({
    Image: image,
    Labels: LABELS,
    Entrypoint: ["flock", "/work/lock", "sleep", "infinity"],
    HostConfig: { Binds: [`${mounts["/work"]}:/work`], NetworkMode: "none" },
  });
  await holder.start();
  await eventually(async () => void (await expect(shell("flock --nonblock /work/lock true")).rejects.toThrow()));
  await start({ volumes: mounts });
  const logs = async () => (await backup!.logs({ stdout: true, stderr: true })).toString();
  await eventually(async () => expect(await logs()).toContain("is running; waiting up to 600 s"));
  expect(await snapshots()).toHaveLength(1);
  await holder.remove({ force: true });
  await eventually(async () => expect(await snapshots()).toHaveLength(2));
  expect(await logs()).not.toContain("still running");
});

/** The stack that backed up NAME is, as the commands see it; `keys` gets those that n8n is given. */
function stackWith(keys: string[] = []): BackedUpStack {
  const useEncryptionKey = async (key: string) => {
    keys.push(key);
    return 0;
  };
  return { name: NAME, docker, up: "npm run up", restore: "npm run restore --", useEncryptionKey };
}

/** A container in n8n's place that writes to its database until it is stopped, and logs each row that is there for good. */
async function startWriter(): Promise<Docker.Container> {
  const writer = await docker.createContainer({
    Image: (await database.inspect()).Config.Image,
    Labels: { ...LABELS, "hybrid-mcp-role": "n8n" },
    Env: ["PGHOST=database", "PGUSER=n8n", "PGPASSWORD=database-secret", "PGDATABASE=n8n"],
    Entrypoint: ["bash", "-c"],
    Cmd: [
      `trap 'exit 0' TERM
       while :; do psql -XqAt -v ON_ERROR_STOP=1 -c "INSERT INTO workflow_entity SELECT max(id) + 1, 'new' FROM workflow_entity RETURNING id"; sleep 0.1; done`,
    ],
    Healthcheck: { Test: ["CMD", "true"], Interval: 1e9 },
    HostConfig: { NetworkMode: NAME },
  });
  await writer.start();
  await eventually(async () => expect(await written(writer)).toBeGreaterThan(0));
  return writer;
}

/** The last id that a writer has logged. */
async function written(writer: Docker.Container): Promise<number> {
  const lines = (await writer.logs({ stdout: true, stderr: false })).toString().match(/\d+(?=\n)/g);
  return Number(lines?.at(-1) ?? 0);
}

test("a restore over what is there: all that n8n has written until it was stopped is in the backup that is made first", async () => {
  await fill(10);
  await start();
  const { snapshot } = await make();
  // What a change that was cut off has left must not run beside it.
  const leftover = await startWriter();
  await leftover.stop({ t: 5 });
  const writer = await startWriter();
  try {
    await expect(restore(stackWith(), { snapshot, overwrite: false })).rejects.toThrow(
      /has data already.* Nothing was changed\. .*: npm run restore -- --overwrite$/,
    );
    expect((await writer.inspect()).State.Running).toBe(true);
    await restore(stackWith(), { snapshot, overwrite: true });
    expect((await writer.inspect()).State.Running).toBe(true);
    expect((await leftover.inspect()).State.Running).toBe(false);
    await writer.stop({ t: 5 });
    const { StartedAt } = (await writer.inspect()).State;
    const until = Math.floor(Date.parse(StartedAt) / 1000);
    const first = (await writer.logs({ stdout: true, stderr: false, until })).toString().match(/\d+(?=\n)/g);
    const aside = (await snapshots()).find(({ tags }) => tags.includes("before-restore"))!;
    await run("restore", aside.id);
    expect(Number(await sql("SELECT max(id) FROM workflow_entity"))).toBeGreaterThanOrEqual(Number(first!.at(-1)));
  } finally {
    for (const each of [writer, leftover]) await each.remove({ force: true });
  }
});

test("a restore that comes to no backup of what is there, or to no start, says what became of n8n", async () => {
  await fill(20_000);
  const { "/backups": backups } = await start({ env: { N8N_ENCRYPTION_KEY: "another-key" } });
  const { snapshot } = await make();
  // A disk on which a large dump has no place.
  await start({ volumes: { "/backups": backups! }, tmpfs: { "/work": "uid=1000,gid=1000,mode=700,size=1m" } });
  const writer = await startWriter();
  const options = { snapshot, overwrite: true };
  try {
    await expect(restore(stackWith(), options)).rejects.toThrow(
      /^The disk is full .*\nThere is no backup of what n8n has, so nothing was restored\. n8n runs with the data that it had\.$/,
    );
    expect((await writer.inspect()).State.Running).toBe(true);
    expect(Number(await sql("SELECT count(*) FROM workflow_entity"))).toBeGreaterThan(20_000);

    await writer.stop({ t: 5 });
    await sql("DELETE FROM workflow_entity");
    const keys: string[] = [];
    await expect(restore(stackWith(keys), options)).rejects.toThrow(
      new RegExp(
        `^The disk is full .*\nThe data is restored, but n8n stays stopped\\. When this is mended, run it again: npm run restore -- --overwrite --snapshot ${snapshot.slice(0, 8)}$`,
      ),
    );
    expect(keys).toEqual([]);
    expect((await writer.inspect()).State.Running).toBe(false);
    expect(await sql("SELECT count(*) FROM workflow_entity")).toBe("20000");
  } finally {
    await writer.remove({ force: true });
  }
});

test("stacks that share a repository keep their backups apart", async () => {
  await fill(1);
  const { "/backups": backups } = await start();
  const shared = { "/backups": backups! };
  const old = (tag: string) =>
    `restic -q backup --host "$STACK" --time '2020-01-01 03:00:00' --tag ${tag} /data/n8n && ` +
    `restic -q backup --host "$STACK" --time '2020-01-02 03:00:00' --tag ${tag} /data/n8n`;
  const latest = async () => (JSON.parse(await run("manifest", "latest")) as Manifest).snapshot;
  const ours = await make();
  await shell(`${old("regular")} && ${old("before-upgrade")}`);

  const few = { KEEP_DAILY: "1", KEEP_WEEKLY: "0", KEEP_MONTHLY: "0" };
  const staging = { volumes: shared, env: { STACK: "staging", ...few } };
  await start(staging);
  // None of its own yet: the other's, as for a restore of production into staging.
  expect(await latest()).toContain(ours.snapshot);
  expect(await snapshots()).toEqual([]);
  expect(await run("snapshots")).toContain(ours.snapshot.slice(0, 8));
  const theirs = [await make("before-upgrade"), await make()];
  await start({ volumes: shared, env: few });
  expect(await snapshots()).toHaveLength(5);
  expect(await latest()).toContain(ours.snapshot);
  const newer = await make();
  // Its own old ones go as ever.
  expect((await snapshots()).map(({ tags }) => tags[0])).toEqual([
    "before-upgrade",
    "before-upgrade",
    "regular",
    "regular",
  ]);
  await start(staging);
  expect((await snapshots()).map(({ id }) => id)).toEqual(
    theirs.map(({ snapshot }) => expect.stringContaining(snapshot)),
  );
  expect(await latest()).toContain(theirs[1]!.snapshot);
  expect(await run("snapshots")).toContain(newer.snapshot.slice(0, 8));
});

test("a folder whose disk is not mounted gets no backups, until it is said that they begin anew", async () => {
  await fill(1);
  const { "/work": work } = await start();
  await make();
  // The same folder, empty.
  const { "/backups": empty } = await start({ volumes: { "/work": work! } });
  await expect(make()).rejects.toThrow(
    `This stack has made backups in /backups, and there are none now. If it is on a disk that is not mounted: mount it, then docker restart ${NAME}-backup. If they are gone for good, begin anew: npm run backup -- --new-repository`,
  );
  expect(await health()).toBe(1);
  expect(await shell("ls -A /backups")).toBe("");
  // Another folder, by the config, is none of this.
  await start({ volumes: { "/work": work! }, env: { REPOSITORY_NAME: "/srv/other" } });
  await make();
  await start({ volumes: { "/work": work!, "/backups": empty! }, env: { REPOSITORY_NAME: "/srv/other" } });
  await expect(make()).rejects.toThrow("has made backups in /srv/other, and there are none now.");
  await makeBackup(docker, NAME, "regular", { newRepository: true });
  await make();
  expect(await snapshots()).toHaveLength(2);
  expect(await health()).toBe(0);
});

test("S3-compatible storage: a bucket is made, keys are asked for, and a restore comes from there", async () => {
  const directory = mkdtempSync(join(tmpdir(), "hybrid-mcp-s3-"));
  // It loses a slash when it computes the signature of a bucket, so that none fits; keys that it does not know it refuses.
  const server = new S3rver({ address: gateway, port: 0, directory, silent: true, allowMismatchedSignatures: true });
  try {
    const { port } = await server.run();
    const env = {
      RESTIC_REPOSITORY: `s3:http://${gateway}:${port}/backups/of-n8n`,
      AWS_ACCESS_KEY_ID: "S3RVER",
      AWS_SECRET_ACCESS_KEY: "S3SECRET",
    };
    await fill();
    await start({ env });
    await shell("echo a-file >/data/n8n/file");
    await make();
    await make();
    await run("check");
    await sql("DELETE FROM workflow_entity");
    await start({ env });
    await run("restore", "latest");
    expect(await sql("SELECT count(*) FROM workflow_entity")).toBe("2000");
    expect(await shell("cat /data/n8n/file")).toBe("a-file");
    await start({ env: { ...env, AWS_ACCESS_KEY_ID: "unknown" } });
    await expect(make()).rejects.toThrow(/does not take the keys in hybrid-mcp:backupSecrets/);
  } finally {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  }
});

test("the schedule: at its time, again after a failure, at once when one was missed; and it ends when it is told to", async () => {
  await fill(1);
  await database.stop({ t: 1 });
  const mounts = await start({ env: { SCHEDULE: time(60), RETRY_SECONDS: "1" } });
  const logs = async () => (await backup!.logs({ stdout: true, stderr: true })).toString();
  await eventually(async () => expect(await health()).toBe(1), 130);
  const failures = (await logs()).split("cannot be used").length;
  await eventually(async () => expect((await logs()).split("cannot be used").length).toBeGreaterThan(failures));
  await database.start();
  await eventually(async () => expect(await health()).toBe(0), 60);
  expect(await snapshots()).toHaveLength(1);
  const stopped = performance.now();
  await backup!.stop({ t: 30 });
  expect(performance.now() - stopped).toBeLessThan(5000);
  expect((await backup!.inspect()).State.ExitCode).toBe(0);

  // It did not run yesterday.
  await start({ volumes: mounts, command: ["healthcheck"] });
  await backup!.wait();
  await start({ volumes: mounts });
  await shell("echo $(($(date +%s) - 90000)) >/work/last-success");
  await backup!.restart({ t: 5 });
  await eventually(async () => expect(await snapshots()).toHaveLength(2));

  await eventually(async () => expect(await shell("ls /work")).not.toContain("snapshot"));
  await shell("echo $(($(date +%s) - 27 * 3600)) >/work/last-success");
  expect(await health()).toBe(1);
});

test("it shows what it can do, and does nothing that it does not know", async () => {
  await start();
  const usage = readFileSync(join(import.meta.dirname, "../droplet/backup/backup.sh"), "utf8");
  for (const args of [["nothing"], ["restore"], ["backup", "--tags", "x"], ["key"]]) {
    const { exitCode, stderr } = await execIn(backup!, ["backup", ...args]);
    expect([args, exitCode]).toEqual([args, 64]);
    for (const line of stderr.trim().split("\n")) expect(usage).toContain(line.trim());
  }
  await expect(run("backup", "--tag", "mine")).rejects.toThrow('There is no kind of backup "mine"');
});
