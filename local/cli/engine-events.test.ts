import * as grpc from "@grpc/grpc-js";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { EventsClient } from "@pulumi/pulumi/proto/events_grpc_pb.js";
import { EventRequest } from "@pulumi/pulumi/proto/events_pb.js";
import { expect, test } from "vitest";
import { withEvents } from "./engine-events.ts";

test("what the engine tells is handed on in order, but for what it says for debugging, in which secrets are", async () => {
  const events = [
    { sequence: 0, preludeEvent: {} },
    { sequence: 1, diagnosticEvent: { severity: "debug", message: "CLIENT_SECRET,text,abc" } },
    { sequence: 2, diagnosticEvent: { severity: "info", message: "coda: uploaded" } },
  ];
  const seen: EngineEvent[] = [];
  const result = await withEvents(
    (event) => seen.push(event),
    async ({ args: [flag, address] }) => {
      expect(flag).toBe("--event-log");
      const client = new EventsClient(address!.replace("tcp://", ""), grpc.credentials.createInsecure());
      await new Promise<void>((resolve, reject) => {
        const call = client.streamEvents((error) => (error ? reject(error) : resolve()));
        for (const event of events) {
          const request = new EventRequest();
          request.setEvent(JSON.stringify(event));
          call.write(request);
        }
        call.end();
      });
      client.close();
      return "done";
    },
  );
  expect(result).toBe("done");
  expect(seen).toEqual([events[0], events[2]]);
});
