import type { Resource } from "./digest.ts";
import { lostData } from "./rules/data.ts";
import { around, changedDroplet, dataVolume, madeDroplet, replacedDroplet, sharedContainers } from "./rules/droplet.ts";
import { edgeChanges, unexplained } from "./rules/edge.ts";
import { firecrawlEngine, n8nChanges } from "./rules/n8n.ts";
import { comingAndGoing, flips, newVersions } from "./rules/services.ts";
import { otherSettings } from "./rules/settings.ts";
import { type Change, type Deadlines, Scene } from "./scene.ts";
import type { SettingChange } from "./settings.ts";
import { type Danger, dangerOf } from "./words.ts";

const dangers: readonly Danger[] = ["data", "unknown", "calls", "none"];

/** In this order each takes what it explains; what is left at the end is told as it is. */
const rules: ((scene: Scene) => Change[])[] = [
  lostData,
  replacedDroplet,
  flips,
  comingAndGoing,
  n8nChanges,
  firecrawlEngine,
  newVersions,
  changedDroplet,
  dataVolume,
  madeDroplet,
  sharedContainers,
  around,
  edgeChanges,
  otherSettings,
  unexplained,
];

/**
 * What a preview's resources mean for people, the most dangerous first: data that is lost, then calls that fail, then the rest.
 * Every resource that changes is in one of them.
 *
 * @param allowed names that `allowDataLoss` allows
 * @param settings those of the config that differ; undefined where it is not known which do
 */
export function changesOf(
  resources: Resource[],
  deadlines: Deadlines,
  allowed: readonly string[] = [],
  settings?: SettingChange[],
): Change[] {
  const scene = new Scene(resources, deadlines, allowed, settings);
  const danger = (each: Change) => dangers.indexOf(dangerOf(each));
  return rules.flatMap((rule) => rule(scene)).sort((a, b) => danger(a) - danger(b));
}
