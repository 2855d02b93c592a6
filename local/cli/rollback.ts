import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { catalogue, isServiceName, type Placement, type ServiceName, serviceNames } from "@hybrid-mcp/catalogue";
import { healthOf } from "../../infra/cutover/side.ts";
import { moveServices } from "./move-services.ts";
import { type Flip, lastFlips, successfulUpdates } from "./placement-history.ts";
import { type StackView, viewStack } from "./stack-view.ts";
import { ago } from "./status-table.ts";
import { runCommand, say, UserError } from "./user-error.ts";

/** Pause between two looks at who answers clients, in milliseconds. */
const PAUSE_MS = 100;

/** `npm run rollback`: puts a service back to where it was before its last flip. It is a flip, with the same gates. */
await runCommand(async () => {
  const { service, stack } = parse();
  const view = await viewStack(stack, say);
  const [flip, deployed] = await Promise.all([lastFlip(view, service), view.deployed()]);
  const url = deployed.services[service]?.url;
  if (url === undefined)
    throw new UserError(`${catalogue[service].title} is not deployed: there is nothing to put back.`);

  const { title } = catalogue[service];
  say(`${title} goes back from ${flip.to} to ${flip.from}: its last flip was ${ago(flip.at, Date.now())}, ${flip.at}.`);
  const served = whenServedBy(flip.from, url, view.dial);
  try {
    await moveServices(stack, [{ service, placement: flip.from }]);
  } catch (error) {
    await served.stop();
    throw error;
  }
  const at = await served.stop();
  // Since this process was started.
  const seconds = (moment: number) => `${(moment / 1000).toFixed(1)} s`;
  const clients = at === undefined ? "" : `Clients were served by ${flip.from} after ${seconds(at)}. `;
  say(`${clients}The rollback took ${seconds(performance.now())} in all; \`npm run rollback\` again goes forth again.`);
});

/** @throws {UserError} when the service has never moved */
async function lastFlip(view: StackView, service: ServiceName): Promise<Flip> {
  const flip = (await lastFlips(successfulUpdates(view.run), [service]))[service];
  if (flip) return flip;
  throw new UserError(
    `${catalogue[service].title} has not been moved in the history of the stack "${view.name}": there is no earlier place to go back to.`,
  );
}

/**
 * Watches who answers clients.
 *
 * @returns `stop` ends it, and resolves with the moment from which on `placement` has answered (`performance.now()`)
 */
function whenServedBy(placement: Placement, url: string, dial: string | undefined) {
  const stopped = new AbortController();
  let since: number | undefined;
  const watching = (async () => {
    while (!stopped.signal.aborted) {
      const answer = await healthOf(new URL(url).origin, dial);
      // Whoever cannot be reached is nobody.
      const servedBy = "servedBy" in answer ? answer.servedBy : undefined;
      if (servedBy === placement) since ??= performance.now();
      else if (servedBy !== undefined) since = undefined;
      await delay(PAUSE_MS, undefined, { signal: stopped.signal }).catch(() => {});
    }
  })();
  return {
    async stop(): Promise<number | undefined> {
      stopped.abort();
      await watching;
      return since;
    },
  };
}

function parse(): { service: ServiceName; stack: string } {
  const usage = "Usage: npm run rollback -- <service> [--stack local]";
  let parsed: { values: { stack: string }; positionals: string[] };
  try {
    parsed = parseArgs({ allowPositionals: true, options: { stack: { type: "string", default: "local" } } });
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n${usage}`);
  }
  const [service, ...rest] = parsed.positionals;
  if (service === undefined || rest.length > 0) throw new UserError(usage);
  if (!isServiceName(service)) {
    throw new UserError(`There is no service "${service}"; the services are: ${serviceNames.join(", ")}.\n${usage}`);
  }
  return { service, stack: parsed.values.stack };
}
