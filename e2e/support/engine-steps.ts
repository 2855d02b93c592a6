import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { resourceName } from "../../local/cli/engine-events.ts";

/** What a local stack's name begins every other name with. */
const STACK = /hybrid-mcp-local-[0-9a-f]+-/g;

/** Of what is said only where something takes long, e.g. `(5 s of 60 s)`. */
const PROGRESS = /\d+ s of \d+ s/;

/**
 * The steps of an update by name, as the engine's event log tells them: whatever it begins, ends or says about a resource that
 * changes, and the beginning and the end of it all. What stays as it is, is no step.
 *
 * @returns a name that is the same in every run for each, with a number where one comes again
 */
export function stepsOf(events: EngineEvent[]): string[] {
  const seen = new Map<string, number>();
  return events.flatMap((event) => {
    const name = nameOf(event);
    if (name === undefined) return [];
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return [times === 1 ? name : `${name} (${times})`];
  });
}

function nameOf(event: EngineEvent): string | undefined {
  const { preludeEvent, resourcePreEvent, resOutputsEvent, resOpFailedEvent, diagnosticEvent, summaryEvent } = event;
  const about = (verb: string, { op, urn }: { op: string; urn: string }) =>
    op === "same" ? undefined : `${verb} ${op} ${typeName(urn)} ${resourceName(urn)}`;
  if (preludeEvent) return "prelude";
  if (resourcePreEvent) return about("begin", resourcePreEvent.metadata);
  if (resOutputsEvent) return about("end", resOutputsEvent.metadata);
  if (resOpFailedEvent) return about("fail", resOpFailedEvent.metadata);
  if (diagnosticEvent) {
    const message = diagnosticEvent.message.trim().replace(STACK, "");
    if (PROGRESS.test(message)) return undefined;
    // Figures differ from run to run, as the names of stacks do.
    return `say ${message.replace(/\d+(\.\d+)?/g, "#")}`;
  }
  if (summaryEvent) return "summary";
  if (event.cancelEvent) return "log closed";
  throw new Error(`This event is not known here: ${JSON.stringify(event).slice(0, 200)}`);
}

/** e.g. `WorkersRoute` of `cloudflare:index/workersRoute:WorkersRoute`, with or without what it is a part of. */
function typeName(urn: string): string {
  return urn.split("::").at(-2)!.split(":").at(-1)!;
}
