import { type ScriptModule, ScriptStartError } from "../contracts.ts";

/** A module as Miniflare takes it. */
export interface RuntimeModule {
  type: "ESModule" | "Text" | "Data" | "CompiledWasm";
  path: string;
  contents: string | Uint8Array<ArrayBuffer>;
}

const textOf = (module: ScriptModule) => new TextDecoder().decode(module.contents);
const bytesOf = (module: ScriptModule) => new Uint8Array(module.contents);

/**
 * Translates the modules of an upload (Cloudflare API, "Multipart upload metadata": the part's content type says what
 * a module is).
 * @returns the modules, the main one first.
 * @throws {ScriptStartError} when the main module is missing or a content type is not one that Workers take.
 */
export function runtimeModules(modules: ScriptModule[], mainModule: string): RuntimeModule[] {
  const main = modules.find(({ name }) => name === mainModule);
  if (main === undefined) {
    throw new ScriptStartError(
      `The upload has no part named "${mainModule}", which metadata.main_module names. It has: ${modules.map(({ name }) => name).join(", ")}.`,
    );
  }
  return [main, ...modules.filter((module) => module !== main)].map(runtimeModule);
}

function runtimeModule(module: ScriptModule): RuntimeModule {
  const path = module.name;
  switch (module.contentType.split(";")[0]?.trim().toLowerCase()) {
    case "application/javascript+module":
    case "text/javascript+module":
      return { type: "ESModule", path, contents: textOf(module) };
    case "text/plain":
      return { type: "Text", path, contents: textOf(module) };
    case "application/octet-stream":
      return { type: "Data", path, contents: bytesOf(module) };
    case "application/wasm":
      return { type: "CompiledWasm", path, contents: bytesOf(module) };
    case "application/json":
      // workerd's JSON modules are not among Miniflare's module types; a default export is the same to the importer.
      return { type: "ESModule", path, contents: `export default ${textOf(module)};` };
    case "application/source-map":
      return { type: "Text", path, contents: textOf(module) };
    case "application/javascript":
    case "text/javascript":
      throw new ScriptStartError(
        `Module "${path}" is a service worker script (${module.contentType}); the local cloud runs ES modules only (application/javascript+module).`,
      );
    default:
      throw new ScriptStartError(
        `Module "${path}" has the content type ${module.contentType}, which Workers don't take.`,
      );
  }
}
