import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { arch, cpus, hostname, release, totalmem } from "node:os";
import { join } from "node:path";
import type { Containers, CreateRequest } from "./containers.ts";
import {
  describeContainer,
  describeImage,
  describeNetwork,
  describeVolume,
  summarizeContainer,
  summarizeImage,
} from "./description.ts";
import { ApiError } from "./docker-error.ts";
import { EventStreams } from "./event-stream.ts";
import type { ImageStore } from "./image-store.ts";
import type { RecordFile } from "./record-file.ts";
import type { Endpoint, HostConfig, NetworkRecord } from "./records.ts";

export const apiVersion = "1.41";
/** The largest JSON body that is read, in bytes. */
const bodyLimit = 16 * 1024 * 1024;

interface Parts {
  dir: string;
  file: RecordFile;
  images: ImageStore;
  containers: Containers;
  log(line: string): void;
}

interface Call {
  request: IncomingMessage;
  response: ServerResponse;
  query: URLSearchParams;
  /** What the pattern's groups matched, decoded. */
  names: string[];
}

type Route = [method: string, pattern: RegExp, answer: (call: Call) => unknown];

/** Answers with a status and nothing else. */
class NoBody {
  readonly status: number;

  constructor(status: number) {
    this.status = status;
  }
}

class Body {
  readonly status: number;
  readonly value: unknown;

  constructor(status: number, value: unknown) {
    this.status = status;
    this.value = value;
  }
}

/**
 * The part of the Docker Engine API (https://docs.docker.com/reference/api/engine/version/v1.41/) that makes sense for
 * processes; anything else is Docker's own "page not found".
 */
export function dockerApi({ dir, file, images, containers, log }: Parts) {
  const { records } = file;
  const events = new EventStreams();
  const container = (call: Call) => containers.get(call.names[0] ?? "");
  const network = (name = ""): NetworkRecord => {
    const found = records.networks.find(
      (candidate) =>
        candidate.name === name || candidate.id === name || (name.length >= 12 && candidate.id.startsWith(name)),
    );
    if (!found) throw new ApiError(404, `network ${name} not found`);
    return found;
  };
  const volume = (name = "") => {
    const found = records.volumes.find((candidate) => candidate.name === name);
    if (!found) throw new ApiError(404, `get ${name}: no such volume`);
    return found;
  };
  const mountpoint = (name: string) => join(dir, "volumes", name);
  const usersOf = (network_: NetworkRecord) =>
    containers.all.filter((record) => record.status === "running" && network_.name in record.networks);

  const routes: Route[] = [
    ["GET", /^\/_ping$/, ({ response }) => void response.end("OK")],
    ["HEAD", /^\/_ping$/, ({ response }) => void response.end()],
    ["GET", /^\/version$/, () => version()],
    ["GET", /^\/info$/, () => info()],

    [
      "GET",
      /^\/events$/,
      ({ query, response }) => {
        const { label = [], event } = filters(query);
        events.listen(
          response,
          (name, labels) => (!event || event.includes(name)) && label.every((each) => hasLabel(labels, each)),
        );
      },
    ],

    ["GET", /^\/images\/json$/, () => images.all.map(summarizeImage)],
    [
      "POST",
      /^\/images\/create$/,
      ({ query }) => {
        const name = [query.get("fromImage"), query.get("tag")].filter(Boolean).join(":");
        throw new ApiError(500, `Pulling ${name} needs Docker Engine: here containers run as plain processes.`);
      },
    ],
    ["POST", /^\/build$/, build],
    [
      "GET",
      /^\/images\/(.+)\/json$/,
      ({ names: [name = ""] }) => {
        const image = images.find(name);
        if (!image) throw new ApiError(404, `No such image: ${name}`);
        return describeImage(image);
      },
    ],
    [
      "DELETE",
      /^\/images\/(.+)$/,
      ({ names: [name = ""] }) =>
        images.remove(name, (image) =>
          containers.all.filter((record) => record.imageId === image.id).map((record) => record.name),
        ),
    ],

    ["GET", /^\/containers\/json$/, ({ query }) => listed(query).map((record) => summarizeContainer(record, records))],
    [
      "POST",
      /^\/containers\/create$/,
      async ({ request, query }) => {
        const name = query.get("name")?.replace(/^\//, "");
        const made = await containers.create(name, await json<CreateRequest>(request));
        return new Body(201, { Id: made.id, Warnings: [] });
      },
    ],
    ["GET", /^\/containers\/([^/]+)\/json$/, (call) => describeContainer(container(call), records)],
    [
      "POST",
      /^\/containers\/([^/]+)\/start$/,
      async (call) => new NoBody((await containers.runner(container(call)).start()) ? 204 : 304),
    ],
    [
      "POST",
      /^\/containers\/([^/]+)\/stop$/,
      async (call) => {
        const record = container(call);
        if (record.status === "running") events.tell(record, "kill", { signal: "15" });
        const stopped = await containers.runner(record).stop(numberIn(call.query, "t"));
        if (stopped) events.tell(record, "die", { exitCode: String(record.exitCode) });
        return new NoBody(stopped ? 204 : 304);
      },
    ],
    [
      "POST",
      /^\/containers\/([^/]+)\/restart$/,
      async (call) => {
        const runner = containers.runner(container(call));
        await runner.stop(numberIn(call.query, "t"));
        await runner.start();
        return new NoBody(204);
      },
    ],
    [
      "POST",
      /^\/containers\/([^/]+)\/kill$/,
      (call) => {
        const signal = (call.query.get("signal") ?? "SIGKILL").toUpperCase();
        containers
          .runner(container(call))
          .signal((signal.startsWith("SIG") ? signal : `SIG${signal}`) as NodeJS.Signals);
        return new NoBody(204);
      },
    ],
    [
      "POST",
      /^\/containers\/([^/]+)\/wait$/,
      async (call) => {
        const record = container(call);
        await containers.runner(record).wait();
        return { StatusCode: record.exitCode };
      },
    ],
    [
      "POST",
      /^\/containers\/([^/]+)\/update$/,
      async (call) => {
        const record = container(call);
        record.hostConfig = { ...record.hostConfig, ...(await json<HostConfig>(call.request)) };
        containers.saved();
        return { Warnings: [] };
      },
    ],
    ["GET", /^\/containers\/([^/]+)\/logs$/, logs],
    [
      "PUT",
      /^\/containers\/([^/]+)\/archive$/,
      async (call) => {
        await containers.extract(container(call), call.query.get("path") ?? "/", call.request);
        return new NoBody(200);
      },
    ],
    [
      "DELETE",
      /^\/containers\/([^/]+)$/,
      async (call) => {
        await containers.remove(container(call), isTrue(call.query.get("force")));
        return new NoBody(204);
      },
    ],

    [
      "GET",
      /^\/networks$/,
      ({ query }) => {
        const { name } = filters(query);
        const wanted = records.networks.filter((one) => !name || name.some((part) => one.name.includes(part)));
        return wanted.map((one) => describeNetwork(one, containers));
      },
    ],
    [
      "POST",
      /^\/networks\/create$/,
      async ({ request }) => {
        const body = await json<{ Name?: string }>(request);
        const name = body.Name ?? "";
        if (records.networks.some((one) => one.name === name)) {
          throw new ApiError(409, `network with name ${name} already exists`);
        }
        const made = {
          id: randomBytes(32).toString("hex"),
          name,
          created: new Date().toISOString(),
          request: { ...body },
        };
        records.networks.push(made);
        file.save();
        return new Body(201, { Id: made.id, Warning: "" });
      },
    ],
    ["GET", /^\/networks\/([^/]+)$/, ({ names: [name] }) => describeNetwork(network(name), containers)],
    [
      "DELETE",
      /^\/networks\/([^/]+)$/,
      ({ names: [name] }) => {
        const found = network(name);
        const users = usersOf(found);
        if (users.length > 0) {
          throw new ApiError(
            403,
            `error while removing network: network ${found.name} id ${found.id} has active endpoints`,
          );
        }
        records.networks = records.networks.filter((one) => one !== found);
        for (const record of containers.all) delete record.networks[found.name];
        file.save();
        return new NoBody(204);
      },
    ],
    [
      "POST",
      /^\/networks\/([^/]+)\/connect$/,
      async ({ names: [name], request }) => {
        const body = await json<{ Container?: string; EndpointConfig?: Endpoint }>(request);
        containers.get(body.Container ?? "").networks[network(name).name] = body.EndpointConfig ?? {};
        containers.saved();
        return new NoBody(200);
      },
    ],
    [
      "POST",
      /^\/networks\/([^/]+)\/disconnect$/,
      async ({ names: [name], request }) => {
        const body = await json<{ Container?: string }>(request);
        delete containers.get(body.Container ?? "").networks[network(name).name];
        containers.saved();
        return new NoBody(200);
      },
    ],

    [
      "GET",
      /^\/volumes$/,
      () => ({ Volumes: records.volumes.map((one) => describeVolume(one, mountpoint(one.name))), Warnings: [] }),
    ],
    [
      "POST",
      /^\/volumes\/create$/,
      async ({ request }) => {
        const body = await json<{
          Name?: string;
          Driver?: string;
          Labels?: Record<string, string>;
          DriverOpts?: Record<string, string>;
        }>(request);
        const name = body.Name || randomBytes(32).toString("hex");
        if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) throw new ApiError(400, `create ${name}: invalid volume name`);
        const known = records.volumes.find((one) => one.name === name);
        const made = known ?? {
          name,
          created: new Date().toISOString(),
          driver: body.Driver || "local",
          labels: body.Labels ?? {},
          options: body.DriverOpts ?? {},
        };
        if (!known) records.volumes.push(made);
        file.save();
        return new Body(201, describeVolume(made, mountpoint(name)));
      },
    ],
    ["GET", /^\/volumes\/([^/]+)$/, ({ names: [name] }) => describeVolume(volume(name), mountpoint(name ?? ""))],
    [
      "DELETE",
      /^\/volumes\/([^/]+)$/,
      async ({ names: [name] }) => {
        const found = volume(name);
        const user = containers.all.find((one) =>
          (one.hostConfig.Mounts ?? []).some((mount) => mount.Source === found.name),
        );
        if (user) throw new ApiError(409, `remove ${found.name}: volume is in use - [${user.id}]`);
        records.volumes = records.volumes.filter((one) => one !== found);
        file.save();
        await rm(mountpoint(found.name), { recursive: true, force: true });
        return new NoBody(204);
      },
    ],
  ];

  async function build({ request, response, query }: Call): Promise<void> {
    const text = (key: string) => JSON.parse(query.get(key) || "{}") as Record<string, string>;
    response.writeHead(200, { "content-type": "application/json" });
    const line = (value: object) => response.write(`${JSON.stringify(value)}\n`);
    try {
      const options = {
        tags: query.getAll("t").filter(Boolean),
        dockerfile: query.get("dockerfile") || "Dockerfile",
        buildArgs: text("buildargs"),
        labels: text("labels"),
        context: request,
      };
      const image = await images.build(options, (stream) => line({ stream: `${stream}\n` }));
      line({ aux: { ID: image.id } });
      line({ stream: `Successfully built ${image.id.slice(7, 19)}\n` });
    } catch (error) {
      if (!(error instanceof ApiError)) log(`processes: build failed: ${(error as Error).message}`);
      line({ errorDetail: { message: (error as Error).message }, error: (error as Error).message });
    }
    response.end();
  }

  /** In frames: stream (1: stdout), three zeros, length; the two streams share one file here. */
  async function logs(call: Call): Promise<void> {
    const text = Buffer.from(await containers.logs(container(call), numberIn(call.query, "tail")));
    const header = Buffer.alloc(8);
    header[0] = 1;
    header.writeUInt32BE(text.length, 4);
    call.response.writeHead(200, { "content-type": "application/vnd.docker.raw-stream" });
    call.response.end(text.length > 0 ? Buffer.concat([header, text]) : text);
  }

  function listed(query: URLSearchParams) {
    const { name, label, status, id } = filters(query);
    return containers.all
      .filter(
        (record) => isTrue(query.get("all")) || status || record.status === "running" || record.status === "restarting",
      )
      .filter((record) => !status || status.includes(record.status))
      .filter((record) => !name || name.some((part) => `/${record.name}`.includes(part)))
      .filter((record) => !id || id.some((part) => record.id.startsWith(part)))
      .filter((record) => !label || label.every((wanted) => hasLabel(record.config.Labels ?? {}, wanted)))
      .reverse();
  }

  function version(): object {
    const about = { Version: "processes", ApiVersion: apiVersion, MinAPIVersion: "1.24", GitCommit: "" };
    const machine = { Os: process.platform, Arch: arch() === "x64" ? "amd64" : arch(), KernelVersion: release() };
    return { Platform: { Name: "plain processes" }, ...about, ...machine, GoVersion: "" };
  }

  function info(): object {
    const count = (status: string) => containers.all.filter((record) => record.status === status).length;
    return {
      ID: "processes",
      Name: hostname(),
      ServerVersion: "processes",
      Driver: "processes",
      OperatingSystem: "plain processes",
      OSType: process.platform,
      Architecture: arch(),
      NCPU: cpus().length,
      MemTotal: totalmem(),
      Containers: containers.all.length,
      ContainersRunning: count("running"),
      ContainersPaused: 0,
      ContainersStopped: count("exited") + count("created"),
      Images: images.all.length,
      DockerRootDir: dir,
    };
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://docker");
    const path = pathname.replace(/^\/v\d+\.\d+(?=\/)/, "");
    response.setHeader("Api-Version", apiVersion);
    response.setHeader("Ostype", process.platform);
    response.setHeader("Server", "Docker/processes");
    try {
      for (const [method, pattern, answer] of routes) {
        const match = request.method === method ? pattern.exec(path) : null;
        if (!match) continue;
        const names = match.slice(1).map(decodeURIComponent);
        const result = await answer({ request, response, query: searchParams, names });
        if (result instanceof NoBody) response.writeHead(result.status).end();
        else if (result instanceof Body) sendJson(response, result.status, result.value);
        else if (result !== undefined) sendJson(response, 200, result);
        return;
      }
      sendJson(response, 404, { message: "page not found" });
    } catch (error) {
      const known = error instanceof ApiError;
      if (!known) log(`processes: ${request.method} ${path} failed: ${(error as Error).message}`);
      if (response.headersSent) response.end();
      else sendJson(response, known ? error.status : 500, { message: (error as Error).message });
    }
  };
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(value)}\n`);
}

async function json<T>(request: IncomingMessage): Promise<T> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) throw new ApiError(413, "request body too large");
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  try {
    return JSON.parse(text || "{}") as T;
  } catch {
    throw new ApiError(400, "invalid JSON in the request body");
  }
}

function filters(query: URLSearchParams): Record<string, string[] | undefined> {
  const given = JSON.parse(query.get("filters") || "{}") as Record<string, string[] | Record<string, boolean>>;
  // Older clients send {"name": {"x": true}} for {"name": ["x"]}.
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => [key, Array.isArray(value) ? value : Object.keys(value)]),
  );
}

function hasLabel(labels: Record<string, string>, wanted: string): boolean {
  const [key = "", value] = wanted.split("=");
  return key in labels && (value === undefined || labels[key] === value);
}

function isTrue(value: string | null): boolean {
  return value === "1" || value?.toLowerCase() === "true";
}

function numberIn(query: URLSearchParams, key: string): number | undefined {
  const value = query.get(key);
  return value !== null && /^\d+$/.test(value) ? Number(value) : undefined;
}
