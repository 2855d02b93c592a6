import { catalogue, type Placement, type ServiceName } from "@hybrid-mcp/catalogue";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { checkConfig } from "./check-config.ts";
import { type EngineError, errorsIn, hasChanged, withEvents } from "./engine-events.ts";
import { awaitOwnRuns } from "./killed-runs.ts";
import { realStack } from "./real-stack.ts";
import { recover } from "./recover.ts";
import { output, withTerminal } from "./run-pulumi.ts";
import { exclusively, startSession } from "./session.ts";
import { LocalStack, placementOf, type Values } from "./stack.ts";
import { eventsOf, update } from "./update.ts";
import { say, UserError } from "./user-error.ts";

/** A service and where it is to run. */
export interface Move {
  service: ServiceName;
  placement: Placement;
}

/** A stack in which services are moved. */
export interface MovableStack {
  /** For messages: the command that goes on where this one failed. */
  goOn: string;
  /** A service's flag; undefined where none is set. */
  flag(service: ServiceName): Promise<string | undefined>;
  setFlag(service: ServiceName, placement: string | undefined): Promise<void>;
  /** Where the config places a service. */
  placement(service: ServiceName): Promise<string>;
  /** Runs the update. @returns the engine's exit code */
  update(): Promise<number>;
  /** What the engine told of the last update. */
  events(): EngineEvent[];
}

/**
 * Moves services: sets their flags and runs the update, with the gates around each.
 *
 * @param stack as Pulumi names it; `local` is the local stack
 * @throws {UserError} when one was not moved; it says for each what became of it
 */
export async function moveServices(stack: string, moves: Move[]): Promise<void> {
  await (stack === "local" ? moveLocally(moves) : moveOnStack(stack, moves));
}

async function moveLocally(moves: Move[]): Promise<void> {
  const stack = new LocalStack();
  if (!stack.exists()) throw new UserError("There is no local stack yet: npm run up");
  await exclusively(stack, async () => {
    checkConfig(stack);
    const session = await startSession(stack, { noDocker: stack.identity.containers === "processes" });
    let updates = 0;
    await moveTogether(moves, {
      goOn: "npm run up",
      flag: async (service) =>
        ((stack.flags.services as Values | undefined)?.[service] as { placement?: string } | undefined)?.placement,
      setFlag: async (service, placement) => stack.setFlag(["services", service, "placement"], placement),
      placement: async (service) => placementOf(stack, service),
      update: async () => {
        if (updates++ > 0) {
          // An engine that was ended half-way leaves what it has started at work, its lock, and unknown what was made.
          await awaitOwnRuns(stack.dir);
          await recover(stack, session.engine);
        }
        return update(session);
      },
      events: () => eventsOf(stack),
    });
  });
}

/** The same on a real stack, with the person's own Pulumi login and environment. */
async function moveOnStack(stack: string, moves: Move[]): Promise<void> {
  const { engine, options } = await realStack(stack);
  const events: EngineEvent[] = [];
  const key = (service: ServiceName) => ["--path", `hybrid-mcp:services.${service}.placement`, "--stack", stack];
  const flag = (service: ServiceName) =>
    output(engine, ["config", "get", ...key(service)], options).then(
      (text) => text.trim(),
      () => undefined,
    );
  await moveTogether(moves, {
    goOn: `pulumi up --stack ${stack}`,
    flag,
    setFlag: async (service, placement) => {
      const change = placement === undefined ? ["rm", ...key(service)] : ["set", ...key(service), placement];
      await output(engine, ["config", ...change], options);
    },
    placement: async (service) => (await flag(service)) ?? catalogue[service].placements[0],
    update: () => {
      events.length = 0;
      return withEvents(
        (event) => events.push(event),
        ({ args, env }) =>
          withTerminal(engine, ["up", "--yes", "--skip-preview", "--stack", stack, ...args], {
            ...options,
            env: { ...options.env, ...env },
          }),
      );
    },
    events: () => events,
  });
}

/**
 * Moves services in one update. An update that fails deletes nothing, and is stopped at its first error: so the flags of those
 * that failed are put back, and it is run again for the others, until what is left has moved.
 *
 * @throws {UserError} when one was not moved
 */
export async function moveTogether(moves: Move[], stack: MovableStack): Promise<void> {
  const before = new Map<ServiceName, string | undefined>();
  for (const { service, placement } of moves) {
    before.set(service, await stack.flag(service));
    await stack.setFlag(service, placement);
  }
  const title = ({ service }: Move) => catalogue[service].title;
  const notMoved = new Map<Move, string>();
  // What a Ctrl-C ends is the engine's run; what belongs to a failed flip is done all the same.
  const ignore = () => {};
  process.on("SIGINT", ignore);
  let settled = false;
  try {
    let left = moves;
    for (let retried = false; ; ) {
      settled = (await stack.update()) === 0;
      if (settled) break;
      const failed = failuresOf(left, stack.events());
      if (failed.size === 0 && retried) break;
      retried = failed.size === 0;
      for (const [move, why] of failed) {
        notMoved.set(move, why);
        await stack.setFlag(move.service, before.get(move.service));
      }
      left = left.filter((move) => !failed.has(move));
      say(
        failed.size === 0
          ? "\nThe update failed; once more for what is left of it."
          : `\nThe flip failed for ${[...failed.keys()].map(title).join(" and ")}: the flag is as it was. Taking back what was started for it` +
              `${left.length > 0 ? `, and going on with ${left.map(title).join(" and ")}` : ""}.`,
      );
    }
  } finally {
    process.off("SIGINT", ignore);
  }

  const lines = await Promise.all(
    moves.map(async (move) => {
      const why = notMoved.get(move);
      if (why === undefined) return `${title(move)} runs on ${move.placement}.`;
      const where = await stack.placement(move.service);
      return `${title(move)} was not moved to ${move.placement}: ${why} It is placed on ${where}, as before.`;
    }),
  );
  if (!settled) lines.push(`The last update failed too; what failed is above. ${stack.goOn} tries again.`);
  if (notMoved.size > 0 || !settled) throw new UserError(`\n${lines.join("\n")}`);
  say(`\n${lines.join("\n")}`);
}

/**
 * Which of the services an update has failed to move, and why, as a sentence each: those with an error of their own; of an
 * error that is nobody's, all that have not moved.
 */
export function failuresOf(moves: Move[], events: EngineEvent[]): Map<Move, string> {
  // What could not be taken away at the end has been left by everybody.
  const errors = errorsIn(events).filter(({ deleting }) => !deleting);
  const own = moves.flatMap((move): [Move, string][] => {
    const [error] = errors.filter((each) => isOf(move.service, each));
    return error ? [[move, sentence(error.message, move.service)]] : [];
  });
  if (own.length > 0) return new Map(own);
  const unmoved = moves.filter(({ service }) => !hasChanged(events, `${service}-route`));
  const cancelled = errors.some(({ message }) => message === "update canceled");
  return new Map(unmoved.map((move) => [move, cancelled ? "it was cancelled." : "what failed is above."]));
}

/** Whether an error happened to a service: to a resource of its own, or to a shared one with the service's name in front. */
function isOf(service: ServiceName, { resource, message }: EngineError): boolean {
  return resource === service || resource?.startsWith(`${service}-`) || about(message, service) !== undefined;
}

/** What a hook's error says about a service: hooks of what is shared write a line for each, its name in front. */
function about(message: string, service: ServiceName): string | undefined {
  return new RegExp(`(?:^|: )${service}: (.+)$`, "m").exec(message)?.[1];
}

function sentence(message: string, service: ServiceName): string {
  const text = (about(message, service) ?? message.split("\n")[0]!).trim();
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
