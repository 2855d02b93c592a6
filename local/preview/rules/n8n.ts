import type { Resource, ResourceState } from "../digest.ts";
import { durations } from "../durations.ts";
import { added, type Change, change, isOf, type Scene } from "../scene.ts";
import { settingsOf } from "./settings.ts";

const IMAGES = ["n8n-image", "postgres-image", "backup-image"];
const isN8n = ({ name }: Resource) =>
  /^n8n(-|$)|^n8n\./.test(name) || name === "backup" || name === "backup-work" || IMAGES.includes(name);
const AWAY = "n8n does not answer until the new droplet has it";
const isDocker = ({ type }: Resource) => type.startsWith("docker:");

/** n8n, its database and its backups. */
export function n8nChanges(scene: Scene): Change[] {
  const container = scene.open((each) => isOf("Container")(each) && each.name === "n8n")[0];
  const database = scene.open((each) => isOf("Container")(each) && each.name === "n8n-database")[0];
  const prepare = scene.open((each) => isOf("Container")(each) && each.name === "n8n-prepare")[0];
  if (container?.op === "create") {
    return [
      change(
        scene.take((each) => isOfN8n(each) && each.op === "create"),
        {
          title: "n8n is new on the droplet, with a database and daily backups",
          seconds: added(durations.containerStart.seconds, durations.n8nChange.seconds),
          notes: [`The update fails if it is not ready within ${scene.deadlines.startSeconds} s.`],
        },
      ),
    ];
  }
  if (container?.op === "delete") {
    return [
      change(
        scene.take((each) => isOfN8n(each) && each.op === "delete" && !scene.lossOf(each)),
        {
          title: "n8n is taken away from the droplet",
          calls: { fail: true, text: "n8n, its webhooks and its schedules do not run from then on" },
          data: { risk: false, text: "what is lost of it is told by itself, each" },
          seconds: [5, 30],
        },
      ),
    ];
  }
  const begun = generations(container);
  if (container && begun) {
    const hasData = scene.one("Volume", "postgres-data")?.before !== undefined;
    return [
      change(
        scene.take((each) => isDocker(each) && isN8n(each) && !isOf("Volume", "Network")(each)),
        {
          title: `n8n begins again with an empty database: generation ${begun}`,
          calls: {
            fail: true,
            text: "n8n does not answer for about 40–80 s; from then on it has no workflow, and so no webhook, until `npm run restore`",
          },
          data: hasData
            ? {
                risk: true,
                text: "n8n has none of its workflows, runs and credentials any more: they are set aside, in a folder beside the new ones on its database's volume",
              }
            : { risk: false, text: "there is none on its volume" },
          seconds: added(durations.n8nChange.seconds, durations.databaseStart.seconds),
          notes: hasData ? ["A backup is made first: `npm run restore` puts back what it has."] : [],
        },
      ),
    ];
  }
  if (container) {
    const version = versions(scene);
    // On another machine there is no old one beside it, to make a backup of and to go back to.
    const anew = scene.dropletIsReplaced;
    const databaseToo = database || prepare;
    return [
      change(
        scene.take((each) => isDocker(each) && isN8n(each) && !isOf("Volume", "Network")(each)),
        {
          title: version ? `n8n changes its version: ${version}` : "n8n gets other settings",
          calls: {
            fail: true,
            text: anew
              ? AWAY
              : `n8n does not answer for about ${databaseToo ? "40–80" : "30–60"} s, longer when it has much to change in its database; its webhooks fail meanwhile`,
          },
          data: {
            risk: false,
            text: anew
              ? "told with what keeps it; no backup is made first, as the old n8n goes with the old droplet"
              : "kept: a backup is made first, and put back with the old n8n if the new one is not ready",
          },
          seconds: added(durations.n8nChange.seconds, databaseToo ? durations.databaseStart.seconds : [0, 0]),
          notes: [
            `Ready within ${scene.deadlines.startSeconds} s, or ${anew ? "" : "the old one runs again and "}the update fails.`,
          ],
        },
      ),
    ];
  }
  if (database || prepare) {
    return [
      change(
        scene.take((each) => each === database || each === prepare || each.name === "postgres-image"),
        {
          title: "n8n's database is started anew",
          calls: { fail: true, text: scene.dropletIsReplaced ? AWAY : "n8n does not answer for about 5–20 s" },
          data: { risk: false, text: "kept: it is in the volume" },
          seconds: durations.databaseStart.seconds,
        },
      ),
    ];
  }
  const backup = scene.take((each) => isDocker(each) && /^backup/.test(each.name) && !isOf("Volume")(each));
  return backup.length > 0 ? [change(backup, backupTold(scene))] : [];
}

/** What is told of the container that makes backups, when it alone changes. */
function backupTold(scene: Scene) {
  const { words, data, losses } = settingsOf(scene, "backup");
  const known = scene.settings !== undefined;
  return {
    title: words ? `n8n's backups get other settings: ${words}` : "The container that makes n8n's backups is made anew",
    data: data ?? { risk: false, text: known ? "not touched" : "not known here: what the settings were is not known" },
    losses,
  };
}

/** The Firecrawl engine of one's own: two of one name cannot be, so its parts stop before they start. */
export function firecrawlEngine(scene: Scene): Change[] {
  const isPart = ({ name, type }: Resource) =>
    /^(docker|random):/.test(type) && /^firecrawl-(?!image$|service-secret$)/.test(name);
  const taken = scene.take((each) => isPart(each) && !scene.lossOf(each));
  if (taken.length === 0) return [];
  const ops = new Set(taken.filter(isOf("Container")).map(({ op }) => op));
  const only = (op: string) => ops.size > 0 && [...ops].every((each) => each === op);
  if (only("create")) {
    return [
      change(taken, {
        title: "A Firecrawl engine of your own is new on the droplet",
        seconds: durations.engineStart.seconds,
      }),
    ];
  }
  return [
    change(taken, {
      title: only("delete") ? "The Firecrawl engine is taken away" : "The Firecrawl engine changes",
      calls:
        ops.size > 0
          ? {
              fail: true,
              text: only("delete") ? "Firecrawl needs a key again" : "Firecrawl's tools fail for about a minute",
            }
          : { fail: false, text: "no call fails" },
      seconds: durations.engineStart.seconds,
    }),
  ];
}

/** What comes and goes with n8n as a whole. */
const isOfN8n = (each: Resource) =>
  isN8n(each) || ["postgres-data", "backups-data", "backup-passphrase"].includes(each.name);

/** `1 → 2`, where the data is begun anew; see `services.n8n.generation`. */
function generations(container: Resource | undefined): string | undefined {
  const of = (state: ResourceState | undefined) =>
    ((state?.inputs?.labels ?? []) as { label: string; value: string }[]).find(
      ({ label }) => label === "hybrid-mcp-generation",
    )?.value;
  const [from, to] = [of(container?.before), of(container?.after)];
  return from === undefined || to === undefined || from === to ? undefined : `${from} → ${to}`;
}

/** `2.40.7 → 2.41.0`, by the tags of the images, or that another build of one version is used. */
function versions(scene: Scene): string | undefined {
  const image = scene.one("RemoteImage", "n8n-image");
  const [from, to] = [image?.before, image?.after].map((state) => String(state?.inputs?.name ?? ""));
  if (!from || !to || from === to) return undefined;
  const tag = (name: string) => /:(\d+\.\d+\.\d+)/.exec(name)?.[1] ?? name;
  return tag(from) === tag(to) ? `${tag(to)}, another image of it` : `${tag(from)} → ${tag(to)}`;
}
