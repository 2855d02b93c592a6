import * as pulumi from "@pulumi/pulumi";
import { expect, vi } from "vitest";
import { flatConfig } from "../config.ts";
import { smallestConfig, type Values } from "./config.ts";

/** A resource as the program registered it. */
export interface Registered {
  type: string;
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: inputs of any resource
  inputs: Record<string, any>;
  protect: boolean;
}

/** What registers resources: its part that the mocks do not hand on. */
interface Monitor {
  registerResource(
    request: { getType(): string; getName(): string; getProtect(): boolean },
    done: (error: Error | null, reply: unknown) => void,
  ): unknown;
}

/**
 * Runs the whole program against Pulumi's mocks and answers what it registered.
 *
 * @param preview as in a preview, in which nobody waits for a droplet to be ready
 * @param last outputs of the update before
 */
export async function run(
  config: Record<string, unknown>,
  { preview = false, last = {} }: { preview?: boolean; last?: Record<string, unknown> } = {},
): Promise<Registered[]> {
  const registered: Registered[] = [];
  const isProtected = new Set<string>();
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        registered.push({ type, name, inputs, protect: isProtected.has(`${type} ${name}`) });
        const outputs: Record<string, unknown> = { ...inputs };
        if (type === "random:index/randomPassword:RandomPassword") outputs.result = `secret-of-${name}`;
        if (type === "random:index/randomBytes:RandomBytes") outputs.base64 = Buffer.alloc(32, 7).toString("base64");
        if (type === "docker:index/remoteImage:RemoteImage") outputs.imageId = `sha256:${name}`;
        if (type === "pulumi:pulumi:StackReference") outputs.outputs = last;
        if (type.endsWith(":ZeroTrustAccessServiceToken")) {
          Object.assign(outputs, { clientId: "engine.access", clientSecret: "access-secret" });
        }
        if (type === "digitalocean:index/droplet:Droplet") {
          Object.assign(outputs, { ipv4Address: "203.0.113.10", dropletUrn: "do:droplet:1001" });
        }
        if (type === "digitalocean:index/volume:Volume") outputs.volumeUrn = `do:volume:${name}-id`;
        return { id: type.endsWith("Droplet") ? "1001" : `${name}-id`, state: outputs };
      },
      call: () => ({ token: "tunnel-token" }),
    },
    "hybrid-mcp",
    "test",
    preview,
    "organization",
  );
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  // Mocks are not told what is protected.
  const registerResource = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, done) => {
    if (request.getProtect()) isProtected.add(`${request.getType()} ${request.getName()}`);
    return registerResource(request, done);
  };
  // Mocks know no hooks: they are registered and never run. The end-to-end tests run them.
  const register = (_: unknown, done: (error: null, reply: object) => void) => done(null, {});
  Object.assign(monitor, { registerResourceHook: register, registerErrorHook: register });
  pulumi.runtime.setAllConfig(
    flatConfig(smallestConfig({ sharedConnections: { coda: "coda-token" }, ...(config as Values) })),
  );
  vi.resetModules();
  await import("../index.ts");
  // Every registration that the program started has to be in before it is looked at.
  await pulumi.runtime.disconnect();
  return registered;
}

/** What a secret input holds; fails when it is not marked as a secret. */
export function secret<T>(input: { value: T } & Record<string, unknown>): T {
  // The signature of a secret in Pulumi's wire format.
  expect(input["4dabf18193072939515e22adb298388d"]).toBe("1b47061264138c4ac30d75fd1eb44270");
  return input.value;
}

/** The resource of a type with this name. */
export const one = (resources: Registered[], type: string, name: string) =>
  of(resources, type).find((resource) => resource.name === name)!;
/** The resources of a type. */
export const of = (resources: Registered[], type: string) =>
  resources.filter((resource) => resource.type.endsWith(`:${type}`));

/** What every rule of the tunnel has: idle connections to origins end before workerd and Node would end them. */
export const originRequest = { keepAliveTimeout: 3 };
