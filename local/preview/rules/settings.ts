import { type Change, change, isOf, type Scene } from "../scene.ts";
import { deleting, failing, inWords, isToldTo, type SettingChange } from "../settings.ts";

/** What a Worker's or a container's settings say of its change. */
export interface ToldSettings extends Pick<Change, "losses"> {
  /** Each with before and after; empty when none of them differs. */
  words: string;
  /** What can fail with them; undefined: nothing. */
  calls: Change["calls"] | undefined;
  data: Change["data"] | undefined;
}

/**
 * The settings that differ and are told to a Worker or container, which no later rule tells again.
 *
 * @param part its name in the program, without `-script`
 */
export function settingsOf(scene: Scene, part: string): ToldSettings {
  // Consolidated, the gateway is in the broker's Worker.
  const parts =
    part === "oauth-broker" && !scene.one("WorkersScript", "mcp-gateway-script") ? [part, "mcp-gateway"] : [part];
  const found = (scene.settings ?? []).filter((each) => parts.some((name) => isToldTo(name, each)));
  for (const each of found) scene.toldSettings.add(each);
  return told(scene, found);
}

function told(scene: Scene, found: SettingChange[]): ToldSettings {
  const failures = [...new Set(found.flatMap((each) => failing(each) ?? []))];
  const losses = found.flatMap((each) => {
    const loss = deleting(each);
    if (!loss) return [];
    const allowed = scene.allowed.includes(loss.name);
    const known = { left: false, refused: false, certain: true, classes: [] };
    return [{ ...loss, urn: "", op: "lower" as const, blocked: !allowed, allowed, ...known }];
  });
  return {
    words: found.map(inWords).join("; "),
    calls: failures.length > 0 ? { fail: true, text: failures.join("; ") } : undefined,
    data: losses.length > 0 ? { risk: true, text: `lost: ${losses.map(({ lost }) => lost).join("; ")}` } : undefined,
    losses,
  };
}

/** Settings with which calls can fail or data is lost, of what an earlier rule has told for another reason: a flip, a new n8n. */
export function otherSettings(scene: Scene): Change[] {
  const changing = scene.resources
    .filter((each) => ["update", "replace"].includes(each.op) && isOf("WorkersScript", "Container")(each))
    .map(({ name }) => name.replace(/-script$/, ""));
  return (scene.settings ?? []).flatMap((each) => {
    if (scene.toldSettings.has(each) || !changing.some((part) => isToldTo(part, each))) return [];
    const { words, calls, data, losses } = told(scene, [each]);
    return calls || data
      ? [change([], { title: `A setting: ${words}`, losses, ...(calls && { calls }), ...(data && { data }) })]
      : [];
  });
}
