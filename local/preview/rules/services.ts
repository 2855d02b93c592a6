import { catalogue, type Placement, platform, type ServiceName, serviceNames } from "@hybrid-mcp/catalogue";
import type { Resource, ResourceState } from "../digest.ts";
import { durations } from "../durations.ts";
import { added, type Change, change, isOf, listed, type Scene } from "../scene.ts";

const home: Record<Placement, string> = { workers: "Workers", droplet: "the droplet" };

/** Services that move. */
export function flips(scene: Scene): Change[] {
  return serviceNames.flatMap((service) => {
    const from = scene.placement(service, "before");
    const to = scene.placement(service, "after");
    if (!from || !to || from === to || scene.one("WorkersRoute", `${service}-route`)!.op !== "update") return [];
    const { gateSeconds, confirmSeconds, drainSeconds } = scene.deadlines;
    const version = versions(scene, `${service}-script`);
    const taken = [
      ...scene.take((each) => isOf("WorkersRoute")(each) && each.name === `${service}-route`),
      ...scene.take(isPartOf(service)),
    ];
    // The tunnel's rules name the container of a changed service.
    if (version) taken.push(...scene.take(isOf("ZeroTrustTunnelCloudflaredConfig")));
    const toDroplet = to === "droplet";
    const keepsContainer = scene.one("Container", service)?.op === "same";
    const start = toDroplet && !keepsContainer ? durations.containerStart.seconds : durations.apiCall.seconds;
    const confirmed = [confirmSeconds, confirmSeconds] as const;
    const drained = toDroplet || keepsContainer ? ([0, 0] as const) : ([1, drainSeconds] as const);
    return [
      change(taken, {
        title: `${catalogue[service].title} moves from ${home[from]} to ${home[to]}${version ? `, with a new version (${version})` : ""}`,
        calls: callsOfFlip(scene, to) ?? {
          fail: false,
          text: `no call fails: new calls go to ${home[to]} once it has answered as it should; those that run on ${home[from]} end there`,
        },
        data: { risk: false, text: "not touched: the service keeps nothing, sign-ins and connections stay" },
        seconds: added(start, confirmed, drained),
        notes: [
          `If ${home[to]} is not healthy within ${gateSeconds} s, nothing moves and the update fails.`,
          ...(toDroplet || keepsContainer
            ? []
            : [`The container has up to ${drainSeconds} s to finish the calls that run on it.`]),
        ],
      }),
    ];
  });
}

/** Beside a droplet that goes off, a flip away from it cannot promise what it promises else. */
function callsOfFlip(scene: Scene, to: Placement): Change["calls"] | undefined {
  if (to === "droplet" || !scene.dropletIsAway) return undefined;
  return { fail: true, text: `calls can fail: the droplet may go off before they go to ${home[to]}` };
}

/** Services that are new, or taken away. */
export function comingAndGoing(scene: Scene): Change[] {
  return serviceNames.flatMap((service) => {
    const { title, subdomain } = catalogue[service];
    const op = scene.one("WorkersScript", `${service}-script`)?.op;
    if (op !== "create" && op !== "delete") return [];
    const placed = scene.placement(service, op === "create" ? "after" : "before") ?? "workers";
    const taken = scene.take(
      (each) =>
        isPartOf(service)(each) ||
        (isOf("WorkersRoute")(each) && each.name === `${service}-route`) ||
        (isOf("DnsRecord")(each) &&
          (each.name.startsWith(`${subdomain}.`) || each.name.startsWith(`gate-${service}.`))),
    );
    const start = placed === "droplet" ? durations.containerStart.seconds : durations.workerUpload.seconds;
    return op === "create"
      ? [change(taken, { title: `${title} is new, on ${home[placed]}`, seconds: start })]
      : [
          change(taken, {
            title: `${title} is taken away`,
            calls: { fail: true, text: `every call to ${title} fails from then on` },
            data: { risk: false, text: "kept: people's connections to it stay, should it come back" },
          }),
        ];
  });
}

/** Services, broker and gateway that get a new version, or other settings. */
export function newVersions(scene: Scene): Change[] {
  const services = serviceNames.map((name) => [name, catalogue[name].title] as const);
  const broker = ["oauth-broker", platform["oauth-broker"].title] as const;
  const gateway = ["mcp-gateway", platform["mcp-gateway"].title] as const;
  const found = [broker, gateway, ...services].flatMap(([name, title]) => {
    const script = scene.open((each) => isOf("WorkersScript")(each) && each.name === `${name}-script`)[0];
    const container = scene.open((each) => isOf("Container")(each) && each.name === name)[0];
    if (!script && !container) return [];
    if (script && script.op !== "update") return [platformScript(scene, name, title, script)];
    const version = versions(scene, `${name}-script`);
    const what = version
      ? `gets a new version: ${version}`
      : `gets other settings${script ? settings(script) : " on the droplet"}`;
    const taken = scene.take(isPartOf(name));
    const onWorkers = "Cloudflare hands new calls to it at once, those that run end on the old one";
    const onDroplet = "the new container starts beside the old one, which ends what runs on it";
    const how = [script ? onWorkers : [], container ? onDroplet : []].flat();
    const away = scene.dropletIsReplaced && scene.placement(name as ServiceName, "after") === "droplet";
    return [
      change(taken, {
        title: `${title} ${what}`,
        calls: away
          ? { fail: true, text: "it does not answer until the new droplet has it" }
          : { fail: false, text: `no call fails: ${how.join("; on the droplet ")}` },
        seconds: container
          ? added(durations.containerStart.seconds, [1, scene.deadlines.drainSeconds])
          : durations.workerUpload.seconds,
        notes:
          name === "oauth-broker" && version
            ? ["The audit trail's schema is brought up to date first; steps only add to it."]
            : [],
      }),
    ];
  });
  const last = found.at(-1);
  // Where the tunnel leads follows the containers.
  const rules = scene.open(isOf("ZeroTrustTunnelCloudflaredConfig"));
  if (last && rules.length > 0 && rules[0]!.op === "update") {
    for (const { op, type, name } of scene.take(isOf("ZeroTrustTunnelCloudflaredConfig"))) {
      last.resources.push({ op, type, name });
    }
  }
  return found;
}

/** The broker's or the gateway's Worker, made or taken away. */
function platformScript(scene: Scene, name: string, title: string, script: Resource): Change {
  const created = script.op === "create";
  const taken = scene.take(
    (each) => isPartOf(name)(each) || each.name === `${name}-route` || each.name === "oauth-broker-sweep",
  );
  return change(taken, {
    title: `${title}: its Worker is ${created ? "new" : script.op === "delete" ? "taken away" : "made anew"}`,
    seconds: durations.workerUpload.seconds,
    calls: created
      ? { fail: false, text: "no call fails" }
      : {
          fail: true,
          text:
            created || script.op === "replace"
              ? `calls of ${title} fail for some seconds`
              : "calls fail unless something else answers at its hostname",
        },
  });
}

/** Everything of a service's two homes but its route and its names. */
function isPartOf(service: ServiceName | (string & {})): (resource: Resource) => boolean {
  return (each) =>
    (isOf("WorkersScript")(each) && each.name === `${service}-script`) ||
    (isOf("WorkersScriptSubdomain")(each) && each.name === `${service}-workers-dev`) ||
    (isOf("RemoteImage")(each) && each.name === `${service}-image`) ||
    (isOf("Container")(each) && each.name === service);
}

type Binding = { name: string; text?: string } & Record<string, unknown>;

const bindings = (state: ResourceState | undefined) => {
  const all = state?.inputs?.bindings;
  return Array.isArray(all) ? (all as Binding[]) : [];
};

/** `0.1.0+abc → 0.1.0+def`, if a Worker's bundle changes. */
function versions(scene: Scene, script: string): string | undefined {
  const { before, after, op } = scene.one("WorkersScript", script) ?? {};
  if (op !== "update" || before?.inputs?.contentSha256 === after?.inputs?.contentSha256) return undefined;
  const [from, to] = [before, after].map((state) => bindings(state).find(({ name }) => name === "VERSION")?.text);
  return from && to ? `${from} → ${to}` : "another bundle";
}

/** Names of the bindings that differ, never what they hold. */
function settings({ before, after, changed }: Resource): string {
  const [from, to] = [bindings(before), bindings(after)];
  const names = [...new Set([...from, ...to].map(({ name }) => name))].filter(
    (name) =>
      JSON.stringify(from.find((each) => each.name === name)) !== JSON.stringify(to.find((each) => each.name === name)),
  );
  const other = changed.filter((key) => key !== "bindings");
  const all = [...names, ...other];
  // Beside a secret the engine hides them all: that they differ is known, not which.
  return all.length > 0 ? ` (${listed(all)})` : " (hidden, as there are secrets among them)";
}
