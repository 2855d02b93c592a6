import type { Handler } from "../faults.ts";
import { type PublishedDescription, publishedDescription } from "./published-description.ts";

/** Problems of one answer that are told: where it is of another form, everything is wrong. */
const MOST = 3;

/**
 * Puts a judge in front of the stand-in: every request and every answer is held against GitHub's own description. GraphQL
 * has a schema of its own, by which the stand-in executes: an error without a type says that the query does not fit it.
 *
 * @param description to share one that was read before
 * @returns `problems`, to which whatever is not as described is added
 */
export function checked(
  handler: Handler,
  description: PublishedDescription = publishedDescription(),
): { handler: Handler; problems: string[] } {
  const problems: string[] = [];
  const graphqlJudged = async (response: Response) => {
    if (response.status !== 200 || !isJudged(response)) return response;
    const { errors = [] } = (await response.clone().json()) as { errors?: { type?: string; message: string }[] };
    problems.push(...errors.filter(({ type }) => !type).map(({ message }) => `POST /graphql: ${message}`));
    return response;
  };
  const judging: Handler = async (request) => {
    const { pathname, search } = new URL(request.url);
    const path = pathname.replace(/^.*?\/api(?=\/|$)/, "");
    // What is not below the API is storage, of which there is no description.
    if (path === pathname || pathname.endsWith("/_control")) return handler(request);
    if (path === "/graphql") return graphqlJudged(await handler(request));
    const { method } = request;
    const sent = await request.clone().text();
    const wrong = description.requestProblems(method, path + search, sent === "" ? undefined : jsonIn(sent));
    const response = await handler(request);
    const operation = description.operation(method, path);
    const form = formOf(request, description.mediaTypes(operation, response.status));
    if (isJudged(response)) {
      const text = await response.clone().text();
      const body = text === "" ? undefined : jsonIn(text);
      for (const each of description.problems(operation, response.status, body, form).slice(0, MOST)) {
        wrong.push(`${operation}: answered ${response.status}: ${each}: ${text.slice(0, 300)}`);
      }
    }
    problems.push(...wrong.map((problem) => `${method} ${path}${search}: ${problem}`));
    return response;
  };
  return { handler: judging, problems };
}

/** Files, diffs and the pages of something in GitHub's place have no schema; a 304 is the answer before. */
function isJudged(response: Response): boolean {
  const type = response.headers.get("content-type");
  return response.status !== 304 && (type === null || type.startsWith("application/json"));
}

/** Which form of the answer is asked for, of those that there are. */
function formOf(request: Request, mediaTypes: string[]): string {
  const bare = (type: string) => type.trim().replace(/\+json$/, "");
  const accepted = (request.headers.get("accept") ?? "").split(",").map(bare);
  return mediaTypes.find((each) => each !== "application/json" && accepted.includes(bare(each))) ?? "application/json";
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
