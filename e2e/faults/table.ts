/** What calls all the time while something is broken: each service by itself and through the gateway. */
export const CALLERS = ["coda", "github", "coda through the gateway", "github through the gateway"] as const;
export type Caller = (typeof CALLERS)[number];

/** A fault that `e2e/faults.test.ts` makes while everybody calls. */
export interface Fault {
  /** Stays the same: measured figures are kept by it. */
  id: string;
  /** What breaks. */
  fault: string;
  /** How the test makes it. */
  made: string;
  /** How long the test lets it last, in seconds; from its end on it is counted how long until all is well. Absent: it is over at once. */
  seconds?: number;
  /** What clients see, for people. */
  saw: string;
  /** Every way in which a call may fail meanwhile, word for word as the client is told (… is what differs): the test allows no other. */
  told?: string[];
  /** Whose calls may fail; those of the others must not. */
  harmed?: readonly Caller[];
  /** What it takes until all is well. */
  recovers: string;
  /** What is lost of what was stored, or acknowledged: nothing. */
  lost: string;
  /** The name of the test. */
  test: string;
}

/** A fault that a test makes which is there for other reasons too. */
export interface ShownElsewhere {
  fault: string;
  /** How the test makes it. */
  made: string;
  /** What that test asserts, and no more. */
  checked: string;
  test: { file: string; name: string };
}

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
    test: "the process that runs a Worker dies",
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
    test: "the process in a container dies",
  },
  {
    id: "container-oom",
    fault: "A container runs out of memory",
    made: "something eats its memory; the fault ends when the kernel kills its workerd",
    saw: "As when its process dies.",
    told: ["HTTP 502: error code: 502", "connection reset", ...behindGateway("GitHub", 502)],
    harmed: GITHUB,
    recovers: "by itself",
    lost: "nothing",
    test: "a container runs out of memory",
  },
  {
    id: "connector-killed",
    fault: "The connector dies",
    made: "`kill -9` of cloudflared",
    saw: "1033 from the edge until Docker has restarted it; a call that runs on it is a 502.",
    told: [
      "HTTP 530: error code: 1033",
      "HTTP 502: error code: 502",
      "connection reset",
      ...behindGateway("GitHub", 530),
      ...behindGateway("GitHub", 502),
    ],
    harmed: GITHUB,
    recovers: "by itself",
    lost: "nothing",
    test: "the connector dies",
  },
  {
    id: "connector-paused",
    fault: "The connector hangs",
    made: "`docker pause` of cloudflared",
    seconds: 15,
    saw: "Calls wait; after 10 s the edge gives up connections that are silent, and the calls on them with a 502, and answers 1033 until the connector is back.",
    told: [
      "HTTP 502: error code: 502",
      "HTTP 530: error code: 1033",
      ...behindGateway("GitHub", 502),
      ...behindGateway("GitHub", 530),
    ],
    harmed: GITHUB,
    recovers: "by itself",
    lost: "nothing",
    test: "the connector hangs",
  },
  {
    id: "docker-stopped",
    fault: "Docker Engine stops and starts, as it does on the droplet (`live-restore`)",
    made: "SIGTERM to dockerd, which stays away",
    seconds: 3,
    saw: "Containers go on without it, but it is what they look each other up with: a call for which the connector needs a new connection is a 502 meanwhile.",
    told: ["HTTP 502: error code: 502", ...behindGateway("GitHub", 502)],
    harmed: GITHUB,
    recovers: "by itself",
    lost: "nothing",
    test: "Docker Engine stops and starts, with live-restore",
  },
  {
    id: "docker-restarted",
    fault:
      "Docker Engine stops with all its containers, and starts: a machine without `live-restore`, or one that restarts",
    made: "SIGTERM to dockerd without `--live-restore`; the fault ends when it is started",
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
    test: "Docker Engine stops with all its containers, and starts",
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
    test: "the broker's process dies",
  },
  {
    id: "broker-hangs",
    fault: "The broker hangs",
    made: "SIGSTOP to its workerds",
    seconds: 12,
    saw: "After 10 s a 503 that says why, and when to try again. On the droplet, tokens that were checked within the last 45 s stay good.",
    told: ["Coda", "GitHub", "MCP gateway"].map(BROKER_AWAY),
    harmed: CALLERS,
    recovers: "by itself",
    lost: "nothing",
    test: "the broker hangs",
  },
  {
    id: "d1-fails",
    fault: "D1 fails",
    made: "every query fails",
    seconds: 8,
    saw: "Nothing: calls are answered, their audit events wait.",
    told: [],
    harmed: [],
    recovers: "by itself",
    lost: "nothing: every event is in the trail afterwards. If D1 fails for longer than 20 s, events of Workers are in their log alone",
    test: "D1 fails",
  },
  {
    id: "kv-slow",
    fault: "KV is slow",
    made: "every read takes 2 s longer",
    seconds: 6,
    saw: "Calls take as much longer.",
    told: [],
    harmed: [],
    recovers: "by itself",
    lost: "nothing",
    test: "KV is slow",
  },
  {
    id: "kv-fails",
    fault: "KV fails",
    made: "every read fails",
    seconds: 5,
    saw: "A 503 that says why, and when to try again. On the droplet, tokens that were checked within the last 45 s stay good.",
    told: ["Coda", "GitHub", "MCP gateway"].map(BROKER_AWAY),
    harmed: CALLERS,
    recovers: "by itself",
    lost: "nothing",
    test: "KV fails",
  },
  {
    id: "upstream-busy",
    fault: "An API has had enough (429)",
    made: "Coda answers 429 with `Retry-After: 30`",
    seconds: 5,
    saw: "The tool says when to try again.",
    told: ["Coda answered 429: Too Many Requests. Try again in 30 s."],
    harmed: CODA,
    recovers: "by itself",
    lost: "nothing",
    test: "upstream-busy",
  },
  {
    id: "upstream-fails",
    fault: "An API fails (5xx)",
    made: "Coda answers 503",
    seconds: 5,
    saw: "Reads are tried three times; then the tool says so.",
    told: ["Coda answered 503: Service Unavailable. Try again in a while."],
    harmed: CODA,
    recovers: "by itself",
    lost: "nothing",
    test: "upstream-fails",
  },
  {
    id: "upstream-hangs",
    fault: "An API hangs",
    made: "Coda takes requests and does not answer",
    seconds: 55,
    saw: "Calls wait. After 50 s, before an MCP client gives a call up, the tool says so.",
    told: ["Coda did not answer (no answer in … ms). Try again in a while."],
    harmed: CODA,
    recovers: "by itself",
    lost: "nothing",
    test: "upstream-hangs",
  },
  {
    id: "upstream-garbage",
    fault: "Something else answers in an API's place",
    made: "Coda answers with a page of HTML",
    seconds: 5,
    saw: "The tool says so.",
    told: ["Coda answered 200 with something that is not its own. Try again in a while."],
    harmed: CODA,
    recovers: "by itself",
    lost: "nothing",
    test: "upstream-garbage",
  },
  {
    id: "clock-ahead",
    fault: "The droplet's clock is ahead",
    made: "the time that GitHub's service sees in its container is 26 h ahead",
    saw: "Nothing: how long a token is good is for the broker to say.",
    told: [],
    harmed: [],
    recovers: "–",
    lost: "nothing; its events are at most 60 s ahead",
    test: "the droplet's clock is ahead",
  },
  {
    id: "clock-behind",
    fault: "The droplet's clock is behind",
    made: "the time that GitHub's service sees in its container is 26 h behind",
    saw: "Nothing: how long a token is good is for the broker to say.",
    told: [],
    harmed: [],
    recovers: "–",
    lost: "nothing; its events have its time",
    test: "the droplet's clock is behind",
  },
  {
    id: "disk-full",
    fault: "The disk of the local stack is full",
    made: "its folder is on a small file system, which is full",
    seconds: 5,
    saw: "Calls are answered; what has to be stored fails.",
    told: [],
    harmed: [],
    recovers: "by itself, when there is space again",
    lost: "nothing that was acknowledged",
    test: "the disk of the local stack is full",
  },
  {
    id: "cloud-killed",
    fault: "The local cloud dies: the edge, every Worker, KV and D1 at once",
    made: "`kill -9`; nobody does anything",
    seconds: 1,
    saw: "Nobody answers; then 1033 for the droplet until its connector is back.",
    told: ["connection refused", "connection reset", "HTTP 530: error code: 1033", ...behindGateway("GitHub", 530)],
    harmed: CALLERS,
    recovers: "`npm run up`",
    lost: "nothing",
    test: "the local cloud dies",
  },
] as const satisfies Fault[];

export type FaultId = (typeof FAULTS)[number]["id"];

/** The others. */
export const SHOWN_ELSEWHERE: readonly ShownElsewhere[] = [
  {
    fault: "A server behind the gateway hangs, is slow, answers with an error, with garbage or too much, or is gone",
    made: "nine servers, each with a trouble of its own",
    checked:
      "Lists are there in time, with the tools of the other servers, and name each that is missing with its reason.",
    test: {
      file: "workers/mcp-gateway/outages.test.ts",
      name: "the tools of the others are listed, in time, and each missing server is named with its reason",
    },
  },
  {
    fault: "A server behind the gateway keeps failing",
    made: "one that hangs, asked again and again",
    checked:
      "Lists wait for it no longer and say when it is asked again, a call of it is told when to try again, and people see that it is down.",
    test: {
      file: "workers/mcp-gateway/outages.test.ts",
      name: "a server that keeps failing is left alone for a while: lists wait for it no longer, and people see that it is down",
    },
  },
  {
    fault: "An API does not say whether it took a write",
    made: "a POST that is answered 502, 503 or 504, or is broken off",
    checked: "It is sent once, and the tool says to look first whether it was done.",
    test: {
      file: "packages/service-kit/upstream.test.ts",
      name: "of a POST follows only 429, as that was not carried out",
    },
  },
  {
    fault: "GitHub fails while somebody signs in",
    made: "it answers 503",
    checked: "A page names it and leads to a new sign-in; the failed one is in the audit trail.",
    test: {
      file: "workers/oauth-broker/worker.test.ts",
      name: "a provider that fails is named, and the person can sign in again to go on",
    },
  },
  {
    fault: "The droplet cannot write to the audit trail",
    made: "the broker's `/audit` is away",
    checked: "Events are kept, and arrive in order when it is back, without a new call.",
    test: {
      file: "packages/service-kit/http-broker.test.ts",
      name: "are kept while the broker is away, and arrive in order when it is back, without a new call",
    },
  },
  {
    fault: "There is no connector",
    made: "`docker stop` of cloudflared, and `docker start`",
    checked: "Coda's `/health` on the droplet is `HTTP 530: error code: 1033`; after the start it is answered.",
    test: {
      file: "e2e/local-stack.test.ts",
      name: "without a connector the edge answers 1033, and it comes back by itself",
    },
  },
  {
    fault: "One of two connectors is lost",
    made: "`docker kill` of it",
    checked: "Twenty requests of Coda's `/health` right after it are answered.",
    test: { file: "e2e/new-version.test.ts", name: "one of two connectors that is lost takes no service down" },
  },
  {
    fault: "The droplet's data volume is gone",
    made: "it is detached from a machine that was set up by the program's cloud-init",
    checked:
      "Nothing can be written in its place; the check before an update's containers says so, and that nothing was started.",
    test: {
      file: "e2e/cloud-init.test.ts",
      name: "that is gone: nothing can be written in its place, and the check says so",
    },
  },
  {
    fault: "The droplet restarts",
    made: "a reboot of that machine; its volume is attached again",
    checked: "The check passes, and what was on the volume is there. No service runs on it.",
    test: {
      file: "e2e/cloud-init.test.ts",
      name: "comes back by itself with what was on it, after a restart of the machine too",
    },
  },
  {
    fault: "n8n or its database dies",
    made: "`kill -9` of each",
    checked: "Docker restarts it; every run, workflow and credential is there.",
    test: { file: "e2e/n8n.test.ts", name: "kill -9 of %s" },
  },
  {
    fault: "n8n's database is away",
    made: "`docker stop` of it, and `docker start`",
    checked: "503 from n8n's URL; n8n itself is not restarted, and is well again by itself with all that it keeps.",
    test: { file: "e2e/n8n.test.ts", name: "a running n8n stays, says that it is not ready, and goes on by itself" },
  },
  {
    fault: "A new n8n has changed the database and is never ready",
    made: "an image whose n8n drops a table and hangs",
    checked:
      "The update fails with what the new one said; the old container runs again, with the data put back from the backup that the upgrade began with.",
    test: { file: "e2e/n8n.test.ts", name: "that does not become ready leaves n8n as it was, with its data" },
  },
  {
    fault: "The disk is full during a backup",
    made: "a tiny file system below its work, or below its repository",
    checked: "The command says so, its health check fails, and the database is as it was.",
    test: { file: "e2e/backup.test.ts", name: "a disk that is full (%s) is told, and the stack's data stays" },
  },
  {
    fault: "The new side of a flip is not right",
    made: "a container with a wrong placement",
    checked:
      "Under 20 calls a second none fails, and none is answered by the new side; the flip fails and says what that answered, and no container is left. Other tests of the file: one without its broker, one that does not start, a Worker that is never healthy.",
    test: {
      file: "e2e/failed-flip.test.ts",
      name: "a container that is up but not right: the gate says what it answered",
    },
  },
  {
    fault: "The Pulumi engine dies in the middle of an update",
    made: "`kill -9` of a flip and its engine, at each step that the engine tells of, in each direction",
    checked: "No call fails; the next `up` goes on with the flip, and nothing is left over.",
    test: {
      file: "e2e/killed-flip.test.ts",
      name: "killed at any step, in each direction, a flip is gone on with by the next up, and no call fails",
    },
  },
  {
    fault: "Services are flipped at random",
    made: "twenty flips under twenty clients of both SDKs",
    checked: "No call fails, nobody signs in anew, and each acknowledged write is there once.",
    test: {
      file: "e2e/flips-under-load.test.ts",
      name: "twenty random flips under twenty clients of both SDKs: no call fails, nobody signs in anew, nothing is lost or doubled",
    },
  },
];
