import type { ToolContext } from "@hybrid-mcp/service-kit/tool";
import { z } from "zod";
import type { CodaApi } from "../api.ts";

/** The output of an edit. */
export const editOutput = {
  applied: z.boolean().describe("Whether reads see it already"),
  request_id: z.string().describe("Coda's id of this edit, for get_edit_status"),
  note: z.string().optional().describe("What to know of it"),
};

/**
 * Coda only accepts an edit (202) and applies it later, so a tool waits until reads can see it. When that takes too long it is
 * no error: the edit is in Coda's queue and will be applied, and a model that is told of an error sends it again.
 *
 * @param requestId from Coda's answer to the edit
 */
export async function whenApplied(
  requestId: string,
  { upstream, signal, progress }: Pick<ToolContext<CodaApi>, "upstream" | "signal" | "progress">,
): Promise<{ applied: boolean; request_id: string; note: string | undefined }> {
  const waiting = (looks: number) =>
    progress(looks + 1, undefined, `Coda has accepted this (${requestId}) but not applied it yet`);
  await waiting(0);
  const status = await upstream.applied(requestId, signal, waiting);
  const note = status
    ? status.warning
    : "Coda has accepted this and will apply it, but takes longer than usual. Do not send it again: ask get_edit_status in a while.";
  return { applied: status !== undefined, request_id: requestId, note };
}
