import { ApiError } from "./docker-error.ts";
import type { Config, Healthcheck } from "./records.ts";

export interface CopyStep {
  sources: string[];
  destination: string;
  /** WORKDIR at that line. */
  workingDir: string;
  line: number;
}

/** What a Dockerfile says, with arguments filled in. */
export interface BuildPlan {
  base: string;
  copies: CopyStep[];
  config: Config;
  /** The instructions, for the progress output. */
  steps: string[];
}

interface Instruction {
  name: string;
  rest: string;
  line: number;
}

/**
 * Reads a Dockerfile (https://docs.docker.com/reference/dockerfile/) of one stage that only puts files and settings
 * together; what would run a program or fetch something needs a real engine.
 * @param base - configuration of the image that FROM names, where we have it
 * @throws ApiError naming the line
 */
export function planBuild(
  text: string,
  buildArgs: Record<string, string>,
  base: (image: string) => Config | undefined,
): BuildPlan {
  const plan: BuildPlan = { base: "", copies: [], config: { Env: [], Labels: {}, ExposedPorts: {} }, steps: [] };
  const values: Record<string, string> = {};
  const env = new Map<string, string>();
  for (const { name, rest, line } of instructions(text)) {
    const refuse = (why: string): never => {
      throw new ApiError(400, `Dockerfile line ${line}: ${why}`);
    };
    const filled = () => fillIn(rest, { ...values, ...Object.fromEntries(env) });
    plan.steps.push(`${name} ${rest}`);
    if (plan.base === "" && name !== "ARG" && name !== "FROM") refuse(`${name} before FROM.`);
    switch (name) {
      case "ARG": {
        const [key = "", fallback] = splitOnce(rest, "=");
        const value = buildArgs[key] ?? (fallback === undefined ? undefined : fillIn(unquoted(fallback), values));
        if (value !== undefined) values[key] = value;
        break;
      }
      case "FROM": {
        if (plan.base) refuse("a build with several stages needs Docker Engine.");
        plan.base =
          filled()
            .replace(/^--platform=\S+\s+/, "")
            .split(/\s+/)[0] ?? "";
        if (!plan.base) refuse("FROM needs an image; an ARG without a value leaves it empty.");
        const inherited = base(plan.base);
        if (inherited) plan.config = structuredClone(inherited);
        for (const entry of plan.config.Env ?? []) env.set(...(splitOnce(entry, "=") as [string, string]));
        break;
      }
      case "WORKDIR":
        plan.config.WorkingDir = absolute(plan.config.WorkingDir, filled());
        break;
      case "COPY": {
        const words = wordsOf(filled());
        const flags = words.filter((word) => word.startsWith("--"));
        if (flags.some((flag) => flag.startsWith("--from"))) refuse("COPY --from needs Docker Engine.");
        const paths = words.filter((word) => !word.startsWith("--"));
        if (paths.length < 2) refuse("COPY needs a source and a destination.");
        plan.copies.push({
          sources: paths.slice(0, -1),
          destination: paths.at(-1) ?? "",
          workingDir: plan.config.WorkingDir ?? "/",
          line,
        });
        break;
      }
      case "ENV":
        for (const [key, value] of pairs(filled())) env.set(key, value);
        plan.config.Env = [...env].map(([key, value]) => `${key}=${value}`);
        break;
      case "LABEL":
        plan.config.Labels = { ...plan.config.Labels, ...Object.fromEntries(pairs(filled())) };
        break;
      case "EXPOSE":
        for (const port of filled().split(/\s+/)) {
          plan.config.ExposedPorts = { ...plan.config.ExposedPorts, [port.includes("/") ? port : `${port}/tcp`]: {} };
        }
        break;
      case "USER":
        plan.config.User = filled();
        break;
      case "STOPSIGNAL":
        plan.config.StopSignal = filled();
        break;
      case "ENTRYPOINT":
        plan.config.Entrypoint = commandOf(rest);
        plan.config.Cmd = null;
        break;
      case "CMD":
        plan.config.Cmd = commandOf(rest);
        break;
      case "HEALTHCHECK":
        plan.config.Healthcheck = healthcheckOf(rest);
        break;
      case "RUN":
      case "ADD":
        refuse(`${name} needs Docker Engine; without it only files and settings can be put together.`);
        break;
      default:
        refuse(`${name} is not known here; it needs Docker Engine.`);
    }
  }
  if (!plan.base) throw new ApiError(400, "The Dockerfile has no FROM.");
  return plan;
}

function instructions(text: string): Instruction[] {
  const found: Instruction[] = [];
  let open: Instruction | undefined;
  text.split(/\r?\n/).forEach((raw, index) => {
    if (/^\s*#/.test(raw) || (!open && raw.trim() === "")) return;
    const continues = /\\\s*$/.test(raw);
    const part = raw.replace(/\\\s*$/, "").trim();
    if (open) open.rest = `${open.rest} ${part}`.trim();
    else {
      const [name = "", ...rest] = part.split(/\s+/);
      open = { name: name.toUpperCase(), rest: part.slice(name.length).trim() || rest.join(" "), line: index + 1 };
    }
    if (continues) return;
    found.push(open);
    open = undefined;
  });
  if (open) found.push(open);
  return found;
}

/** `$NAME`, `${NAME}`, `${NAME:-default}`; `\$` stays a dollar sign. */
function fillIn(text: string, values: Record<string, string>): string {
  return text.replace(
    /\\\$|\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})/g,
    (match, bare?: string, braced?: string, fallback?: string) => {
      if (match === "\\$") return "$";
      return values[bare ?? braced ?? ""] || (fallback ?? "");
    },
  );
}

/** JSON form as it is, shell form through `/bin/sh -c`. */
function commandOf(rest: string): string[] {
  return jsonList(rest) ?? ["/bin/sh", "-c", rest];
}

function jsonList(text: string): string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((item) => typeof item === "string") ? list : undefined;
  } catch {
    return undefined;
  }
}

function healthcheckOf(rest: string): Healthcheck {
  if (/^NONE$/i.test(rest)) return { Test: ["NONE"] };
  const options: Record<string, string> = {};
  let command = rest;
  for (let flag = /^--([a-z-]+)=(\S+)\s+/.exec(command); flag; flag = /^--([a-z-]+)=(\S+)\s+/.exec(command)) {
    options[flag[1] ?? ""] = flag[2] ?? "";
    command = command.slice(flag[0].length);
  }
  const test = command.replace(/^CMD\s+/i, "");
  const list = jsonList(test);
  return {
    Test: list ? ["CMD", ...list] : ["CMD-SHELL", test],
    Interval: nanoseconds(options.interval),
    Timeout: nanoseconds(options.timeout),
    StartPeriod: nanoseconds(options["start-period"]),
    Retries: Number(options.retries ?? 0),
  };
}

function nanoseconds(duration = "0s"): number {
  const units: Record<string, number> = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  return parts.reduce((sum, [, value, unit]) => sum + Number(value) * (units[unit ?? ""] ?? 0), 0);
}

/** `A=1 B="two words"`, or the old form `NAME value`. */
function pairs(text: string): [string, string][] {
  if (!/^[^\s=]+=/.test(text)) {
    const [key = "", value = ""] = splitOnce(text.replace(/\s+/, " "), " ");
    return [[key, value]];
  }
  return wordsOf(text).map((word) => splitOnce(word, "=") as [string, string]);
}

function wordsOf(text: string): string[] {
  const list = jsonList(text);
  if (list) return list;
  return [...text.matchAll(/(?:"(?:\\.|[^"])*"|'[^']*'|\\.|[^\s"'])+/g)].map(([word]) => unquoted(word));
}

function unquoted(word: string): string {
  return word.replace(/"((?:\\.|[^"])*)"|'([^']*)'|\\(.)/g, (_, double?: string, single?: string, escaped?: string) => {
    return double?.replace(/\\(["\\$])/g, "$1") ?? single ?? escaped ?? "";
  });
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

function absolute(before: string | undefined, path: string): string {
  return path.startsWith("/") ? path : `${before === undefined || before === "/" ? "" : before}/${path}`;
}
