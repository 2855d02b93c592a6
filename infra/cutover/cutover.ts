import { setTimeout as delay } from "node:timers/promises";
import type { Placement, ServiceName } from "@hybrid-mcp/catalogue";
import * as pulumi from "@pulumi/pulumi";
import { type Config, dropletUrl, publicUrl } from "../config.ts";
import { engineClient } from "../droplet/engine-client.ts";
import { known } from "../known.ts";
import type { DeployedService } from "../service.ts";
import { watchDrain } from "./drain.ts";
import { GateError, gate, systemClock } from "./gate.ts";
import { healthOf } from "./side.ts";

export interface CutoverArgs {
  config: Config;
  service: ServiceName;
  placement: Placement;
  version: string;
  /** Of the container, where the new side is one. */
  revision?: pulumi.Output<string> | undefined;
  /** Origin at which the new side is asked past the route. */
  newSide: string;
  /** Of the old side, where that is a container. */
  engine: OldEngine;
}

/** The Docker Engine that the last update's containers run on; there may be none. */
export type OldEngine = pulumi.Output<{ host: string; sshOptions: string[] } | null>;

/**
 * The steps around a change of a service's route, as hooks on that resource: they run when the route is about to move
 * and at no other time, and a failing one fails the update (https://www.pulumi.com/docs/iac/concepts/options/hooks/).
 *
 * - before: the gate asks the *new* side, and that side its broker; if anything is not right, the route stays and traffic
 *   with it. Only where clients get errors already, because the side that they are at is dead, is the route moved all the
 *   same, and that told: it is the way out of there.
 * - after: the public URL must answer from the new side for `confirmSeconds` without a break, by which time the edge has
 *   moved everywhere. The old container, if there is one, is deleted at the end of the update: it gets SIGTERM and
 *   `drainSeconds` to finish what runs on it; what became of that is told.
 */
export function cutoverHooks({
  config,
  service,
  placement,
  version,
  revision,
  newSide,
  engine,
}: CutoverArgs): pulumi.ResourceHookBinding {
  const expected = async () => ({ service, placement, version, revision: revision && (await known(revision)) });
  const { gateSeconds, confirmSeconds, dial } = config.cutover;
  const ask = (path: string) => (origin: string, withinMs: number) => healthOf(origin, dial, path, { withinMs });
  const clientsUrl = publicUrl(config, service);
  const say = (message: string) => pulumi.log.info(`${service}: ${message}`);

  const before = new pulumi.ResourceHook(`${service}-gate`, async ({ oldInputs }) => {
    say(`asking the new side at ${newSide}`);
    try {
      const seconds = await gate({
        expected: await expected(),
        clock: systemClock,
        ask: ask("/health/ready"),
        origin: newSide,
        deadlineSeconds: gateSeconds,
        tell: say,
      });
      say(`${placement} is healthy, version ${version} (${seconds.toFixed(1)} s)`);
    } catch (error) {
      if (!(error instanceof GateError)) throw error;
      // Of a route that is made there are no clients yet.
      const broken = oldInputs && (await errorAt(clientsUrl, dial));
      if (broken === undefined) {
        error.message += " The route was not moved; traffic stays where it was.";
        throw error;
      }
      const why = `The route moves all the same: clients get ${broken} at ${clientsUrl} where they are led now.`;
      void pulumi.log.warn(`${error.message} ${why}`);
    }
  });
  const after = new pulumi.ResourceHook(`${service}-confirm`, async ({ oldInputs }) => {
    const deadlineSeconds = confirmSeconds + gateSeconds;
    const seconds = await gate({
      expected: await expected(),
      clock: systemClock,
      ask: ask("/health"),
      origin: clientsUrl,
      deadlineSeconds,
      steadySeconds: confirmSeconds,
      tell: say,
    }).catch((error: unknown) => {
      // A line of its own: what `flip` tells of the service is the first.
      if (error instanceof GateError && oldInputs) error.message += `\n${movedAllTheSame(service, placement)}`;
      throw error;
    });
    say(`${clientsUrl} is served by ${placement} (${seconds.toFixed(1)} s)`);
    if (placement === "workers") await tellDrain(config, service, engine);
  });
  return { beforeCreate: [before], beforeUpdate: [before], afterCreate: [after], afterUpdate: [after] };
}

/** The engine keeps a route as moved whose *after* hook failed: no later update asks again. */
function movedAllTheSame(service: ServiceName, placement: Placement): string {
  const back = placement === "workers" ? "droplet" : "workers";
  return (
    `The route of ${service} has moved to ${placement} all the same. \`npm run flip\` takes it back by itself; ` +
    `after \`pulumi up\`: npm run flip -- ${service} ${back} --stack ${pulumi.getStack()}`
  );
}

/** How often clients' address is asked before it counts as broken, and the pause between, in milliseconds. */
const ASKED = 4;
const PAUSE_MS = 500;

/**
 * The error that clients get, where they get nothing else: one of the edge's own, or of the service. No answer at all is none:
 * it may be this machine that reaches nobody.
 */
async function errorAt(origin: string, dial: string | undefined): Promise<string | undefined> {
  for (let asked = 1; ; asked++) {
    const answer = await healthOf(origin, dial);
    if ("unreachable" in answer || answer.status < 500) return undefined;
    if (asked === ASKED) return `HTTP ${answer.status}`;
    await delay(PAUSE_MS);
  }
}

/**
 * The step after the tunnel has been led to other containers, as a hook on its ingress rules: each service that has one
 * must answer through the tunnel in its new revision for `confirmSeconds` without a break, by which time every connector
 * has taken the rules over. Only then are the old containers deleted, which drains them.
 */
export function colourHooks(
  config: Config,
  services: DeployedService[],
  engine: OldEngine,
): pulumi.ResourceHookBinding {
  const { gateSeconds, confirmSeconds, dial } = config.cutover;
  const confirm = new pulumi.ResourceHook("tunnel-confirm", async () => {
    const asked = services.filter(({ container }) => container);
    const confirmed = await Promise.allSettled(
      asked.map(async ({ service, version, description: { revision } }) =>
        gate({
          expected: { service, placement: "droplet", version, revision: await known(revision) },
          origin: dropletUrl(config, service),
          ask: (origin, withinMs) => healthOf(origin, dial, undefined, { withinMs }),
          clock: systemClock,
          deadlineSeconds: confirmSeconds + gateSeconds,
          steadySeconds: confirmSeconds,
          tell: (message) => void pulumi.log.info(`${service}: ${message}`),
        }).catch((error: unknown) => {
          if (error instanceof GateError)
            error.message += " No route was moved to the droplet, and no container taken away.";
          throw error;
        }),
      ),
    );
    // A line for each: what failed may be several services'.
    const failed = confirmed.flatMap((each) => (each.status === "rejected" ? [(each.reason as Error).message] : []));
    if (failed.length > 0) throw new Error(failed.join("\n"));
    await Promise.all(asked.map(({ service }) => tellDrain(config, service, engine)));
  });
  return { afterUpdate: [confirm] };
}

/** How long the engine may take to be reached for that, in milliseconds. */
const REACHED_MS = 15_000;

/** Services whose old containers are watched already, in this run. */
const watched = new Set<ServiceName>();

/** From here on, what becomes of the old containers of a service is told. It is no reason to fail a flip that was made. */
async function tellDrain({ name, cutover }: Config, service: ServiceName, engine: OldEngine): Promise<void> {
  if (watched.has(service)) return;
  watched.add(service);
  const last = await known(engine);
  if (!last) return;
  const warn = (message: string) => void pulumi.log.warn(`${service}: ${message}`);
  try {
    const watching = watchDrain({
      docker: engineClient(last.host, last.sshOptions),
      stack: name,
      service,
      drainSeconds: cutover.drainSeconds,
      say: (message) => void pulumi.log.info(`${service}: ${message}`),
      warn,
    });
    const tooLate = delay(REACHED_MS, undefined, { ref: false }).then(() => {
      throw new Error(`${last.host} did not answer within ${REACHED_MS / 1000} s.`);
    });
    await Promise.race([watching, tooLate]);
  } catch (error) {
    warn(`what becomes of calls on an old container is not told: ${(error as Error).message}`);
  }
}
