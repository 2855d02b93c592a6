import type Cloudflare from "cloudflare";
import type { OperationContext } from "../core/resource-type.ts";

/** The verbs of the v4 API; answers are the `result` of its envelope. */
export interface CloudflareApi {
  /** @param path - with `${}` values already encoded by {@link path} */
  get<T>(path: string, query?: Record<string, unknown>): Promise<T>;
  /** All pages of a list. */
  list<T>(path: string, query?: Record<string, unknown>): Promise<T[]>;
  /** The body as text, for the endpoints without an envelope. */
  text(path: string): Promise<string>;
  post<T>(path: string, body: unknown): Promise<T>;
  put<T>(path: string, body: unknown, headers?: Record<string, string>): Promise<T>;
  patch<T>(path: string, body: unknown): Promise<T>;
  delete(path: string): Promise<void>;
}

/** An error that the API gave, e.g. `Cloudflare API: 10014 a namespace with this title already exists (HTTP 400, POST …).` */
export class CloudflareError extends Error {
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined) {
    super(message);
    this.status = status;
  }
}

interface Envelope<T> {
  result: T;
  result_info?: { total_pages?: number; page?: number; count?: number; per_page?: number; total_count?: number };
}

const clients = new Map<string, Cloudflare>();

/** Builds a path with every value URL-encoded. */
export function path(parts: TemplateStringsArray, ...values: unknown[]): string {
  return parts.reduce((joined, part, index) => joined + encodeURIComponent(String(values[index - 1])) + part);
}

/**
 * The Cloudflare API, through its official client.
 * Settings: `baseUrl` and `apiToken` of the provider, else CLOUDFLARE_BASE_URL (with `/client/v4`) and
 * CLOUDFLARE_API_TOKEN, the names that the official plugin reads.
 */
export function cloudflareApi({ config, signal }: OperationContext): CloudflareApi {
  const baseURL = String(config.baseUrl ?? process.env.CLOUDFLARE_BASE_URL ?? "https://api.cloudflare.com/client/v4");
  const apiToken = String(config.apiToken ?? process.env.CLOUDFLARE_API_TOKEN ?? "");

  async function client(): Promise<Cloudflare> {
    if (!apiToken) throw new CloudflareError("No Cloudflare API token: set CLOUDFLARE_API_TOKEN.", undefined);
    const key = `${baseURL} ${apiToken}`;
    const known = clients.get(key);
    if (known) return known;
    // Loading the client takes as long as starting the plugin: a run that changes nothing needs none.
    const { default: Client } = await import("cloudflare");
    const made = new Client({ baseURL, apiToken, maxRetries: 2 });
    clients.set(key, made);
    return made;
  }

  async function request<T>(
    method: "get" | "post" | "put" | "patch" | "delete",
    where: string,
    options: { body?: unknown; query?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ): Promise<T> {
    const api = await client();
    try {
      // A creation is never tried twice: the first try may have done it.
      return await api[method]<T>(where, { ...options, signal, ...(method === "post" && { maxRetries: 0 }) });
    } catch (error) {
      throw described(error, `${method.toUpperCase()} ${where}`, baseURL);
    }
  }
  const result = async <T>(answer: Promise<Envelope<T>>) => (await answer)?.result;

  return {
    get: (where, query) => result(request("get", where, { query })),
    async list<T>(where: string, query: Record<string, unknown> = {}) {
      const items: T[] = [];
      for (let page = 1; ; page++) {
        const answer = await request<Envelope<T[]>>("get", where, { query: { ...query, page, per_page: 50 } });
        items.push(...answer.result);
        const info = answer.result_info ?? {};
        const pages = info.total_pages ?? Math.ceil((info.total_count ?? items.length) / (info.per_page ?? 50));
        if (page >= pages || answer.result.length === 0) return items;
      }
    },
    async text(where) {
      const api = await client();
      try {
        const response = await api.get(where, { headers: { accept: "*/*" }, signal }).asResponse();
        return await response.text();
      } catch (error) {
        throw described(error, `GET ${where}`, baseURL);
      }
    },
    post: (where, body) => result(request("post", where, { body })),
    put: (where, body, headers) => result(request("put", where, { body, headers })),
    patch: (where, body) => result(request("patch", where, { body })),
    async delete(where) {
      await goneIsFine(request("delete", where));
    },
  };
}

/** The answer, or undefined where the API says that there is no such thing (404). */
export async function orGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CloudflareError && error.status === 404) return undefined;
    throw error;
  }
}

async function goneIsFine(answer: Promise<unknown>): Promise<void> {
  await orGone(answer);
}

function described(error: unknown, request: string, baseURL: string): Error {
  const { status, errors, message, name } = error as {
    status?: number;
    errors?: { code?: number; message?: string }[];
    message: string;
    name: string;
  };
  if (status === undefined) {
    if (name === "APIUserAbortError") return new CloudflareError(`${request} was cancelled.`, undefined);
    return new CloudflareError(`Cannot reach the Cloudflare API at ${baseURL} (${request}): ${message}`, undefined);
  }
  const said = errors?.map(({ code, message: text }) => `${code ?? ""} ${text ?? ""}`.trim()).join("; ") || message;
  return new CloudflareError(`Cloudflare API: ${said.replace(/\.$/, "")} (HTTP ${status}, ${request}).`, status);
}

/**
 * Splits an official import id such as `<account_id>/<tunnel_id>`.
 * @param names - what the parts are, for the error
 * @throws Error naming the format when the id has other parts
 */
export function importParts(importId: string, ...names: string[]): string[] {
  const parts = importId.split("/");
  if (parts.length > names.length)
    parts.splice(names.length - 1, parts.length, parts.slice(names.length - 1).join("/"));
  if (parts.length === names.length && parts.every(Boolean)) return parts;
  throw new Error(
    `"${importId}" is no import id of this resource: it is written ${names.map((name) => `<${name}>`).join("/")}.`,
  );
}
