import { runTool } from "./run-tool.ts";

const SITE = "https://get.pulumi.com/install.sh";
const PROBE_MS = 5_000;
const INSTALL_MS = 300_000;

/**
 * Installs the official CLI with Pulumi's own installer (`PulumiCommand.install` of the Automation API).
 * @param root the folder that gets `bin/pulumi` and what belongs to it
 * @param version the one that will be installed, for the log: the installer takes the version of the SDK
 * @throws within seconds where Pulumi's site is not reached, else after at most five minutes
 */
export async function installOfficial(
  root: string,
  version: string,
  log: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  await assertReachable(signal);
  log(`engine: installing Pulumi ${version} from Pulumi's site`);
  // In a process of its own, because the installer's work can be neither aborted nor bounded in time from outside.
  const program = `
    import automation from "@pulumi/pulumi/automation/index.js";
    await automation.PulumiCommand.install({ root: process.argv[1] }).catch((error) => {
      console.error(error.message);
      process.exit(1);
    });`;
  await runTool(process.execPath, ["--input-type=module", "-e", program, root], {
    name: "the installer",
    cwd: import.meta.dirname,
    timeoutMs: INSTALL_MS,
    signal,
  });
}

async function assertReachable(signal: AbortSignal | undefined): Promise<void> {
  const limit = AbortSignal.timeout(PROBE_MS);
  try {
    const response = await fetch(SITE, {
      method: "HEAD",
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    if (!response.ok) throw new Error(`it answers ${response.status}`);
  } catch (error) {
    signal?.throwIfAborted();
    const cause = (error as Error).cause instanceof Error ? ((error as Error).cause as Error) : (error as Error);
    throw new Error(`Pulumi's site is not reached: ${cause.message}`);
  }
}
