import { isDeepStrictEqual } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { lastWords, untilHealthy } from "./container-state.ts";
import { hostEngine, unlessGone } from "./engine-client.ts";
import type { Host } from "./host.ts";

/**
 * Hooks on a container beside which its old one goes on: it is made ready, or not at all.
 *
 * The provider keeps a container that does not become healthy as partly made. The engine would take it for the one that is
 * there, and the old one, which serves, for what is to be deleted. So the engine is told to try again, while the container
 * still has its name: that attempt makes nothing, which is what counts (pulumi `CreateStep.Apply`). Then it is removed. The
 * state is as it was, and so is what runs.
 *
 * @param role of the container, unique in the stack
 * @throws {Error} from the hook, with why it is not ready and its last words
 */
export function readyOrNotAtAll(host: Host, role: string) {
  let there: string | undefined;
  let why: string | undefined;

  const before = new pulumi.ResourceHook(`${role}-unready-before`, async ({ newInputs }) => {
    const docker = await hostEngine(host);
    there = (await docker.getContainer(newInputs!.name).inspect().catch(unlessGone))?.Id;
    why = undefined;
  });
  const failed = new pulumi.ErrorHook(`${role}-unready`, async ({ failedOperation, newInputs, errors }) => {
    if (failedOperation !== "create") return false;
    const docker = await hostEngine(host);
    const made = await docker.getContainer(newInputs!.name).inspect().catch(unlessGone);
    if (!made || made.Id === there) return false;
    const container = docker.getContainer(made.Id);
    if (why === undefined) {
      why = `${reason(errors)}${await lastWords(container)}`;
      return true;
    }
    await container.remove({ force: true });
    throw new Error(why);
  });
  return { beforeCreate: [before], onError: [failed] };
}

/**
 * Hooks on a container that is the only one: if it does not become healthy it stays, for it may yet. Until it is, no update
 * counts as done.
 *
 * @param role of the container, unique in the stack
 */
export function awaited(host: Host, role: string) {
  const failed = new pulumi.ErrorHook(`${role}-unready`, async ({ failedOperation, newInputs, errors }) => {
    if (failedOperation !== "create") return false;
    const container = (await hostEngine(host)).getContainer(newInputs!.name);
    if (await container.inspect().catch(unlessGone)) {
      pulumi.log.error(`${reason(errors)}${await lastWords(container)}`);
    }
    return false;
  });
  // The engine makes an update without a change for what is partly made, and the provider does not look at it again.
  const again = new pulumi.ResourceHook(`${role}-unready-again`, async ({ id, newInputs, oldInputs }) => {
    if (!isDeepStrictEqual(inPlace(newInputs), inPlace(oldInputs))) return;
    const container = (await hostEngine(host)).getContainer(id!);
    if (await untilHealthy([container], newInputs!.waitTimeout)) return;
    throw new Error(`Container ${newInputs!.name} is not healthy.${await lastWords(container)}`);
  });
  return { beforeUpdate: [again], onError: [failed] };
}

/** What an update can be about: a change of the environment, where the secrets are, makes a new container. */
const inPlace = ({ envs: _, ...inputs }: Record<string, unknown> = {}) => inputs;

/** Why the newest attempt failed; the engine puts a count in front of a resource's errors. */
const reason = ([newest = ""]: string[]) => newest.replace(/^\d+ errors? occurred:\s*\* /, "").trim();
