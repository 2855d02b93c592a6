import type { Context } from "hono";
import type { ScriptModule } from "../../contracts.ts";
import { type Fields, isFields } from "./body.ts";
import { ApiError } from "./envelope.ts";

/** The parts of a multipart script upload. */
export interface ScriptUpload {
  metadata: Fields;
  modules: ScriptModule[];
}

/**
 * Reads an upload: one part named `metadata` (JSON), and one part per module, named as the module
 * (Workers docs, "Multipart upload metadata").
 * @throws {ApiError} 400, code 10021, if the form or its metadata cannot be read
 */
export async function readScriptUpload(c: Context): Promise<ScriptUpload> {
  const form = await readForm(c);
  const metadata = await readJsonPart(form, "metadata");
  const modules: ScriptModule[] = [];
  for (const [name, part] of form) {
    if (name === "metadata") continue;
    modules.push(
      typeof part === "string"
        ? { name, contentType: "application/javascript+module", contents: Buffer.from(part) }
        : // Wrangler names a part as its file; the file's name is what `import` and `main_module` say.
          {
            name: part.name || name,
            contentType: part.type || "application/octet-stream",
            contents: new Uint8Array(await part.arrayBuffer()),
          },
    );
  }
  return { metadata, modules };
}

/** The `settings` part of a settings change; the JSON body itself is understood, too. */
export async function readSettings(c: Context): Promise<Fields> {
  if (!c.req.header("content-type")?.startsWith("multipart/form-data")) {
    const body: unknown = await c.req.json().catch(() => undefined);
    if (!isFields(body)) throw invalid("The request body must be a form with a part named 'settings'.");
    return isFields(body.settings) ? body.settings : body;
  }
  return readJsonPart(await readForm(c), "settings");
}

/** The name of the module with which the Worker starts. @throws {ApiError} 400 if there is none that can be run */
export function mainModuleOf({ metadata, modules }: ScriptUpload): string {
  const main = metadata.main_module;
  if (typeof metadata.body_part === "string") {
    throw invalid(
      "Worker scripts in service-worker syntax (body_part) are not run here: upload ES modules and name the first in main_module.",
    );
  }
  if (typeof main !== "string" || main === "")
    throw invalid("metadata.main_module must name the part with the main module.");
  if (!modules.some((module) => module.name === main)) throw invalid(`No such module "${main}".`);
  return main;
}

/** The multipart body that a read of a script's content answers. */
export function writeModules(mainModule: string, modules: ScriptModule[]): Response {
  const form = new FormData();
  for (const { name, contentType, contents } of modules) {
    form.append(name, new File([Buffer.from(contents)], name, { type: contentType }));
  }
  return new Response(form, { headers: { "cf-entrypoint": mainModule } });
}

async function readForm(c: Context): Promise<FormData> {
  try {
    return (await c.req.raw.formData()) as FormData;
  } catch {
    const type = c.req.header("content-type") ?? "no content type";
    throw invalid(
      `The request body must be multipart/form-data with a part named 'metadata' and one part per module; it was sent as ${type}.`,
    );
  }
}

async function readJsonPart(form: FormData, name: string): Promise<Fields> {
  const part = form.get(name);
  if (part === null) throw invalid(`The form has no part named '${name}'.`);
  try {
    const value: unknown = JSON.parse(typeof part === "string" ? part : await part.text());
    if (isFields(value)) return value;
  } catch {
    // Said below, as for JSON that is no object.
  }
  throw invalid(`The part named '${name}' must be a JSON object.`);
}

function invalid(message: string): ApiError {
  return new ApiError(400, 10021, message);
}
