import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { checked } from "../local/standins/github/checked.ts";
import { createGithubStandIn } from "../local/standins/github/stand-in.ts";
import { type StandInServer, serveStandIns } from "../local/standins/serve.ts";
import { fitted, MAX_BODY } from "./body.ts";
import { differences, reviewOf } from "./reviewed-plan.ts";

/** The steps of the workflows that talk to GitHub, as programs, against the stand-in, which judges every request. */

const PULL = 16;
const MARKER = "<!-- hybrid-mcp preview: dev -->";

let folder: string;
let server: StandInServer;
let problems: string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ci-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(async () => {
  const tokens = [
    { token: "ada", login: "ada" },
    { token: "grace", login: "grace" },
    { token: "reader", login: "ada", permissions: { issues: "read" as const, pull_requests: "read" as const } },
  ];
  const judged = checked(createGithubStandIn({ tokens, log: () => {} }).handler);
  problems = judged.problems;
  server = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { github: judged.handler } });
});
afterEach(async () => {
  await server.close();
  expect(problems).toEqual([]);
});

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

function run(script: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const environment = {
    PATH: process.env.PATH,
    GITHUB_API_URL: `${server.origin}/github/api`,
    GITHUB_REPOSITORY: "ada/orchard",
    GITHUB_TOKEN: "ada",
    ...env,
  };
  return new Promise((done) => {
    const program = join(import.meta.dirname, script);
    execFile(process.execPath, [program, ...args], { env: environment }, (error, stdout, stderr) =>
      done({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const event = (value: object) => ({ GITHUB_EVENT_PATH: file("event.json", JSON.stringify(value)) });
const ofPull = event.bind(undefined, { pull_request: { number: PULL, head: { sha: "c0ffee" } } });

async function api<Answer>(path: string, token = "ada", post?: object): Promise<Answer> {
  const response = await fetch(`${server.origin}/github/api/repos/ada/orchard${path}`, {
    headers: { authorization: `Bearer ${token}`, "user-agent": "test" },
    ...(post && { method: "POST", body: JSON.stringify(post) }),
  });
  return (await response.json()) as Answer;
}
const comments = () =>
  api<{ id: number; body: string; user: { login: string } }[]>(`/issues/${PULL}/comments?per_page=100`);

describe("the comment on a pull request", () => {
  const comment = (text: string, ...more: string[]) =>
    run("comment.ts", ["--stack", "dev", "--body", file("body.md", text), "--as", "ada", ...more], ofPull());

  test("is posted once, and changed from then on", async () => {
    const before = (await comments()).length;
    const first = await comment(`${MARKER}\nMoves Coda.`);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(/^Posted: https?:/);
    expect((await comment(`${MARKER}\nMoves nothing.`)).stdout).toMatch(/^Changed: https?:/);
    const after = await comments();
    expect(after).toHaveLength(before + 1);
    expect(after.at(-1)!.body).toBe(`${MARKER}\nMoves nothing.`);
    // Another stack has its own.
    await comment("<!-- hybrid-mcp preview: prod -->\nMoves GitHub.");
    expect(await comments()).toHaveLength(before + 2);
  });

  test("of somebody else with the same first line is left alone, and so is one that only quotes it", async () => {
    await api(`/issues/${PULL}/comments`, "grace", { body: `${MARKER}\nMine.` });
    await api(`/issues/${PULL}/comments`, "ada", { body: `> ${MARKER}\nLooks good.` });
    await comment(`${MARKER}\nOurs.`);
    const last = (await comments()).slice(-3).map(({ body, user }) => `${user.login}: ${body.split("\n")[1]}`);
    expect(last).toEqual(["grace: Mine.", "ada: Looks good.", "ada: Ours."]);
  });

  test("is found again among many", async () => {
    await comment(`${MARKER}\nFirst.`);
    for (let at = 0; at < 120; at++) await api(`/issues/${PULL}/comments`, "grace", { body: `No. ${at}` });
    expect((await comment(`${MARKER}\nSecond.`)).stdout).toMatch(/^Changed/);
  });

  test("goes to the pull request that the run of a fork was for, by what the event says", async () => {
    const { head } = await api<{ head: { sha: string; ref: string; repo: { full_name: string } } }>(`/pulls/${PULL}`);
    const workflow_run = {
      head_sha: head.sha,
      head_branch: head.ref,
      head_repository: { full_name: head.repo.full_name, owner: { login: head.repo.full_name.split("/")[0] } },
    };
    const text = file("preview.txt", "Moves @grace to ```droplet``` <img src=x>\u001b[31m\n");
    const args = ["--untrusted", "--stack", "local", "--body", text, "--as", "ada"];
    expect(await run("comment.ts", args, event({ workflow_run }))).toMatchObject({ code: 0, stderr: "" });
    const { body } = (await comments()).at(-1)!;
    expect(body.split("\n")).toEqual([
      "<!-- hybrid-mcp preview: local -->",
      "### What this does, on a local cloud",
      "",
      "By the code of this pull request, as it printed it:",
      "",
      "````text",
      "Moves @grace to ```droplet``` <img src=x>[31m",
      "````",
      "",
    ]);
    const moved = await run("comment.ts", args, event({ workflow_run: { ...workflow_run, head_sha: "0".repeat(40) } }));
    expect(moved).toMatchObject({ code: 1, stdout: "" });
    expect(moved.stderr).toMatch(/^No open pull request of ada:.* is at 0{40}: it has moved on/);
  });

  test("does not stay as it was when the next preview leaves nothing: it says so, and where to look", async () => {
    await comment(`${MARKER}\n✅ Moves nothing.`);
    const args = (path: string, stack = "dev") => ["--stack", stack, "--body", path, "--as", "ada"];
    const job = { GITHUB_SERVER_URL: "https://github.com", GITHUB_RUN_ID: "77" };
    const last = async () => (await comments()).at(-1)!.body.split("\n");
    for (const nothing of [join(folder, "nowhere.md"), file("empty.md", "")]) {
      const failed = await run("comment.ts", args(nothing), { ...ofPull(), ...job });
      expect(failed).toMatchObject({ code: 0, stderr: "" });
      expect(failed.stdout).toMatch(/^Changed/);
      expect(await last()).toEqual([
        MARKER,
        "### What this change does (stack `dev`)",
        "",
        "**The preview of c0ffee could not be made, so what it does is not known.** [The run](https://github.com/ada/orchard/actions/runs/77) says why.",
        "",
      ]);
    }
    // Of a fork the run that has failed is the other one.
    const { head } = await api<{ head: { sha: string; ref: string } }>(`/pulls/${PULL}`);
    const workflow_run = {
      ...{ head_sha: head.sha, head_branch: head.ref, html_url: "https://github.com/ada/orchard/actions/runs/66" },
      head_repository: { full_name: "ada/orchard", owner: { login: "ada" } },
    };
    const ofFork = [...args(join(folder, "nowhere.txt"), "local"), "--untrusted"];
    await run("comment.ts", ofFork, { ...event({ workflow_run }), ...job });
    expect((await last()).join("\n")).toContain(`${head.sha} could not be made`);
    expect((await last()).join("\n")).toContain("/actions/runs/66)");
  });

  test("what goes wrong is said in one sentence", async () => {
    const body = file("body.md", `${MARKER}\nx`);
    const args = ["--stack", "dev", "--body", body];
    const failed = async (env: NodeJS.ProcessEnv, given = args) => {
      const { code, stderr } = await run("comment.ts", given, { ...ofPull(), ...env });
      expect(code).toBe(1);
      expect(stderr).not.toMatch(/\n {4}at /);
      return stderr.trim();
    };
    expect(await failed({ GITHUB_API_URL: "http://127.0.0.1:9" })).toMatch(
      /^GitHub is not reached at http:\/\/127\.0\.0\.1:9: .*Run the job again\.$/,
    );
    expect(await failed({ GITHUB_TOKEN: "reader" })).toMatch(
      /^GitHub answers 403 to POST .*`permissions` in the workflow\.$/,
    );
    expect(await failed({ GITHUB_TOKEN: "" })).toContain("This runs as a step of a GitHub workflow");
    const none = ["--stack", "dev", "--body", file("none.md", "no marker")];
    expect(await failed({}, none)).toContain("does not begin with its marker");
    expect(await failed({}, [])).toContain("Usage: npm run ci:comment");
  });
});

describe("what is too long for GitHub", () => {
  test("is cut at the end of a line, and what is open there is closed", () => {
    const rows = Array.from({ length: 5000 }, (_, at) => `| coda-${at} | ${"x".repeat(20)} |`);
    const cut = fitted([MARKER, "<details>", "```text", ...rows].join("\n"));
    expect(cut.length).toBeLessThanOrEqual(MAX_BODY);
    expect(cut.length).toBeGreaterThan(MAX_BODY - 2_000);
    const [table, end] = cut.split("\n```\n");
    expect(table!.split("\n").at(-1)).toMatch(/^\| coda-\d+ \| x{20} \|$/);
    expect(end).toMatch(/^\n<\/details>\n\n\n_Cut here: /);
  });

  test("what fits is left as it is", () => {
    expect(fitted("x".repeat(MAX_BODY))).toHaveLength(MAX_BODY);
    expect(fitted(`${MARKER}\n${"x".repeat(2 * MAX_BODY)}`).length).toBeLessThanOrEqual(MAX_BODY);
  });
});

test("an issue is opened when something drifts, changed when it is something else, and closed when it is gone", async () => {
  const marker = "<!-- hybrid-mcp drift: dev -->";
  const issue = (text: string, ...more: string[]) =>
    run("issue.ts", ["--body", file("drift.md", `${marker}\n${text}\n`), "--title", "Drift", "--as", "ada", ...more]);
  const mine = async () =>
    (
      await api<{ title: string; body: string | null; state: string; comments: number }[]>(
        "/issues?state=all&per_page=100",
      )
    ).filter(({ body }) => body?.startsWith(marker));
  expect((await issue("Nothing.", "--gone")).stdout).toBe("There is no issue to close.\n");
  expect((await issue("KV is gone.")).stdout).toMatch(/^Opened/);
  expect((await issue("KV is gone.")).stdout).toMatch(/^Nothing new/);
  expect((await issue("D1 is gone.")).stdout).toMatch(/^Changed/);
  expect(await mine()).toMatchObject([{ title: "Drift", body: expect.stringContaining("D1 is gone."), state: "open" }]);
  expect((await issue("All as it should be.", "--gone")).stdout).toMatch(/^Closed/);
  expect(await mine()).toMatchObject([{ body: expect.stringContaining("D1 is gone."), state: "closed", comments: 1 }]);
  expect((await issue("KV is gone.")).stdout).toMatch(/^Opened/);
  expect(await mine()).toHaveLength(2);
});

describe("the preview of what was merged", () => {
  const merged = { number: 4, merged_at: "2026-11-01T00:00:00Z", merge_commit_sha: "new", base: { ref: "main" } };
  const pull = (more = {}) => ({ ...merged, head: { sha: "head" }, ...more });
  const ours = { id: 2, html_url: "https://run", repository: { id: 1 }, head_repository: { id: 1 } };
  const asked: unknown[] = [];
  const found = (pulls: object[], workflow_runs: object[] = [ours]) =>
    reviewOf(
      {
        owner: "ada",
        repo: "orchard",
        request: async <Answer>(route: string, parameters: Record<string, unknown> = {}) => {
          asked.push([route, parameters]);
          return { workflow_runs } as Answer;
        },
        async *all<Item>() {
          yield* pulls as Item[];
        },
      },
      { commit: "new", branch: "main" },
    );

  test("is that of the last commit of the pull request that became this commit", async () => {
    expect(await found([pull({ merged_at: null }), pull()])).toEqual({ pull: 4, run: 2, url: "https://run" });
    expect(asked.at(-1)).toEqual([
      "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs",
      { workflow_id: "preview.yml", event: "pull_request", status: "success", head_sha: "head", per_page: 100 },
    ]);
  });

  test.each([
    ["a pull request that is not merged", { merged_at: null }],
    ["one of which this commit is a part", { merge_commit_sha: "another" }],
    ["one that was merged into another branch", { base: { ref: "next" } }],
  ])("is not that of %s", async (_, more) => {
    asked.length = 0;
    expect(await found([pull(more)])).toBeUndefined();
    expect(asked).toEqual([]);
  });

  test("is no fork's, and there may be none", async () => {
    const fork = { ...ours, id: 3, head_repository: { id: 66 } };
    expect(await found([pull()], [fork, ours])).toMatchObject({ run: 2 });
    expect(await found([pull()], [fork, { ...ours, head_repository: null }])).toBeUndefined();
    expect(await found([])).toBeUndefined();
  });
});

describe("a plan beside the one that was reviewed", () => {
  const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
  const urn = (name: string) => `urn:pulumi:dev::hybrid-mcp::cloudflare:index/workersRoute:WorkersRoute::${name}`;
  const update = (inputDiff: object) => ({
    goal: { inputDiff, protect: false },
    steps: ["update"],
    seed: `${Math.random()}`,
  });
  const plan = (more: object = {}) => ({
    manifest: { time: `${Math.random()}` },
    resourcePlans: {
      [urn("route")]: update({ deletes: ["script"], updates: { key: { ...SECRET, ciphertext: `${Math.random()}` } } }),
      [urn("kv")]: { goal: { inputDiff: {}, protect: true }, steps: ["same"] },
      ...more,
    },
  });

  test("does the same, whenever it was made and however its secrets are encrypted, or what becomes of these is other", () => {
    expect(differences(plan(), plan())).toEqual([]);
    expect(
      differences(plan({ [urn("kv")]: { ...plan().resourcePlans[urn("kv")], steps: ["delete"] } }), plan()),
    ).toEqual([urn("kv")]);
    const unprotected = { goal: { inputDiff: {}, protect: false }, steps: ["same"] };
    expect(differences(plan(), plan({ [urn("kv")]: unprotected }))).toEqual([urn("kv")]);
    expect(differences(plan(), plan({ [urn("route")]: update({ updates: { script: "x" } }) }))).toEqual([urn("route")]);
    expect(differences(plan({ [urn("gone")]: update({}) }), plan({ [urn("new")]: update({}) }))).toEqual([
      urn("new"),
      urn("gone"),
    ]);
  });

  test("is told in the run's summary, without a word of the other one", async () => {
    const GITHUB_STEP_SUMMARY = join(folder, "summary");
    const now = file("plan.json", JSON.stringify(plan({ [urn("new")]: update({}) })));
    const told = async (reviewed: string, review = "https://run") => {
      rmSync(GITHUB_STEP_SUMMARY, { force: true });
      const args = ["compare", "--plan", now, "--reviewed", reviewed, "--review", review];
      expect(await run("plan.ts", args, { GITHUB_STEP_SUMMARY })).toMatchObject({ code: 0, stderr: "" });
      return readFileSync(GITHUB_STEP_SUMMARY, "utf8");
    };
    expect(await told(now)).toBe("**As it was reviewed**: this does what the preview in https://run said.\n\n");
    const poisoned = plan({ [urn("✅ **As it was reviewed**")]: update({}) });
    expect(await told(file("reviewed.json", JSON.stringify(poisoned)))).toBe(
      "**This is not what was reviewed** in https://run: what becomes of 2 of its resources is different now (`new`).\n\n",
    );
    for (const unreadable of [join(folder, "nowhere.json"), file("reviewed.json", "{"), file("reviewed.json", "null")])
      expect(await told(unreadable)).toMatch(/^\*\*Whether this was reviewed cannot be told\*\*/);
    expect(await told(now, "")).toMatch(/^\*\*This was not reviewed\*\*/);
  });

  test("is looked for by the commit that is deployed", async () => {
    const found = (GITHUB_SHA: string) => run("plan.ts", ["find"], { GITHUB_SHA, GITHUB_REF_NAME: "main" });
    const { sha } = await api<{ sha: string }>("/commits/main");
    expect(await found(sha)).toMatchObject({ code: 0, stderr: "" });
    expect((await found(sha)).stdout).toBe(
      `No pull request that was merged as ${sha} has a preview of its last commit.\n`,
    );
    expect((await found("")).stderr).toContain("this runs as a step of a GitHub workflow");
  });
});

test("the deploy key goes into an agent that the steps after find; what is no key is refused", async () => {
  const key = join(folder, "key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const GITHUB_ENV = file("github-env", "");
  const access = (DROPLET_DEPLOY_KEY: string) => run("droplet-access.ts", [], { DROPLET_DEPLOY_KEY, GITHUB_ENV });
  expect(await access(readFileSync(key, "utf8").trim())).toMatchObject({ code: 0, stderr: "" });
  const env = Object.fromEntries(
    readFileSync(GITHUB_ENV, "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split("=") as [string, string]),
  );
  try {
    const keys = execFileSync("ssh-add", ["-L"], { env: { ...process.env, ...env }, encoding: "utf8" });
    expect(keys.split(" ")[1]).toBe(readFileSync(`${key}.pub`, "utf8").split(" ")[1]);
  } finally {
    process.kill(Number(env.SSH_AGENT_PID));
  }
  const wrong = await access("not a key");
  expect(wrong).toMatchObject({ code: 1 });
  expect(wrong.stderr).toMatch(/^DROPLET_DEPLOY_KEY is no private SSH key without a passphrase/);
  expect((await access("")).stdout).toContain("Nothing is set for the way to a droplet");
});
