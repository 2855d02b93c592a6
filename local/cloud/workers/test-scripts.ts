import type { ScriptBinding, ScriptVersion } from "../contracts.ts";

let uploads = 0;

/**
 * A script version for tests.
 * @param code the main module.
 */
export function scriptVersion(
  name: string,
  code: string,
  { bindings = [], ...rest }: Partial<ScriptVersion> & { bindings?: ScriptBinding[] } = {},
): ScriptVersion {
  return {
    name,
    versionId: `version-${++uploads}`,
    mainModule: "main.js",
    modules: [
      { name: "main.js", contentType: "application/javascript+module", contents: new TextEncoder().encode(code) },
    ],
    compatibilityDate: "2026-07-01",
    compatibilityFlags: ["nodejs_compat", "enable_request_signal"],
    bindings,
    durableObjectClasses: [],
    ...rest,
  };
}

/** Waits until something is so. @throws Error after `ms`. */
export async function until(condition: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Not so after ${ms} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
