import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { actionlint } from "../ci/actionlint/actionlint.ts";
import { repositoryRoot } from "../local/cli/stack.ts";
import { checked } from "../local/standins/github/checked.ts";
import { described } from "../local/standins/github/described.ts";
import { createGithubStandIn } from "../local/standins/github/stand-in.ts";
import { type StandInServer, serveStandIns } from "../local/standins/serve.ts";
import { ONLY_CODA, TestStack } from "./support/test-stack.ts";
import { evaluated, type JobResult, runJob, type Step, type Workflow, workflow } from "./support/workflow.ts";

/** The workflows: as they are written, and as they run, with the local cloud as the stack and a stand-in as GitHub. */

const names = ["ci", "preview", "preview-comment", "deploy", "drift"] as const;
const folder = join(repositoryRoot, ".github/workflows");
const jobs = names.flatMap((name) => {
  const of = workflow(name);
  return Object.entries(of.jobs).map(([id, job]) => ({ title: `${name}/${id}`, of, job }));
});
const steps = jobs.flatMap(({ title, job }) => job.steps.map((step) => ({ title, step })));
const expression = (of: string) => `${"$"}{{ ${of} }}`;

describe("as they are written", () => {
  test("actionlint finds nothing, and would find what is wrong", async () => {
    expect(readdirSync(folder).sort()).toEqual(names.map((name) => `${name}.yml`).sort());
    expect(await actionlint(names.map((name) => join(folder, `${name}.yml`)))).toBe("");
    const scratch = mkdtempSync(join(tmpdir(), "actionlint-"));
    try {
      const file = join(scratch, "bad.yml");
      writeFileSync(
        file,
        readFileSync(join(folder, "ci.yml"), "utf8").replace(".ci/run", `echo ${"$"}{{ github.head_ref }}`),
      );
      expect(await actionlint([file])).toMatch(/"github\.head_ref" is potentially untrusted/);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });

  test("every action is pinned to a commit, with its version beside it, and is the same one everywhere", () => {
    const lines = names.flatMap((name) => readFileSync(join(folder, `${name}.yml`), "utf8").match(/uses:.*/g) ?? []);
    expect(lines.length).toBeGreaterThan(20);
    for (const line of lines) expect(line).toMatch(/^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    const actions = new Set(lines);
    expect(new Set([...actions].map((line) => line.split("@")[0])).size).toBe(actions.size);
  });

  test("each job has the permissions that it names and no others, ends in time, and keeps no token in its checkout", () => {
    for (const { title, of, job } of jobs) {
      expect(of.permissions, title).toEqual({});
      expect(Object.keys(job.permissions ?? {}), title).toContain("contents");
      expect(job.permissions!.contents, title).toBe("read");
      expect(job["timeout-minutes"], title).toBeLessThanOrEqual(90);
    }
    for (const { title, step } of steps.filter(({ step }) => step.uses?.startsWith("actions/checkout@"))) {
      expect(step.with?.["persist-credentials"], title).toBe(false);
    }
  });

  test("nothing of GitHub's contexts is put into a script", () => {
    for (const { title, step } of steps) expect(step.run ?? "", title).not.toContain("${{");
  });

  test("what a step runs is a script of package.json", () => {
    const { scripts } = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")) as { scripts: object };
    const used = steps.flatMap(({ step }) =>
      [...(step.run ?? "").matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, name]) => name),
    );
    expect(used.length).toBeGreaterThan(10);
    for (const name of used) expect(Object.keys(scripts)).toContain(name);
    expect(readFileSync(join(repositoryRoot, ".ci/run"), "utf8")).toMatch(/^npm test$/m);
  });

  test("what a fork's pull request runs gets no secret, no sign-in and no token that can write", () => {
    const fork = {
      github: {
        repository: "ada/orchard",
        actor: "grace",
        event: { pull_request: { head: { repo: { full_name: "grace/orchard" } } } },
      },
    };
    const own = {
      github: { ...fork.github, event: { pull_request: { head: { repo: { full_name: "ada/orchard" } } } } },
    };
    const bot = { github: { ...own.github, actor: "dependabot[bot]" } };
    const ran = (contexts: object) =>
      jobs
        .filter(
          ({ of, job }) =>
            "pull_request" in of.on && (!job.if || evaluated(job.if, contexts as Record<string, unknown>)),
        )
        .map(({ title }) => title);
    expect(ran(fork)).toEqual(["ci/test", "preview/fork"]);
    expect(ran(bot)).toEqual(["ci/test", "preview/fork"]);
    expect(ran(own)).toEqual(["ci/test", "preview/preview"]);
    // And each of those is told on its pull request.
    const { if: posted } = workflow("preview-comment").jobs.comment!;
    const ended = ({ github }: typeof fork) => ({
      github: {
        repository: github.repository,
        event: {
          workflow_run: {
            event: "pull_request",
            actor: { login: github.actor },
            head_repository: github.event.pull_request.head.repo,
          },
        },
      },
    });
    expect([fork, bot, own].map((from) => evaluated(posted!, ended(from)))).toEqual([true, true, false]);
    for (const { title, of, job } of jobs.filter(({ title }) => ran(fork).includes(title))) {
      expect(job.permissions, title).toEqual({ contents: "read" });
      expect(job.environment, title).toBeUndefined();
      expect(JSON.stringify([of.env, job]), title).not.toMatch(/secrets\.|github\.token/);
    }
    // With the base's rights on the fork's code: never.
    for (const { of } of jobs) expect(of.on).not.toHaveProperty("pull_request_target");
    expect(JSON.stringify(workflow("preview-comment").jobs)).not.toMatch(/head_sha|head_ref|secrets\./);
  });

  test("whatever looks at the stack has its way to the droplet", () => {
    const looking = jobs.filter(({ job }) =>
      job.steps.some(({ run = "" }) => / --stack "\$STACK".* --(save-plan|plan|markdown) /s.test(run)),
    );
    expect(looking.map(({ title }) => title)).toEqual([
      "preview/preview",
      "deploy/plan",
      "deploy/apply",
      "drift/drift",
    ]);
    for (const { title, job } of looking) {
      const way = job.steps.findIndex(({ run }) => run === "npm run ci:droplet-access");
      expect(job.steps[way]?.env, title).toEqual({
        DROPLET_DEPLOY_KEY: expression("secrets.DROPLET_DEPLOY_KEY"),
        TUNNEL_SERVICE_TOKEN_ID: expression("secrets.TUNNEL_SERVICE_TOKEN_ID"),
      });
      const engines = job.steps.flatMap(({ env }, at) => (env?.DIGITALOCEAN_TOKEN ? [{ env, at }] : []));
      expect(engines, title).toHaveLength(1);
      expect(engines[0]!.at, title).toBeGreaterThan(way);
      expect(engines[0]!.env, title).toMatchObject({
        TUNNEL_SERVICE_TOKEN_ID: expression("secrets.TUNNEL_SERVICE_TOKEN_ID"),
        TUNNEL_SERVICE_TOKEN_SECRET: expression("secrets.TUNNEL_SERVICE_TOKEN_SECRET"),
      });
    }
  });

  test("each environment says which token of Pulumi Cloud its jobs get", () => {
    const signIns = steps.filter(({ step }) => step.uses?.startsWith("pulumi/auth-actions@"));
    expect(signIns.map(({ title }) => title)).toEqual([
      "preview/preview",
      "deploy/plan",
      "deploy/apply",
      "drift/drift",
    ]);
    for (const { title, step } of signIns) {
      expect(step.with, title).toEqual({
        organization: expression("vars.PULUMI_ORGANIZATION"),
        "requested-token-type": `urn:pulumi:token-type:access_token:${expression("vars.PULUMI_TOKEN_TYPE || 'organization'")}`,
        scope: expression("vars.PULUMI_TOKEN_SCOPE"),
      });
    }
  });

  test("one deployment at a time, each to its end, and none before somebody approves", () => {
    expect(workflow("deploy").concurrency).toEqual({ group: "deploy", "cancel-in-progress": false });
    const applies = steps.filter(({ step }) => step.run?.includes("pulumi -- up"));
    expect(applies.map(({ title }) => title)).toEqual(["deploy/apply"]);
    expect(workflow("deploy").jobs.apply!.environment).toBe("production");
    expect(applies[0]!.step.run).toContain('--plan "$RUNNER_TEMP/plan/plan.json"');
    // Of the state that is noted before the preview and found again after it, and before the update.
    const made = workflow("deploy").jobs.plan!.steps.find(({ run }) => run?.includes("--save-plan"))!;
    expect([...made.run!.matchAll(/npm run (?:ci:plan -- )?(\w+)/g)].map(([, what]) => what)).toEqual([
      "begin",
      "preview",
      "check",
    ]);
    expect(made.if).toBeUndefined();
    // By the plan that the merged files have made: what a branch has kept is nowhere near it.
    expect(steps.filter(({ step }) => step.with?.name === "deploy-plan").map(({ title }) => title)).toEqual([
      "deploy/plan",
      "deploy/apply",
    ]);
    expect(JSON.stringify(workflow("deploy").jobs.apply)).not.toMatch(/reviewed|preview-plan/);
  });
});

describe("as they run", () => {
  const PULL = 16;
  /** The run of `preview` that has kept what is in `artifacts`. */
  const RUN = 77;
  /** What is deployed. */
  let deployed = "";
  const artifacts = new Map<string, string>();
  let stack: TestStack;
  let github: StandInServer;
  let problems: string[];
  let scratch: string;
  let head: { sha: string; ref: string };

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "workflows-"));
    stack = await TestStack.create(ONLY_CODA);
    const standIn = createGithubStandIn({ tokens: [{ token: "ada", login: "ada" }], log: () => {} });
    const judged = checked(async (request) => runs(request) ?? standIn.handler(request));
    problems = judged.problems;
    github = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { github: judged.handler } });
    head = (await api<{ head: { sha: string; ref: string } }>(`/pulls/${PULL}`)).head;
  });
  afterAll(async () => {
    await github?.close();
    await stack?.destroy();
    for (const each of [scratch, ...artifacts.values()]) rmSync(each, { recursive: true, force: true });
  });

  /** What the stand-in has not: the runs of these workflows. GitHub's own description judges it all the same. */
  function runs(request: Request): Response | undefined {
    const { pathname, searchParams } = new URL(request.url);
    if (!pathname.endsWith("/actions/workflows/preview.yml/runs")) return undefined;
    const ended = { status: "completed", conclusion: "success", html_url: `${github.origin}/runs/${RUN}` };
    const found = searchParams.get("head_sha") === head.sha ? [described("workflow-run", { id: RUN, ...ended })] : [];
    return Response.json({ total_count: found.length, workflow_runs: found });
  }

  async function api<Answer>(path: string, method = "GET"): Promise<Answer> {
    const response = await fetch(`${github.origin}/github/api/repos/ada/orchard${path}`, {
      method,
      headers: { authorization: "Bearer ada", "user-agent": "test" },
      ...(method !== "GET" && { body: "{}" }),
    });
    return (await response.json()) as Answer;
  }

  /** Runs a job, of which every step has to succeed, unless `ends` says otherwise. */
  async function run(
    of: Workflow,
    id: string,
    event: object,
    {
      ends = true,
      ...more
    }: { ends?: boolean; onCheckout?(): void; skip?(step: Step): boolean; fails?(step: Step): boolean } = {},
  ) {
    const eventFile = join(scratch, "event.json");
    writeFileSync(eventFile, JSON.stringify(event));
    const repository = "ada/orchard";
    const job = of.jobs[id]!;
    const result: JobResult = await runJob(of, job, {
      contexts: {
        github: {
          repository,
          event,
          token: "ada",
          ref: "refs/heads/main",
          actor: "ada",
        },
        vars: { STACK: "local" },
        secrets: {},
      },
      env: {
        HOME: process.env.HOME,
        PATH: process.env.PATH,
        NO_COLOR: "1",
        HYBRID_MCP_LOCAL_DIR: stack.stack.dir,
        GITHUB_API_URL: `${github.origin}/github/api`,
        GITHUB_REPOSITORY: repository,
        GITHUB_EVENT_PATH: eventFile,
        GITHUB_SERVER_URL: "https://github.com",
        GITHUB_RUN_ID: "78",
        GITHUB_SHA: deployed,
        GITHUB_REF_NAME: "main",
      },
      artifacts,
      ...more,
    });
    expect(result.ok, result.log).toBe(ends);
    return result;
  }

  const comments = async () => {
    const all = await api<{ body: string }[]>(`/issues/${PULL}/comments?per_page=100`);
    return all.filter(({ body }) => body.startsWith("<!-- hybrid-mcp"));
  };
  /** The stand-in's Ada is whom the steps write as. */
  const asAda = (of: Workflow): Workflow =>
    JSON.parse(JSON.stringify(of).replaceAll(/(npm run ci:(comment|issue) --)/g, "$1 --as ada")) as Workflow;
  const pullRequest = {
    pull_request: { number: PULL, head: { sha: "c".repeat(40), repo: { full_name: "ada/orchard" } } },
  };
  const isDown = (step: Step) => step.run?.startsWith("npm run down") === true;

  test("a fork's pull request: the base goes up, and what the pull request makes of it is told, without a secret", async () => {
    let checkouts = 0;
    const event = { pull_request: { ...pullRequest.pull_request, base: { sha: "b".repeat(40) } } };
    await run(workflow("preview"), "fork", event, {
      // What the pull request changes.
      onCheckout: () => {
        if (++checkouts === 2) stack.stack.setFlag(["services", "coda", "placement"], "droplet");
      },
      skip: isDown,
    });
    const told = readFileSync(join(artifacts.get("fork-preview")!, "preview.txt"), "utf8");
    expect(told).toMatch(/^Stack local: /);
    expect(told).toContain("Coda");
    expect(told).not.toContain(stack.stack.identity.codaToken);

    const workflow_run = {
      ...{ id: 1, event: "pull_request", head_sha: head.sha, head_branch: head.ref },
      head_repository: { full_name: "ada/orchard", owner: { login: "ada" } },
    };
    await run(asAda(workflow("preview-comment")), "comment", { workflow_run, repository: { default_branch: "main" } });
    const [comment] = await comments();
    expect(comment!.body).toMatch(/^<!-- hybrid-mcp preview: local -->\n### What this does, on a local cloud\n/);
    expect(comment!.body).toContain(`\`\`\`text\n${told.trimEnd()}\n\`\`\`\n`);
  });

  test("a fork's preview that was cut off early: its comment says so", async () => {
    artifacts.delete("fork-preview");
    const workflow_run = {
      ...{
        id: 1,
        event: "pull_request",
        head_sha: head.sha,
        head_branch: head.ref,
        html_url: "https://github.com/run",
      },
      head_repository: { full_name: "ada/orchard", owner: { login: "ada" } },
    };
    await run(asAda(workflow("preview-comment")), "comment", { workflow_run, repository: { default_branch: "main" } });
    const posted = await comments();
    expect(posted).toHaveLength(1);
    expect(posted[0]!.body).toContain(`**The preview of ${head.sha} could not be made`);
    expect(posted[0]!.body).toContain("https://github.com/run");
  });

  test("a preview that fails early, as at the sign-in: the comment says so, and what was there does not stay", async () => {
    await run(asAda(workflow("preview")), "preview", pullRequest, {
      ends: false,
      fails: ({ uses }) => uses?.startsWith("pulumi/auth-actions@") === true,
    });
    const posted = await comments();
    expect(posted).toHaveLength(1);
    expect(posted[0]!.body).toContain(`**The preview of ${"c".repeat(40)} could not be made`);
    expect(posted[0]!.body).toContain("(https://github.com/ada/orchard/actions/runs/78)");
    expect([...artifacts.keys()]).not.toContain("preview-plan");
  });

  test("a pull request of this repository: one comment, and a plan that is kept, without a secret in clear", async () => {
    await run(asAda(workflow("preview")), "preview", pullRequest);
    const posted = await comments();
    expect(posted).toHaveLength(1);
    expect(posted[0]!.body).toMatch(
      /^<!-- hybrid-mcp preview: local -->\n+### What this change does \(stack `local`\)\n/,
    );
    expect(posted[0]!.body).toMatch(/Coda.*droplet/);
    const plan = readFileSync(join(artifacts.get("preview-plan")!, "plan.json"), "utf8");
    const { codaToken, clientSecrets, cloudflareToken } = stack.stack.identity;
    for (const secret of [codaToken, cloudflareToken, ...Object.values(clientSecrets)])
      expect(plan).not.toContain(secret);
  });

  test("merged: a plan is made anew, said to be what was reviewed, and applied, and nothing else", async () => {
    deployed = (await api<{ sha: string }>(`/pulls/${PULL}/merge`, "PUT")).sha;
    const planned = await run(workflow("deploy"), "plan", {});
    expect(planned.summary).toMatch(
      /^\*\*As it was reviewed\*\*: this does what the preview in http:.*\/runs\/77 said\.\n\n<!-- hybrid-mcp preview: local -->\n/,
    );
    // The config is a file of the repository, which the merge has changed; that of a local stack is made of its flags.
    const onCheckout = () => {
      const file = stack.stack.path("project", "Pulumi.local.yaml");
      const project = parse(readFileSync(file, "utf8")) as { config: { "hybrid-mcp:services": { coda: object } } };
      Object.assign(project.config["hybrid-mcp:services"].coda, { placement: "droplet" });
      writeFileSync(file, stringify(project));
    };
    await run(workflow("deploy"), "apply", {}, { onCheckout });
    expect((await fetch(`${stack.codaUrl}/health`)).headers.get("x-served-by")).toBe("droplet");
  });

  test("merged again: what a plan does not do as it was reviewed is said, as is what nobody has reviewed", async () => {
    const stale = await run(workflow("deploy"), "apply", {}, { ends: false });
    expect(stale.log).toContain('The stack "local" was changed since its preview began');
    expect(stale.log).not.toContain("pulumi -- up");

    const again = await run(workflow("deploy"), "plan", {});
    expect(again.summary).toMatch(/^\*\*This is not what was reviewed\*\* in http:.*`coda-route`/);

    artifacts.delete("preview-plan");
    const expired = await run(workflow("deploy"), "plan", {});
    expect(expired.summary).toMatch(/^\*\*Whether this was reviewed cannot be told\*\*/);

    deployed = head.sha;
    const pushed = await run(workflow("deploy"), "plan", {});
    expect(pushed.log).toContain(`No pull request that was merged as ${head.sha} has a preview`);
    expect(pushed.summary).toMatch(/^\*\*This was not reviewed\*\*/);
    expect(readdirSync(artifacts.get("deploy-plan")!).sort()).toEqual(["plan-of.json", "plan.json", "preview.md"]);
  });

  test("drift: one issue while there is some, closed when there is none", async () => {
    const issues = async () => {
      const all = await api<{ title: string; body: string | null; state: string }[]>("/issues?state=all&per_page=100");
      return all.filter(({ body }) => body?.startsWith("<!-- hybrid-mcp drift: local -->"));
    };
    const drift = () => run(asAda(workflow("drift")), "drift", {});
    const routes = `/zones/${stack.stack.identity.zoneId}/workers/routes`;
    const route = (await stack.cloudflare<{ id: string; pattern: string }[]>(routes)).find(({ pattern }) =>
      pattern.startsWith("coda-mcp."),
    )!;
    const put = (script: string | null) =>
      fetch(`http://127.0.0.1:${stack.stack.ports.api}/client/v4${routes}/${route.id}`, {
        method: "PUT",
        headers: {
          authorization: `Bearer ${stack.stack.identity.cloudflareToken}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({ pattern: route.pattern, script }),
      });
    await put(`${stack.stack.name}-coda`);
    await drift();
    expect(await issues()).toMatchObject([
      { title: "Changed past Pulumi - local", state: "open", body: expect.stringContaining("coda-route") },
    ]);
    await put(null);
    await drift();
    expect(await issues()).toMatchObject([{ state: "closed" }]);
    // Every request that the steps have made is one that GitHub knows.
    expect(problems).toEqual([]);
  });

  test("the last step of a fork's run takes its stack down", async () => {
    await run(workflow("preview"), "fork", pullRequest, { skip: (step) => !isDown(step) });
    expect(stack.processes()).toEqual([]);
  });
});
