import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { catalogue, isServiceName, type Placement, type ServiceName, serviceNames } from "@hybrid-mcp/catalogue";
import { healthOf } from "../../infra/cutover/side.ts";
import { moveServices } from "./move-services.ts";
import { successfulUpdates, type WayBack, wayBack } from "./placement-history.ts";
import { type StackView, viewStack } from "./stack-view.ts";
import { ago } from "./status-table.ts";
import { runCommand, say, UserError } from "./user-error.ts";

/** Pause between two looks at who answers clients, in milliseconds. */
const PAUSE_MS = 100;

/**
 * `npm run rollback`: puts a service back to where it was before its last flip, or before the one that has not come to its end.
 * It is a flip, with the same gates.
 */
await runCommand(async () => {
  const { service, stack } = parse();
  const view = await viewStack(stack, say);
  const url = (await view.deployed()).services[service]?.url;
  const { title } = catalogue[service];
  if (url === undefined) throw new UserError(`${title} is not deployed: there is nothing to put back.`);

  let back: WayBack | undefined;
  let served: ReturnType<typeof whenServedBy> | undefined;
  try {
    // Another command that works on the stack has come to its end by then: it may be what is undone.
    await moveServices(stack, async (movable) => {
      back = await goingBack(view, service, [await movable.placement(service), await servedAt(url, view.dial)]);
      const why = back.flip
        ? `its last flip was ${ago(back.flip.at, Date.now())}, ${back.flip.at}.`
        : `a flip to ${back.from} has not come to its end.`;
      say(`${title} goes back from ${back.from} to ${back.to}: ${why}`);
      served = whenServedBy(back.to, url, view.dial);
      return [{ service, placement: back.to }];
    });
  } catch (error) {
    await served?.stop();
    throw error;
  }
  const at = await served?.stop();
  // Since this process was started.
  const seconds = (moment: number) => `${(moment / 1000).toFixed(1)} s`;
  const clients = at === undefined ? "" : `Clients were served by ${back?.to} after ${seconds(at)}. `;
  const again = back?.flip ? "; `npm run rollback` again goes forth again" : "";
  say(`${clients}The rollback took ${seconds(performance.now())} in all${again}.`);
});

/** @throws {UserError} when the service has never moved */
async function goingBack(view: StackView, service: ServiceName, now: (string | undefined)[]): Promise<WayBack> {
  const back = await wayBack(successfulUpdates(view.run), service, now.filter(isPlacement));
  if (back) return back;
  throw new UserError(
    `${catalogue[service].title} has not been moved in the history of the stack "${view.name}": there is no earlier place to go back to.`,
  );
}

function isPlacement(text: string | undefined): text is Placement {
  return text === "workers" || text === "droplet";
}

/** Who answers clients; whoever cannot be reached is nobody. */
async function servedAt(url: string, dial: string | undefined): Promise<string | undefined> {
  const answer = await healthOf(new URL(url).origin, dial);
  return "servedBy" in answer ? answer.servedBy : undefined;
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
      const servedBy = await servedAt(url, dial);
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
