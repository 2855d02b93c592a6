import { readFileSync } from "node:fs";
import { Octokit } from "@octokit/core";
import { UserError } from "../local/cli/user-error.ts";

/** Who GitHub says has written what a workflow writes with its own token. */
export const BOT = "github-actions[bot]";

/** GitHub, as a workflow's step reaches it. */
export interface Github {
  owner: string;
  repo: string;
  /**
   * Asks the API, https://docs.github.com/en/rest
   * @param route e.g. `POST /repos/{owner}/{repo}/issues`; `owner` and `repo` are filled in
   * @throws {UserError} when GitHub is not reached or refuses
   */
  request<Answer>(route: string, parameters?: Record<string, unknown>): Promise<Answer>;
  /** All items of a list, page by page. */
  all<Item>(route: string, parameters?: Record<string, unknown>): AsyncGenerator<Item>;
}

/**
 * @param env of the step: https://docs.github.com/en/actions/reference/workflows-and-actions/variables, and GITHUB_TOKEN
 * @throws {UserError} when something is missing in it
 */
export function githubOf(env: NodeJS.ProcessEnv): Github {
  const { GITHUB_TOKEN: auth, GITHUB_REPOSITORY: repository = "", GITHUB_API_URL: baseUrl } = env;
  const [owner, repo] = repository.split("/");
  if (!auth || !owner || !repo) {
    throw new UserError(
      "This runs as a step of a GitHub workflow: GITHUB_TOKEN and GITHUB_REPOSITORY (<owner>/<name>) have to be in its environment.",
    );
  }
  const octokit = new Octokit({ auth, ...(baseUrl && { baseUrl }), log: quiet });
  const request = async <Answer>(route: string, parameters: Record<string, unknown> = {}): Promise<Answer> => {
    try {
      const { data } = await octokit.request(route, { owner, repo, ...parameters });
      return data as Answer;
    } catch (error) {
      throw new UserError(
        inWords(route, error as Error & { status?: number }, octokit.request.endpoint.DEFAULTS.baseUrl),
      );
    }
  };
  return {
    owner,
    repo,
    request,
    async *all<Item>(route: string, parameters: Record<string, unknown> = {}) {
      const per_page = 100;
      for (let page = 1; ; page++) {
        const items = await request<Item[]>(route, { ...parameters, per_page, page });
        yield* items;
        if (items.length < per_page) return;
      }
    },
  };
}

/** What the step's own event says; GitHub writes it into a file. */
export function eventOf(env: NodeJS.ProcessEnv): Record<string, unknown> {
  if (!env.GITHUB_EVENT_PATH)
    throw new UserError("GITHUB_EVENT_PATH is not set: this runs as a step of a GitHub workflow.");
  return JSON.parse(readFileSync(env.GITHUB_EVENT_PATH, "utf8")) as Record<string, unknown>;
}

const nothing = () => {};
const quiet = { debug: nothing, info: nothing, warn: nothing, error: nothing };

function inWords(route: string, error: Error & { status?: number }, baseUrl: string): string {
  // Octokit gives what never got an answer the status 500, with the reason in `cause`.
  const cause = error.cause as Error | undefined;
  if (cause)
    return `GitHub is not reached at ${baseUrl}: ${deepest(cause).message || cause.message}. Run the job again.`;
  const advice =
    error.status === 403 || error.status === 404
      ? " The job's token has no right to it: look at `permissions` in the workflow."
      : error.status !== undefined && error.status >= 500
        ? " Run the job again."
        : "";
  return `GitHub answers ${error.status ?? "nothing"} to ${route}: ${error.message.split(" - https://")[0]}.${advice}`;
}

function deepest(error: Error): Error {
  return error.cause instanceof Error ? deepest(error.cause) : error;
}
