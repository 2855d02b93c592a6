import type { Faults, Handler } from "../faults.ts";
import { publishedDescription } from "./published-description.ts";

/** Below where the stand-in is mounted. */
const BASE_PATH = "/apis/v1";

/**
 * Puts Coda's published description between a client and the stand-in: what either says that is not as described is noted.
 * While the stand-in makes errors on purpose its answers are not judged.
 *
 * @param standIn as `createCodaStandIn` makes it
 * @returns the same stand-in, and what was found so far, a line each
 */
export function judged(standIn: { handler: Handler; faults: Faults }): {
  handler: Handler;
  faults: Faults;
  problems: string[];
} {
  const description = publishedDescription();
  const problems: string[] = [];
  const handler: Handler = async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const at = pathname.indexOf(BASE_PATH);
    if (at < 0) return standIn.handler(request);
    const operation = description.operation(request.method, pathname.slice(at + BASE_PATH.length));
    const note = (what: string[], about: string) => {
      for (const problem of what) problems.push(`${request.method} ${pathname}, ${about}: ${problem}`);
    };
    const text = await request.clone().text();
    note(description.requestProblems(operation, searchParams, text === "" ? undefined : JSON.parse(text)), "asked");
    const faulty = Object.keys(standIn.faults.current()).length > 0;
    const response = await standIn.handler(request);
    if (!faulty) {
      const { status } = response;
      note(description.problems(operation, status, await response.clone().json()), `answered ${status}`);
    }
    return response;
  };
  return { handler, faults: standIn.faults, problems };
}
