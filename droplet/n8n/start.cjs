/**
 * Runs n8n, and lets others reach it only while it is ready. n8n listens as soon as its process runs, and answers webhooks
 * with "200 n8n is starting up": what is sent then would count as delivered, and be lost. So it listens on loopback, and
 * this stands in front of it, with a port that is closed until n8n has its database and its workflows are active.
 *
 * Environment, besides n8n's own: PUBLIC_PORT, DB_POSTGRESDB_HOST, DB_POSTGRESDB_PORT
 */
const { spawn } = require("node:child_process");
const { connect, createServer } = require("node:net");
const { setTimeout: delay } = require("node:timers/promises");

const { PUBLIC_PORT, N8N_PORT, DB_POSTGRESDB_HOST, DB_POSTGRESDB_PORT } = process.env;
const PAUSE_MS = 500;
/** How often is said what is waited for, in milliseconds. */
const SAY_MS = 10_000;
/** n8n says this when the workflows are active; one that says something else is believed by its readiness after a while. */
const ACTIVE = "Editor is now accessible";
const ACTIVE_MS = 60_000;

const say = (message) => process.stdout.write(`${message}\n`);

/** Whether something takes connections there. */
const takesConnections = (host, port) =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 5_000 });
    const answer = (yes) => {
      socket.destroy();
      resolve(yes);
    };
    socket
      .on("connect", () => answer(true))
      .on("error", () => answer(false))
      .on("timeout", () => answer(false));
  });

async function main() {
  // Without a database n8n would end, and be started again and again.
  for (let said = 0; !(await takesConnections(DB_POSTGRESDB_HOST, DB_POSTGRESDB_PORT)); ) {
    if (Date.now() - said >= SAY_MS) {
      say(`n8n waits for its database at ${DB_POSTGRESDB_HOST}:${DB_POSTGRESDB_PORT}, which does not answer.`);
      said = Date.now();
    }
    await delay(PAUSE_MS);
  }

  const n8n = spawn("n8n", { stdio: ["ignore", "pipe", "inherit"] });
  const front = createServer((client) => {
    const server = connect(Number(N8N_PORT), "127.0.0.1");
    client.pipe(server).pipe(client);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ]) {
      socket.on("error", () => other.destroy()).on("close", () => other.destroy());
    }
  });
  n8n.on("error", ({ message }) => {
    say(`n8n cannot be started: ${message}`);
    process.exit(127);
  });
  n8n.on("exit", (code, signal) => process.exit(signal ? 128 : (code ?? 1)));
  for (const signal of ["SIGTERM", "SIGINT"]) {
    process.on(signal, () => {
      // What runs ends on its open connections; nothing new comes in.
      front.close();
      n8n.kill(signal);
    });
  }

  const activeBy = new Promise((resolve) => {
    let last = "";
    n8n.stdout.on("data", (text) => {
      process.stdout.write(text);
      last = (last + text).slice(-1_000);
      if (last.includes(ACTIVE)) resolve();
    });
  });
  while (!(await isReady())) await delay(PAUSE_MS);
  await Promise.race([activeBy, delay(ACTIVE_MS)]);
  front.listen(Number(PUBLIC_PORT), "0.0.0.0");
}

/** n8n has its database, changed to its version. */
async function isReady() {
  try {
    return (await fetch(`http://127.0.0.1:${N8N_PORT}/healthz/readiness`)).ok;
  } catch {
    return false;
  }
}

main();
