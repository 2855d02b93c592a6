/** What calls all the time while something is broken: each service by itself and through the gateway. */
export const CALLERS = ["coda", "github", "coda through the gateway", "github through the gateway"] as const;
export type Caller = (typeof CALLERS)[number];

/** A row of docs/faults.md. */
export interface Fault {
  /** Stays the same: measured figures are kept by it. */
  id: string;
  /** What breaks. */
  fault: string;
  /** How the test makes it. */
  made: string;
  /** What clients see, for people. */
  saw: string;
  /** Every way in which a call may fail meanwhile, word for word as the client is told (… is what differs): the test allows no other. */
  told?: string[];
  /** Whose calls may fail; those of the others must not. */
  harmed?: readonly Caller[];
  /** What goes on, where that is not told by who calls in this test. */
  unharmed?: string;
  /** What it takes until all is well. */
  recovers: string;
  /** What is lost of what was stored, or acknowledged: nothing. */
  lost: string;
  test: { file: string; name: string };
}

/** The tests that are for the table alone. */
const here = (name: string) => ({ file: "e2e/faults.test.ts", name });

const CODA = ["coda", "coda through the gateway"] as const;
const GITHUB = ["github", "github through the gateway"] as const;
const BROKER_AWAY = (title: string) =>
  `HTTP 503: ${title} cannot check the sign-in, because the broker does not answer. Nothing was done; try again in 5 s.`;

/** The gateway asks a server that keeps failing no more for a while. */
const behindGateway = (title: string, status: number) => [
  `JSON-RPC error -32603: ${title} answered with HTTP ${status}. Try again in a while.`,
  `JSON-RPC error -32603: ${title} answered with HTTP ${status}. It is asked again in … s.`,
];

export const FAULTS = [
  {
    id: "worker-killed",
    fault: "The process that runs a Worker dies",
    made: "`kill -9` of Coda's workerd in the local cloud",
    saw: "Calls that ran on it end with Cloudflare's error 1101, or wait; the next ones are answered.",
    told: ["HTTP 500: error code: 1101", ...behindGateway("Coda", 500)],
    harmed: CODA,
    recovers: "by itself",
    lost: "nothing",
    test: here("the process that runs a Worker dies"),
  },
  {
    id: "container-killed",
    fault: "The process in a container dies",
    made: "`kill -9` of GitHub's workerd in its container",
    saw: "502 from the edge until Docker has restarted it; an answer that had begun is cut off.",
    told: ["HTTP 502: error code: 502", "connection reset", ...behindGateway("GitHub", 502)],
    harmed: GITHUB,
    recovers: "by itself",
    lost: "nothing",
    test: here("the process in a container dies"),
  },
  {
    id: "container-oom",
    fault: "A container runs out of memory",
    made: "something eats its memory until the kernel kills its workerd",
    saw: "As when its process dies.",
    told: ["HTTP 502: error code: 502", "connection reset", ...behindGateway("GitHub", 502)],
    harmed: GITHUB,
    recovers: "by itself",
    lost: "nothing",
    test: here("a container runs out of memory"),
  },
  {
    id: "connector-paused",
    fault: "The connector hangs",
    made: "`docker pause` of cloudflared for 5 s",
    saw: "Calls wait until it goes on; the edge gives up one that runs on a connection which was lost by that.",
    told: [
      "HTTP 502: error code: 502",
      "HTTP 530: error code: 1033",
      ...behindGateway("GitHub", 502),
      ...behindGateway("GitHub", 530),
    ],
    harmed: GITHUB,
    recovers: "by itself",
    lost: "nothing",
    test: here("the connector hangs"),
  },
  {
    id: "docker-stopped",
    fault: "Docker Engine stops and starts, as it does on the droplet (`live-restore`)",
    made: "SIGTERM to dockerd, and a start after it",
    saw: "Containers go on without it, but it is what they look each other up with: a call for which the connector needs a new connection is a 502 meanwhile.",
    told: ["HTTP 502: error code: 502", ...behindGateway("GitHub", 502)],
    harmed: GITHUB,
    recovers: "by itself",
    lost: "nothing",
    test: here("Docker Engine stops and starts, with live-restore"),
  },
  {
    id: "docker-restarted",
    fault:
      "Docker Engine stops with all its containers, and starts: a machine without `live-restore`, or one that restarts",
    made: "SIGTERM to dockerd without `--live-restore`, and a start after it",
    saw: "1033 from the edge, as there is no connector.",
    told: [
      "HTTP 530: error code: 1033",
      "HTTP 502: error code: 502",
      ...behindGateway("GitHub", 530),
      ...behindGateway("GitHub", 502),
    ],
    harmed: GITHUB,
    recovers: "by itself, with the engine",
    lost: "nothing",
    test: here("Docker Engine stops with all its containers, and starts"),
  },
  {
    id: "broker-killed",
    fault: "The broker's process dies",
    made: "`kill -9` of its workerds in the local cloud",
    saw: "Services ask it again for 2 s; a call for which that is too soon is told so.",
    told: ["Coda", "GitHub", "MCP gateway"].map(BROKER_AWAY),
    harmed: CALLERS,
    recovers: "by itself",
    lost: "nothing",
    test: here("the broker's process dies"),
  },
  {
    id: "broker-hangs",
    fault: "The broker hangs",
    made: "SIGSTOP to its workerds for 12 s",
    saw: "After 10 s a 503 that says why, and when to try again. On the droplet, tokens that were checked within the last 45 s stay good.",
    told: ["Coda", "GitHub", "MCP gateway"].map(BROKER_AWAY),
    harmed: CALLERS,
    recovers: "by itself",
    lost: "nothing",
    test: here("the broker hangs"),
  },
  {
    id: "d1-fails",
    fault: "D1 fails",
    made: "every query fails for 8 s",
    saw: "Nothing: calls are answered, their audit events wait.",
    told: [],
    harmed: [],
    recovers: "by itself",
    lost: "nothing: every event is in the trail afterwards. If D1 fails for longer than 20 s, events of Workers are in their log alone",
    test: here("D1 fails"),
  },
  {
    id: "kv-slow",
    fault: "KV is slow",
    made: "every read takes 2 s longer",
    saw: "Calls take as much longer.",
    told: [],
    harmed: [],
    recovers: "by itself",
    lost: "nothing",
    test: here("KV is slow"),
  },
  {
    id: "kv-fails",
    fault: "KV fails",
    made: "every read fails for 5 s",
    saw: "A 503 that says why, and when to try again. On the droplet, tokens that were checked within the last 45 s stay good.",
    told: ["Coda", "GitHub", "MCP gateway"].map(BROKER_AWAY),
    harmed: CALLERS,
    recovers: "by itself",
    lost: "nothing",
    test: here("KV fails"),
  },
  {
    id: "upstream-busy",
    fault: "An API has had enough (429)",
    made: "Coda answers 429 with `Retry-After: 30`",
    saw: "The tool says when to try again.",
    told: ["Coda answered 429: Too Many Requests. Try again in 30 s."],
    harmed: CODA,
    recovers: "by itself",
    lost: "nothing",
    test: here("an API has had enough, fails, hangs or answers with garbage"),
  },
  {
    id: "upstream-fails",
    fault: "An API fails (5xx)",
    made: "Coda answers 503",
    saw: "Reads are tried three times; then the tool says so.",
    told: ["Coda answered 503: Service Unavailable. Try again in a while."],
    harmed: CODA,
    recovers: "by itself",
    lost: "nothing",
    test: here("an API has had enough, fails, hangs or answers with garbage"),
  },
  {
    id: "upstream-hangs",
    fault: "An API hangs",
    made: "Coda takes requests and does not answer for 5 s",
    saw: "Calls wait, and are tried again after 20 s. After 50 s, before an MCP client gives a call up, the tool says so.",
    told: ["Coda did not answer (no answer in … ms). Try again in a while."],
    harmed: CODA,
    recovers: "by itself",
    lost: "nothing",
    test: here("an API has had enough, fails, hangs or answers with garbage"),
  },
  {
    id: "upstream-garbage",
    fault: "Something else answers in an API's place",
    made: "Coda answers with a page of HTML",
    saw: "The tool says so.",
    told: ["Coda answered 200 with something that is not its own. Try again in a while."],
    harmed: CODA,
    recovers: "by itself",
    lost: "nothing",
    test: here("an API has had enough, fails, hangs or answers with garbage"),
  },
  {
    id: "clock",
    fault: "The droplet's clock is wrong",
    made: "the time that GitHub's service sees in its container is 26 h ahead, and then 26 h behind",
    saw: "Nothing: how long a token is good is for the broker to say.",
    told: [],
    harmed: [],
    recovers: "–",
    lost: "nothing; events of a clock that is behind have its time, those of one that is ahead are at most 60 s ahead",
    test: here("the droplet's clock is wrong"),
  },
  {
    id: "disk-full",
    fault: "The disk of the local stack is full",
    made: "its folder is on a small file system, which is filled",
    saw: "Calls are answered; what has to be stored fails.",
    told: [],
    harmed: [],
    recovers: "by itself, when there is space again",
    lost: "nothing that was acknowledged",
    test: here("the disk of the local stack is full"),
  },
  {
    id: "cloud-killed",
    fault: "The local cloud dies: the edge, every Worker, KV and D1 at once",
    made: "`kill -9`",
    saw: "Nobody answers; then 1033 for the droplet until its connector is back.",
    told: ["connection refused", "connection reset", "HTTP 530: error code: 1033", ...behindGateway("GitHub", 530)],
    harmed: CALLERS,
    recovers: "`npm run up`",
    lost: "nothing",
    test: here("the local cloud dies"),
  },
  // Shown by tests that are there for other reasons too.
  {
    id: "server-in-trouble",
    fault: "A server behind the gateway hangs, is slow, answers with an error, with garbage or too much, or is gone",
    made: "nine servers, each with a trouble of its own",
    saw: "A call of it is answered with the reason; lists are there in time, without it, and say so. One that keeps failing is left alone for a while.",
    unharmed: "every other server",
    recovers: "by itself",
    lost: "nothing",
    test: {
      file: "workers/mcp-gateway/outages.test.ts",
      name: "the tools of the others are listed, in time, and each missing server is named with its reason",
    },
  },
  {
    id: "write-unanswered",
    fault: "An API does not say whether it took a write",
    made: "a POST that is answered 502, or not at all",
    saw: "It is not sent twice: the tool says to look first whether it was done.",
    unharmed: "everything",
    recovers: "–",
    lost: "nothing, and nothing is there twice",
    test: {
      file: "packages/service-kit/upstream.test.ts",
      name: "of a POST follows only 429, as that was not carried out",
    },
  },
  {
    id: "provider-fails",
    fault: "GitHub or Google fails while somebody signs in",
    made: "it answers 503",
    saw: "A page that names it; from there the person can sign in again.",
    unharmed: "everybody who is signed in",
    recovers: "by itself",
    lost: "nothing",
    test: {
      file: "workers/oauth-broker/worker.test.ts",
      name: "a provider that fails is named, and the person can sign in again to go on",
    },
  },
  {
    id: "broker-away-audit",
    fault: "The droplet does not reach the broker",
    made: "nobody answers there",
    saw: "Tokens that were checked within the last 45 s stay good; others get a 503. Audit events wait, up to 1000 of each service.",
    unharmed: "Workers",
    recovers: "by itself",
    lost: "nothing",
    test: {
      file: "packages/service-kit/http-broker.test.ts",
      name: "are kept while the broker is away, and arrive in order when it is back, without a new call",
    },
  },
  {
    id: "connector-killed",
    fault: "The connector dies",
    made: "`kill -9` of cloudflared",
    saw: "`HTTP 530: error code: 1033` until Docker has restarted it.",
    unharmed: "Workers",
    recovers: "by itself",
    lost: "nothing",
    test: { file: "e2e/local-stack.test.ts", name: "a connector that is killed is restarted by Docker" },
  },
  {
    id: "connector-stopped",
    fault: "There is no connector",
    made: "`docker stop` of cloudflared",
    saw: "`HTTP 530: error code: 1033`",
    unharmed: "Workers",
    recovers: "`docker start`",
    lost: "nothing",
    test: {
      file: "e2e/local-stack.test.ts",
      name: "without a connector the edge answers 1033, and it comes back by itself",
    },
  },
  {
    id: "connector-of-two",
    fault: "One of two connectors is lost",
    made: "it is stopped",
    saw: "Nothing.",
    unharmed: "everything",
    recovers: "–",
    lost: "nothing",
    test: { file: "e2e/new-version.test.ts", name: "one of two connectors that is lost takes no service down" },
  },
  {
    id: "machine-restarts",
    fault: "The droplet restarts",
    made: "a reboot of a machine that was set up by the program's cloud-init",
    saw: "1033 until its containers run again.",
    unharmed: "Workers",
    recovers: "by itself",
    lost: "nothing",
    test: {
      file: "e2e/cloud-init.test.ts",
      name: "comes back by itself with what was on it, after a restart of the machine too",
    },
  },
  {
    id: "volume-gone",
    fault: "The droplet's data volume is gone",
    made: "it is detached",
    saw: "n8n is down; nothing can be written in the volume's place, and an update stops and says so.",
    unharmed: "MCP services",
    recovers: "when it is attached again",
    lost: "nothing",
    test: {
      file: "e2e/cloud-init.test.ts",
      name: "that is gone: nothing can be written in its place, and the check says so",
    },
  },
  {
    id: "n8n-killed",
    fault: "n8n or its database dies",
    made: "`kill -9` of each",
    saw: "502 or 503 from n8n's URL until Docker has restarted it.",
    unharmed: "MCP services",
    recovers: "by itself",
    lost: "nothing: every run, workflow and credential",
    test: { file: "e2e/n8n.test.ts", name: "kill -9 of %s" },
  },
  {
    id: "n8n-database",
    fault: "n8n's database is away",
    made: "`docker stop` of it",
    saw: "503 from n8n's URL; n8n itself stays and waits.",
    unharmed: "MCP services",
    recovers: "by itself, when the database is there again",
    lost: "nothing",
    test: { file: "e2e/n8n.test.ts", name: "a running n8n stays, says that it is not ready, and goes on by itself" },
  },
  {
    id: "n8n-upgrade",
    fault: "A new n8n has changed the database and is never ready",
    made: "an image whose n8n drops a table and hangs",
    saw: "The update fails with what the new one said; the old one runs again.",
    unharmed: "MCP services",
    recovers: "by itself, within the update",
    lost: "nothing: the data is put back from the backup that every upgrade begins with",
    test: { file: "e2e/n8n.test.ts", name: "that does not become ready leaves n8n as it was, with its data" },
  },
  {
    id: "backup-disk",
    fault: "The disk is full during a backup",
    made: "a tiny file system below its work, or below its repository",
    saw: "The command says so.",
    unharmed: "everything",
    recovers: "the next backup, when there is space",
    lost: "nothing; earlier backups stay good",
    test: { file: "e2e/backup.test.ts", name: "a disk that is full (%s) is told, and the stack's data stays" },
  },
  {
    id: "flip-to-broken",
    fault: "The new side of a flip is not right",
    made: "a container with a wrong placement, without its broker, that does not start; a Worker that is never healthy",
    saw: "Nothing: the flip fails and says what the new side answered, the route stays.",
    unharmed: "everything",
    recovers: "by itself, within the flip",
    lost: "nothing",
    test: {
      file: "e2e/failed-flip.test.ts",
      name: "a container that is up but not right: the gate says what it answered",
    },
  },
  {
    id: "engine-killed",
    fault: "The Pulumi engine dies in the middle of an update",
    made: "`kill -9` of a flip and its engine, at each step that the engine tells of, in each direction",
    saw: "Nothing.",
    unharmed: "everything",
    recovers: "the next command",
    lost: "nothing",
    test: {
      file: "e2e/killed-flip.test.ts",
      name: "killed at any step, in each direction, a flip is gone on with by the next up, and no call fails",
    },
  },
  {
    id: "flips",
    fault: "Services are flipped at random",
    made: "twenty flips under twenty clients of both SDKs",
    saw: "Nothing.",
    unharmed: "everything",
    recovers: "–",
    lost: "nothing: each acknowledged write is there once",
    test: {
      file: "e2e/flips-under-load.test.ts",
      name: "twenty random flips under twenty clients of both SDKs: no call fails, nobody signs in anew, nothing is lost or doubled",
    },
  },
] as const satisfies Fault[];

export type FaultId = (typeof FAULTS)[number]["id"];
