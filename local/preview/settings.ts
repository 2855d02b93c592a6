import { serviceNames } from "@hybrid-mcp/catalogue";
import { inDays, retentions } from "../../infra/retention.ts";

/** What is not secret of a stack's config, by its keys (`infra/settings.ts`); undefined where it is not known. */
export type Settings = Record<string, unknown> | undefined;

/** A setting that differs. */
export interface SettingChange {
  /** In the config: `auth.auditRetentionDays`. */
  key: string;
  before: unknown;
  after: unknown;
}

/** What becomes of calls when a setting changes. */
interface Meaning {
  /** Workers and containers that are told it; `*` stands for what it stands for in the key. */
  of: readonly string[];
  /** What can fail; undefined: nothing. */
  calls?: string | ((after: number) => string);
  /** Changes with which that can be; default: any. */
  when?: (change: SettingChange) => boolean;
}

const lowered = ({ before, after }: SettingChange) => Number(after) < Number(before);
const takenOut = ({ before, after }: SettingChange) => without(before, after).length > 0;
const narrowed = ({ before, after }: SettingChange) =>
  Array.isArray(after) && (!before || takenOut({ key: "", before, after }));
const wasSet = ({ before }: SettingChange) => before !== undefined;
const isOff = ({ after }: SettingChange) => after === false;

const broker = "oauth-broker";
const gateway = "mcp-gateway";
const all = [broker, gateway, ...serviceNames];
const newAddress = "clients and OAuth apps know the old address, and are refused until they have the new one";
const wrongUpstream = "its tools fail if the new address is wrong";
const fewerTools = "calls of tools that are left out fail";

/** What settings mean, by the beginning of their config keys: the first that fits counts. What no line is about is told to none of these. */
const meanings: [key: string, Meaning][] = [
  ["domain", { of: all, calls: newAddress }],
  ["publicUrls", { of: all, calls: newAddress }],
  ["services.n8n.enabled", { of: [broker, gateway], calls: "n8n's tools are gone", when: isOff }],
  ["services.n8n.upstreamUrl", { of: [broker, gateway], calls: wrongUpstream }],
  ["services.*.enabled", { of: [broker, gateway], calls: "its tools are gone", when: isOff }],
  ["services.*.upstreamUrl", { of: ["*", broker], calls: wrongUpstream }],
  ["services.*.dropletUpstreamUrl", { of: ["*"], calls: wrongUpstream }],
  ["services.*.tools.toolsets", { of: ["*", gateway], calls: fewerTools, when: narrowed }],
  ["services.*.tools.readOnly", { of: ["*", gateway], calls: fewerTools, when: ({ after }) => after === true }],
  [
    "services.*.tools.exclude",
    { of: ["*", gateway], calls: fewerTools, when: ({ before, after }) => without(after, before).length > 0 },
  ],
  [
    "services.firecrawl.allowedHosts",
    { of: ["*"], calls: "pages at hosts that are taken out are refused", when: takenOut },
  ],
  [
    "services.firecrawl.engine",
    { of: ["*", broker], calls: "Firecrawl's tools fail until the other engine can be used" },
  ],
  ["auth.topology", { of: [broker, gateway] }],
  [
    "auth.policy",
    { of: [broker], calls: "people whom no other rule allows it are denied what is taken out", when: takenOut },
  ],
  ["auth.providers", { of: [broker], calls: "people cannot sign in with what is taken out", when: takenOut }],
  ["auth.github", { of: [broker], calls: "people cannot sign in if it is wrong", when: wasSet }],
  ["auth.google", { of: [broker], calls: "people cannot sign in if it is wrong", when: wasSet }],
  ["auth.connections", { of: [broker], calls: "people may have to connect their accounts again", when: wasSet }],
  ["auth.products", { of: [broker], calls: "products are refused what is taken out", when: takenOut }],
  [
    "auth.keys",
    { of: [broker], calls: "people connect accounts again that only a key which is taken out opens", when: takenOut },
  ],
  [
    "auth.grantIdleDays",
    { of: [broker], calls: (days) => `who has not used their access for ${inDays(days)} is signed out`, when: lowered },
  ],
  ["auth.dropletUrl", { of: serviceNames, calls: "calls on the droplet fail if the new address is wrong" }],
  ["auth", { of: [broker] }],
  [
    "gateway.callsPerMinute",
    {
      of: [gateway],
      calls: (limit) => `calls of one tool beyond ${limit} a minute are refused, for each person`,
      when: lowered,
    },
  ],
  [
    "gateway.servers",
    { of: [broker, gateway], calls: "tools of servers that change or are taken out can fail", when: takenOut },
  ],
  ["telemetry", { of: [gateway, ...serviceNames] }],
  ["backup", { of: ["backup"] }],
  [
    "cutover.drainSeconds",
    {
      of: serviceNames,
      calls: (seconds) => `calls that still run ${seconds} s after a change are cut off`,
      when: lowered,
    },
  ],
  ["cutover", { of: serviceNames }],
  ["droplet", { of: serviceNames }],
];

/** @returns undefined where it is not known what differs */
export function settingChanges(before: Settings, after: Settings): SettingChange[] | undefined {
  if (!before || !after) return undefined;
  return Object.keys(after)
    .filter((key) => key in before)
    .flatMap((key) => differences(key, before[key], after[key]));
}

function differences(key: string, before: unknown, after: unknown): SettingChange[] {
  if (isObject(before ?? {}) && isObject(after ?? {}) && (before ?? after) !== undefined) {
    const [from, to] = [before ?? {}, after ?? {}] as Record<string, unknown>[];
    const names = new Set([...Object.keys(from!), ...Object.keys(to!)]);
    return [...names].flatMap((name) => differences(`${key}.${name}`, from![name], to![name]));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ key, before, after }];
}

const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether a Worker or container is told a setting: by its name in the program, without `-script`. */
export function isToldTo(part: string, { key }: SettingChange): boolean {
  const service = key.split(".")[1]!;
  return meaningOf(key)?.of.some((each) => (each === "*" ? service : each) === part) ?? false;
}

/** What can fail with a change of a setting; undefined: nothing that it says. */
export function failing(change: SettingChange): string | undefined {
  const { calls, when = () => true } = meaningOf(change.key) ?? {};
  if (calls === undefined || !when(change)) return undefined;
  return typeof calls === "string" ? calls : calls(Number(change.after));
}

/** What is deleted with a change of a setting. */
export function deleting(change: SettingChange): { name: string; title: string; lost: string } | undefined {
  const retention = retentions[change.key];
  return retention && lowered(change) ? { ...retention, lost: retention.lost(Number(change.after)) } : undefined;
}

function meaningOf(key: string): Meaning | undefined {
  const parts = key.split(".");
  return meanings.find(([prefix]) => prefix.split(".").every((part, at) => part === "*" || part === parts[at]))?.[1];
}

/** Longest value that is shown whole. */
const LONGEST = 100;

/** `auth.auditRetentionDays: 90 → 30`; of long lists what is taken out and put in. */
export function inWords({ key, before, after }: SettingChange): string {
  const whole = [before, after].map(shown);
  if (!Array.isArray(before) || !Array.isArray(after) || whole.every((text) => text.length <= LONGEST)) {
    return `${key}: ${whole.map(cut).join(" → ")}`;
  }
  const parts = [
    ...without(before, after).map((each) => `without ${cut(shown(each))}`),
    ...without(after, before).map((each) => `with ${cut(shown(each))}`),
  ];
  return `${key}: ${parts.join(", ") || "in another order"}`;
}

function shown(value: unknown): string {
  if (value === undefined) return "not set";
  return typeof value === "string" ? value : JSON.stringify(value).replaceAll('"', "").replaceAll(",", ", ");
}

const cut = (text: string) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 2)} …` : text);

/** What of a list another has not. */
function without(list: unknown, other: unknown): unknown[] {
  const kept = new Set(asList(other).map((each) => JSON.stringify(each)));
  return asList(list).filter((each) => !kept.has(JSON.stringify(each)));
}

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
