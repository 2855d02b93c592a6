import type { ServerResponse } from "node:http";
import type { ContainerRecord } from "./records.ts";

/** Who listens to what happens to containers (Docker Engine API, `GET /events`). */
export class EventStreams {
  readonly #open = new Map<ServerResponse, (event: string, labels: Record<string, string>) => boolean>();

  /**
   * Writes every event from now on to a response, one JSON object a line, until its client goes.
   *
   * @param wanted which events, by their name and the container's labels
   */
  listen(response: ServerResponse, wanted: (event: string, labels: Record<string, string>) => boolean): void {
    this.#open.set(response, wanted);
    response.once("close", () => this.#open.delete(response));
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
  }

  /** @param event as Docker names it, e.g. `die`. @param attributes what it has besides name and labels */
  tell({ id, name, config }: ContainerRecord, event: string, attributes: Record<string, string>): void {
    const now = Date.now();
    const labels = config.Labels ?? {};
    const actor = { ID: id, Attributes: { ...labels, name, ...attributes } };
    const times = { time: Math.floor(now / 1000), timeNano: now * 1e6 };
    const line = `${JSON.stringify({ Type: "container", Action: event, Actor: actor, scope: "local", ...times })}\n`;
    for (const [response, wanted] of this.#open) if (wanted(event, labels)) response.write(line);
  }
}
