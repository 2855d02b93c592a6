import { stateOf } from "../preview/engine-preview.ts";
import { previewLocal } from "../preview/preview-stack.ts";
import { renderText } from "../preview/render-text.ts";
import { pulumiEnded, pulumiOutput } from "./run-pulumi.ts";
import type { Session } from "./session.ts";
import { LocalStack } from "./stack.ts";
import { writeProject } from "./stack-config.ts";
import { update } from "./update.ts";
import { say, UserError } from "./user-error.ts";

/**
 * An update of the local stack in which some of what is protected may be lost: it is shown first. Whatever still is there, or is
 * made anew, is protected again when it has ended, well or not.
 *
 * @param stack with `allowDataLoss` among its settings
 * @param names of the resources
 * @returns the update
 * @throws {UserError} when more than they would be lost, or it would fail
 */
export async function losingData(stack: LocalStack, names: string[]): Promise<(session: Session) => Promise<number>> {
  const log = (line: string) => process.stderr.write(`${line}\n`);
  const report = await previewLocal({ set: {}, allowDataLoss: names, log });
  say(renderText(report));
  if (!report.ok) throw new UserError("Nothing was changed.");
  const losses = report.changes.flatMap((change) => change.losses);
  return async (session) => {
    const run = (args: string[]) => pulumiEnded(stack, session.engine, args);
    const mark = (command: "protect" | "unprotect", urn: string) =>
      pulumiOutput(stack, session.engine, ["state", command, urn, "--yes", "--stack", "local"]);
    const protectedUrns = async () =>
      (await stateOf(run, "local")).resources.filter((each) => each.protect).map(({ urn }) => urn);

    const before = await protectedUrns();
    try {
      // The program has them no more, and so cannot say that they may go.
      for (const { left, allowed, urn } of losses) if (left && allowed) await mark("unprotect", urn);
      return await update(session);
    } finally {
      const now = (await stateOf(run, "local")).resources;
      for (const { urn, protect } of now) if (!protect && before.includes(urn)) await mark("protect", urn);
      // It was for this run only.
      writeProject(new LocalStack(stack.dir), session.images);
    }
  };
}
