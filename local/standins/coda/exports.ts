import { newId } from "./id.ts";

/** A page's content on its way out. */
interface Export {
  id: string;
  docId: string;
  pageId: string;
  format: "html" | "markdown";
  /** The content as it was when the export began. */
  text: string;
  /** Milliseconds since 1970 at which it can be downloaded. */
  readyAt: number;
}

/** Milliseconds that an export can be asked for and downloaded. */
const KEPT_MS = 60 * 60_000;

/** Path, below where the stand-in is mounted, of the files: in Coda they are on another host. */
const FILES = /\/exported-files\/([\w-]+)$/;

/**
 * Exports of page content: begun, asked for, downloaded. They are gone with the process.
 * @param delayMs until one is ready
 */
export function pageExports(delayMs: number, now: () => number) {
  const exports = new Map<string, Export>();

  const find = (id: string): Export | undefined => {
    const found = exports.get(id);
    if (found && now() > found.readyAt + KEPT_MS) exports.delete(id);
    return exports.get(id);
  };

  return {
    begin(of: Omit<Export, "id" | "readyAt">): string {
      const id = newId("");
      exports.set(id, { ...of, id, readyAt: now() + delayMs });
      return id;
    },

    /** `PageContentExportStatusResponse`, but for `href`; undefined when there is none such (any more). */
    status(id: string, docId: string, pageId: string, mount: string) {
      const found = find(id);
      if (found?.docId !== docId || found.pageId !== pageId) return undefined;
      if (now() < found.readyAt) return { id, status: "inProgress" };
      return { id, status: "complete", downloadLink: `${mount}/exported-files/${id}` };
    },

    /**
     * Answers a request for a file, as the file store does: whoever has the link may have the file, and a request with
     * a credential besides is refused.
     * @returns undefined for any other request
     */
    download(request: Request): Response | undefined {
      const id = FILES.exec(new URL(request.url).pathname)?.[1];
      if (id === undefined) return undefined;
      if (request.headers.has("authorization")) return new Response("Only one credential is allowed", { status: 400 });
      const found = find(id);
      if (!found || now() < found.readyAt) return new Response("No such file", { status: 404 });
      const type = found.format === "html" ? "text/html" : "text/markdown";
      return new Response(found.text, { headers: { "content-type": `${type}; charset=utf-8` } });
    },
  };
}
