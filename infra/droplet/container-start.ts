import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config.ts";
import { sayProgress } from "../cutover/progress.ts";
import { hostEngine } from "./engine-client.ts";
import type { Host } from "./host.ts";
import { readyOrNotAtAll } from "./unready.ts";

/**
 * The steps around a container that starts, as hooks on it: what its health check said last is told every few seconds, and
 * how long it took. The deadline is the provider's (`waitTimeout`), from `cutover.gateSeconds`. One that is not healthy by then
 * goes again.
 *
 * @param name of the container's resource
 */
export function startHooks({ cutover }: Config, host: Host, name: string): pulumi.ResourceHookBinding {
  const say = (message: string) => pulumi.log.info(`${name}: ${message}`);
  let stop: (() => number) | undefined;
  const before = new pulumi.ResourceHook(`${name}-start`, async ({ newInputs }) => {
    const container = String(newInputs?.name);
    stop = sayProgress(async (seconds) => {
      const { State } = await (await hostEngine(host)).getContainer(container).inspect();
      const last = State.Health?.Log?.at(-1)?.Output?.trim();
      say(
        `the container is ${State.Health?.Status ?? State.Status} (${seconds.toFixed(0)} s of ${cutover.gateSeconds} s)` +
          (last ? `, its health check said: ${last.slice(0, 200)}` : ""),
      );
    });
  });
  const after = new pulumi.ResourceHook(`${name}-started`, async () => {
    say(`the container is healthy (${stop!().toFixed(1)} s)`);
  });
  const failed = new pulumi.ErrorHook(`${name}-start-failed`, async () => {
    // A step before this one's may have failed.
    stop?.();
    return false;
  });
  const whole = readyOrNotAtAll(host, name);
  return {
    beforeCreate: [before, ...whole.beforeCreate],
    afterCreate: [after],
    onError: [failed, ...whole.onError],
  };
}
