import type { CloudflareContext } from "./context.ts";
import type { Script } from "./records.ts";
import { readModules, toVersion } from "./scripts.ts";

/**
 * Brings every stored script and its schedules back into the runtime after a restart, those that others bind to first. A script
 * that does not start any more is logged, and the others go on.
 */
export async function restoreScripts(context: CloudflareContext): Promise<void> {
  for (const script of targetsFirst(context.scripts.list())) {
    try {
      await context.runtime.deploy(toVersion(script, await readModules(context, script)));
      context.runtime.schedule(
        script.id,
        script.schedules.map(({ cron }) => cron),
      );
    } catch (error) {
      context.log(`cloudflare: the stored Worker ${script.id} does not start: ${(error as Error).message}`);
    }
  }
}

/** Scripts that bind to each other in a circle keep the order in which they were made. */
function targetsFirst(scripts: Script[]): Script[] {
  const ordered = new Set<Script>();
  const entered = new Set<Script>();
  const visit = (script: Script) => {
    if (entered.has(script)) return;
    entered.add(script);
    for (const binding of script.bindings) {
      const target = scripts.find(({ id }) => id === binding.service || id === binding.script_name);
      if (target) visit(target);
    }
    ordered.add(script);
  };
  scripts.forEach(visit);
  return [...ordered];
}
