import { setTimeout as delay } from "node:timers/promises";
import { catalogue, type Placement, type ServiceName } from "@hybrid-mcp/catalogue";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { healthOf, judge } from "../../infra/cutover/side.ts";
import { checkConfig } from "./check-config.ts";
import { type EngineError, errorsIn, hasChanged, withEvents } from "./engine-events.ts";
import { awaitOwnRuns } from "./killed-runs.ts";
import { realStack } from "./real-stack.ts";
import { recover } from "./recover.ts";
import { output, withTerminal } from "./run-pulumi.ts";
import { exclusively, startSession } from "./session.ts";
import { LocalStack, placementOf, type Values } from "./stack.ts";
import { eventsOf, REFRESH_TRAFFIC, update } from "./update.ts";
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
  /** For messages: the command that puts back what was changed outside of Pulumi. */
  repair: string;
  /** Whether the config has a service. */
  enabled(service: ServiceName): Promise<boolean>;
  /** A service's flag; undefined where none is set. @throws {Error} when that cannot be told */
  flag(service: ServiceName): Promise<string | undefined>;
  setFlag(service: ServiceName, placement: string | undefined): Promise<void>;
  /** Where the config places a service. */
  placement(service: ServiceName): Promise<string>;
  /** Runs the update; after one that failed it looks first at where clients are led. @returns the engine's exit code */
  update(): Promise<number>;
  /** What the engine told of the last update. */
  events(): EngineEvent[];
  /** Where clients reach a service, and the origin to dial for it; no URL: it was never deployed. */
  address(service: ServiceName): Promise<{ url: string | undefined; dial: string | undefined }>;
}

/**
 * Moves services: sets their flags and runs the update, with the gates around each.
 *
 * @param stack as Pulumi names it; `local` is the local stack
 * @param choose what is to move where; it is asked when no other command works on the local stack any more
 * @throws {UserError} when one was not moved; it says for each what became of it
 */
export async function moveServices(stack: string, choose: (stack: MovableStack) => Promise<Move[]>): Promise<void> {
  await (stack === "local" ? moveLocally(choose) : moveOnStack(stack, choose));
}

async function moveLocally(choose: (stack: MovableStack) => Promise<Move[]>): Promise<void> {
  const stack = new LocalStack();
  if (!stack.exists()) throw new UserError("There is no local stack yet: npm run up");
  await exclusively(stack, async () => {
    checkConfig(stack);
    const session = await startSession(stack, { noDocker: stack.identity.containers === "processes" });
    let updates = 0;
    const movable: MovableStack = {
      goOn: "npm run up",
      repair: "npm run pulumi -- up --refresh --stack local",
      enabled: async (service) =>
        ((stack.settings.services as Values | undefined)?.[service] as { enabled?: boolean } | undefined)?.enabled !==
        false,
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
      address: async (service) => ({ url: stack.publicUrl(service), dial: stack.dial }),
    };
    await moveTogether(await choose(movable), movable);
  });
}

/** The same on a real stack, with the person's own Pulumi login and environment. */
async function moveOnStack(stack: string, choose: (stack: MovableStack) => Promise<Move[]>): Promise<void> {
  const { engine, options } = await realStack(stack);
  const events: EngineEvent[] = [];
  let failed = false;
  const on = (key: string) => ["--path", `hybrid-mcp:${key}`, "--stack", stack];
  const value = (key: string) => configValue((args) => output(engine, args, options), on(key));
  const flag = (service: ServiceName) => value(`services.${service}.placement`);
  const run = (args: string[], env: NodeJS.ProcessEnv = {}) =>
    withTerminal(engine, [...args, "--stack", stack], { ...options, env: { ...options.env, ...env } });
  const movable: MovableStack = {
    goOn: `pulumi up --refresh --stack ${stack}`,
    repair: `pulumi up --refresh --stack ${stack}`,
    enabled: async (service) => (await value(`services.${service}.enabled`)) !== "false",
    flag,
    setFlag: async (service, placement) => {
      const key = on(`services.${service}.placement`);
      const change = placement === undefined ? ["rm", ...key] : ["set", ...key, placement];
      await output(engine, ["config", ...change], options);
    },
    placement: async (service) => (await flag(service)) ?? catalogue[service].placements[0],
    update: async () => {
      events.length = 0;
      if (failed && (await run(REFRESH_TRAFFIC)) !== 0) return 1;
      const code = await withEvents(
        (event) => events.push(event),
        ({ args, env }) => run(["up", "--yes", "--skip-preview", ...args], env),
      );
      failed = code !== 0;
      return code;
    },
    events: () => events,
    address: async (service) => {
      const json = await output(engine, ["stack", "output", "--json", "--stack", stack], options);
      const { services } = JSON.parse(json) as { services?: Partial<Record<ServiceName, { url: string }>> };
      return { url: services?.[service]?.url, dial: await value("cutover.dial") };
    },
  };
  await moveTogether(await choose(movable), movable);
}

/**
 * A value of a stack's config; undefined where none is set.
 *
 * @param run runs the CLI
 * @param key its words on the command line
 * @throws {Error} when that cannot be told
 */
export function configValue(run: (args: string[]) => Promise<string>, key: string[]): Promise<string | undefined> {
  return run(["config", "get", ...key]).then(
    (text) => text.trim(),
    (error: Error) => {
      // As the engine puts it (3.250): pkg/cmd/pulumi/config/config.go.
      if (/configuration key '.+' not found for stack/.test(error.message)) return undefined;
      throw error;
    },
  );
}

/**
 * Moves services in one update. An update that fails deletes nothing, and is stopped at its first error: so the flags of those
 * that failed are put back, and it is run again for the others, until what is left has moved. In the end it is the public URL
 * that says where each is.
 *
 * @throws {UserError} when one was not moved, or does not answer where it was moved to
 */
export async function moveTogether(moves: Move[], stack: MovableStack): Promise<void> {
  for (const move of moves) {
    if (await stack.enabled(move.service)) continue;
    throw new UserError(
      `${title(move)} is not enabled in this stack (services.${move.service}.enabled is false): there is nothing to move.`,
    );
  }
  const before = new Map<Move, string | undefined>();
  for (const move of moves) before.set(move, await stack.flag(move.service));
  const notMoved = new Map<Move, string>();
  let left = moves;
  let unmoved = moves;
  // What a Ctrl-C ends is the engine's run; what belongs to a failed flip is done all the same.
  let cancelled = false;
  const cancel = () => {
    cancelled = true;
  };
  process.on("SIGINT", cancel);
  let settled = false;
  try {
    for (const { service, placement } of moves) await stack.setFlag(service, placement);
    if (cancelled) throw new UserError("The flip was cancelled before anything was moved.");
    for (let retried = false; ; ) {
      settled = (await stack.update()) === 0;
      if (settled) break;
      const failed = failuresOf(left, stack.events(), cancelled, unmoved);
      if (failed.size === 0 && retried) break;
      retried = failed.size === 0;
      for (const [move, why] of failed) {
        notMoved.set(move, why);
        await stack.setFlag(move.service, before.get(move));
      }
      left = left.filter((move) => !failed.has(move));
      unmoved = left.filter((move) => unmoved.includes(move) && !hasChanged(stack.events(), routeOf(move)));
      say(whatFollows([...failed.keys()], left, cancelled));
      cancelled = false;
    }
  } catch (error) {
    await putBack(error as Error, unmoved, before, stack);
    throw error;
  } finally {
    process.off("SIGINT", cancel);
  }

  const ends = await Promise.all(moves.map((move) => endOf(move, notMoved.get(move), stack)));
  const lines = ends.map(({ line }) => line);
  if (!settled) lines.push(`The last update failed too; what failed is above. ${stack.goOn} tries again.`);
  if (!settled || ends.some(({ ok }) => !ok)) throw new UserError(`\n${lines.join("\n")}`);
  say(`\n${lines.join("\n")}`);
}

const title = ({ service }: Move) => catalogue[service].title;
const routeOf = ({ service }: Move) => `${service}-route`;

/** What is done after an update that failed, for people. */
function whatFollows(failed: Move[], left: Move[], cancelled: boolean): string {
  if (failed.length === 0) {
    return `\nThe update ${cancelled ? "was cancelled when all had moved" : "failed"}; once more for what is left of it.`;
  }
  const names = failed.map(title).join(" and ");
  const others = left.length > 0 ? `, and going on with ${left.map(title).join(" and ")}` : "";
  const what = cancelled ? `The flip of ${names} was cancelled` : `The flip failed for ${names}`;
  return `\n${what}: the flag is as it was. Taking back what was started for it${others}.`;
}

/** After an error that ended it all: the flags of what has not moved say again where it is, and the error says so. */
async function putBack(error: Error, moves: Move[], flags: Map<Move, string | undefined>, stack: MovableStack) {
  const stuck: string[] = [];
  for (const move of moves) {
    try {
      await stack.setFlag(move.service, flags.get(move));
    } catch (failure) {
      const was = flags.get(move) ?? "not set";
      stuck.push(
        `services.${move.service}.placement was ${was} and could not be put back: ${(failure as Error).message}`,
      );
    }
  }
  error.message +=
    stuck.length > 0
      ? `\n${stuck.join("\n")}`
      : `\nThe flags say where the services are; ${stack.goOn} goes on from here.`;
}

/** What became of a move, as a line for people. */
async function endOf(move: Move, why: string | undefined, stack: MovableStack): Promise<{ ok: boolean; line: string }> {
  const name = title(move);
  const where = why === undefined ? move.placement : await stack.placement(move.service);
  const wrong = await wrongAt(move.service, where as Placement, stack);
  const notMoved = why === undefined ? "" : `${name} was not moved to ${move.placement}: ${why} `;
  if (wrong !== undefined) {
    const is = why === undefined ? `${name} is` : "It is";
    const line = `${notMoved}${is} placed on ${where}, and does not run there: ${wrong} To put that right: ${stack.repair}`;
    return { ok: false, line };
  }
  return why === undefined
    ? { ok: true, line: `${name} runs on ${where}.` }
    : { ok: false, line: `${notMoved}It is placed on ${where}, as before.` };
}

/** How often clients' address is asked in the end, and the pause between, in milliseconds: one lost answer says nothing. */
const ASKED = 3;
const PAUSE_MS = 1000;

/** What is wrong with what clients get of a service, as a sentence; undefined: it is served by where it is placed. */
async function wrongAt(service: ServiceName, placement: Placement, stack: MovableStack): Promise<string | undefined> {
  const { url, dial } = await stack.address(service);
  // An update that failed before there was any.
  if (url === undefined) return undefined;
  const { origin } = new URL(url);
  for (let asked = 1; ; asked++) {
    const wrong = judge(await healthOf(origin, dial), { service, placement });
    if (wrong === undefined) return undefined;
    if (asked === ASKED) return sentence(`${origin}: ${wrong}`, service);
    await delay(PAUSE_MS);
  }
}

/**
 * Which of the services an update has failed to move, and why, as a sentence each: those with an error of their own; of an
 * error that is nobody's, and of one that was cancelled, all that have not moved.
 *
 * @param cancelled whether a Ctrl-C came while it ran: what it cut is told by the engine as an error of something else
 * @param before those that had not moved when it began: what has moved stays, whatever a later update fails at
 */
export function failuresOf(moves: Move[], events: EngineEvent[], cancelled = false, before = moves): Map<Move, string> {
  // What could not be taken away at the end has been left by everybody.
  const errors = errorsIn(events).filter(({ deleting }) => !deleting);
  const own = new Map<Move, string>();
  for (const move of moves) {
    const error = errors.find((each) => isOf(move.service, each));
    if (error) own.set(move, sentence(error.message, move.service));
  }
  if (own.size > 0 && !cancelled) return own;
  const why =
    cancelled || errors.some(({ message }) => message === "update canceled") ? CANCELLED : "what failed is above.";
  const unmoved = before.filter((move) => !hasChanged(events, routeOf(move)));
  return new Map(moves.filter((move) => own.has(move) || unmoved.includes(move)).map((move) => [move, why]));
}

const CANCELLED = "it was cancelled.";

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
