import { kVoid } from "miniflare";

/**
 * A Miniflare plugin for bindings that Miniflare has no option for: each `unsafeBindings` entry gives workerd's own
 * binding (`workerd.capnp`, `Worker.Binding`) and the services that it needs. Miniflare loads this file by path.
 */

/** What an `unsafeBindings` entry of this plugin has in `options`; `debugPort` asks for a workerd debug port binding. */
export interface RawBinding {
  binding: Record<string, unknown> | "debugPort";
  services?: Record<string, unknown>[];
}

interface Entry {
  name: string;
  options: RawBinding;
}

const unchecked = { parse: (value: unknown) => value };

export const plugins = {
  "raw-binding": {
    options: unchecked,
    // A Worker without such bindings has no entries.
    getBindings: (entries: Entry[] = []) =>
      entries.map(({ name, options: { binding } }) =>
        binding === "debugPort" ? { name, workerdDebugPort: kVoid } : { name, ...binding },
      ),
    getNodeBindings: () => ({}),
    getServices: ({ options = [] }: { options?: Entry[] }) =>
      options.flatMap(({ options: { services } }) => services ?? []),
  },
};

/**
 * Makes an entry for Miniflare's `unsafeBindings`.
 * @param name the binding's name in `env`.
 * @param options workerd's binding and the services behind it.
 */
export function rawBinding(name: string, options: RawBinding) {
  return {
    name,
    type: "raw-binding",
    plugin: { package: import.meta.filename, name: "raw-binding" },
    options: options as unknown as Record<string, never>,
  };
}
