import * as pulumi from "@pulumi/pulumi";
import type { Bundle } from "../bundle.ts";
import type { Config } from "../config.ts";
import { sayProgress } from "../cutover/progress.ts";

/**
 * The steps around the upload of a Worker, as hooks on its script: what is going on is said while it takes long, and one that
 * took longer than `cutover.uploadSeconds` fails the update before anything has moved. (No hook can end what a provider does:
 * one that never gets an answer ends when the provider gives up, or with Ctrl-C twice.)
 */
export function uploadHooks({ cutover }: Config, name: string, { version }: Bundle): pulumi.ResourceHookBinding {
  const { uploadSeconds } = cutover;
  const say = (message: string) => pulumi.log.info(`${name}: ${message}`);
  let stop: (() => number) | undefined;
  const before = new pulumi.ResourceHook(`${name}-upload`, async () => {
    stop = sayProgress((seconds) =>
      say(
        `version ${version} is being uploaded; Cloudflare has not answered for ${seconds.toFixed(0)} s of ${uploadSeconds} s`,
      ),
    );
  });
  const after = new pulumi.ResourceHook(`${name}-uploaded`, async () => {
    const seconds = stop!();
    if (seconds > uploadSeconds) {
      throw new Error(
        `${name}: the upload took ${seconds.toFixed(0)} s, more than cutover.uploadSeconds (${uploadSeconds} s); nothing was moved. The version is there now: run it again, or allow more.`,
      );
    }
    say(`version ${version} is uploaded (${seconds.toFixed(1)} s)`);
  });
  const failed = new pulumi.ErrorHook(`${name}-upload-failed`, async () => {
    // A step before this one's may have failed.
    stop?.();
    return false;
  });
  return {
    beforeCreate: [before],
    beforeUpdate: [before],
    afterCreate: [after],
    afterUpdate: [after],
    onError: [failed],
  };
}
