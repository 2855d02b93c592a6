import * as grpc from "@grpc/grpc-js";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { EventsService } from "@pulumi/pulumi/proto/events_grpc_pb.js";
import type { EventRequest } from "@pulumi/pulumi/proto/events_pb.js";
import emptyproto from "google-protobuf/google/protobuf/empty_pb.js";

/** What the CLI is to be run with so that it tells its events. */
export interface EventLog {
  args: string[];
  env: NodeJS.ProcessEnv;
}

/**
 * Lets a run of the CLI tell what it does, as it does it, in the way in which the Automation API is told: by `--event-log`, to a
 * server of this process. What the engine says for debugging is left out: secrets are in it in clear.
 *
 * @param run runs the CLI with these arguments and variables
 */
export async function withEvents<T>(
  onEvent: (event: EngineEvent) => void,
  run: (log: EventLog) => Promise<T>,
): Promise<T> {
  const server = new grpc.Server();
  server.addService(EventsService as grpc.ServiceDefinition, {
    streamEvents(
      call: grpc.ServerReadableStream<EventRequest, emptyproto.Empty>,
      done: grpc.sendUnaryData<emptyproto.Empty>,
    ) {
      call.on("data", (request: EventRequest) => {
        const event = JSON.parse(request.getEvent()) as EngineEvent;
        if ((event.diagnosticEvent?.severity as string | undefined) !== "debug") onEvent(event);
      });
      call.on("end", () => done(null, new emptyproto.Empty()));
      // An engine that was killed.
      call.on("error", () => {});
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  try {
    return await run({ args: ["--event-log", `tcp://127.0.0.1:${port}`], env: { PULUMI_DEBUG_COMMANDS: "true" } });
  } finally {
    server.forceShutdown();
  }
}

/** A resource's name in the program, e.g. `coda-route`. */
export function resourceName(urn: string): string {
  return urn.split("::").at(-1)!;
}

/** An error that an update ended with. */
export interface EngineError {
  /** Of the resource that it happened to; undefined for one of the program or the engine. */
  resource: string | undefined;
  /** It was about to be deleted. */
  deleting: boolean;
  message: string;
}

/** The errors of an update, in order; not the engine's own sum of them at the end. */
export function errorsIn(events: EngineEvent[]): EngineError[] {
  const deleting = new Set(
    events.flatMap(({ resOpFailedEvent: failed }) =>
      failed?.metadata.op.startsWith("delete") ? [failed.metadata.urn] : [],
    ),
  );
  return events.flatMap(({ diagnosticEvent: said }) => {
    if (said?.severity !== "error") return [];
    const { urn = "" } = said;
    const message = said.message.trim();
    if (message === "update failed") return [];
    return [{ resource: urn ? resourceName(urn) : undefined, deleting: deleting.has(urn), message }];
  });
}

/** Whether an update has changed a resource. */
export function hasChanged(events: EngineEvent[], resource: string): boolean {
  return events.some(({ resOutputsEvent }) => {
    const { op, urn } = resOutputsEvent?.metadata ?? {};
    return urn !== undefined && resourceName(urn) === resource && op !== "same";
  });
}
