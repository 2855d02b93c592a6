import type { Resource } from "../digest.ts";
import { durations } from "../durations.ts";
import { type Change, change, isOf, type Loss, listed, type Scene } from "../scene.ts";
import { NOT_EXPLAINED, untold } from "./edge.ts";

/** What keeps something that cannot be made again, and is deleted or made anew. */
export function lostData(scene: Scene): Change[] {
  const losses = new Map<Resource, Loss>();
  for (const each of scene.open(() => true)) {
    const loss = scene.lossOf(each);
    // The droplet is told with all that is on it.
    if (loss && !(each.name === "droplet" && each.type.endsWith(":Droplet"))) losses.set(each, loss);
  }
  const taken = scene.take((each) => losses.has(each));
  return taken.map((resource) => {
    const loss = losses.get(resource)!;
    if (loss.op === "update") return deletedObjects(resource, loss);
    if (!loss.certain) return perhapsLost(resource, loss);
    const title = loss.title[0]!.toUpperCase() + loss.title.slice(1);
    return change([resource], {
      title: `${title} is ${loss.op === "delete" ? "deleted" : `replaced by a new${isStore(resource) ? ", empty" : ""} one`}`,
      calls: callsOf(resource),
      data: { risk: true, text: `lost: ${loss.lost}` },
      losses: [loss],
      seconds: durations.apiCall.seconds,
      notes: resource.because.length > 0 ? [`because of: ${resource.because.join(", ")}`] : [],
    });
  });
}

/** A Worker that deletes classes of its Durable Objects: for the engine an update as any other. */
function deletedObjects(resource: Resource, loss: Loss): Change {
  const others = resource.changed.filter((key) => key !== "migrations");
  return change([resource], {
    title: `The Durable Objects of ${listed(loss.classes)} are deleted, with their class in ${resource.name}`,
    calls: { fail: true, text: "calls that need what they keep fail" },
    data: { risk: true, text: `lost: ${loss.lost}` },
    losses: [loss],
    seconds: durations.workerUpload.seconds,
    notes: others.length > 0 ? [`also changed: ${listed(others)}`] : [],
  });
}

/** What no rule knows, at its worst. */
function perhapsLost(resource: Resource, loss: Loss): Change {
  return {
    ...untold(resource),
    calls: { fail: true, text: NOT_EXPLAINED },
    data: { risk: true, text: loss.lost },
    losses: [loss],
  };
}

const isStore = isOf("WorkersKvNamespace", "D1Database", "Volume");

function callsOf({ type, op }: Resource): Change["calls"] {
  if (/:(WorkersKvNamespace|WorkersScript)$/.test(type)) {
    return { fail: true, text: "every call fails until its client has signed in again" };
  }
  if (type.endsWith(":ZeroTrustTunnelCloudflared")) {
    return { fail: true, text: "calls to what is on the droplet fail until connectors and records have the new one" };
  }
  if (type.endsWith(":Volume") && op === "delete") {
    return { fail: true, text: "what works on it is taken away as well" };
  }
  if (type.endsWith(":Volume"))
    return { fail: true, text: "what works on it does not answer until it has the new one" };
  if (/-service-secret$/.test(type)) return { fail: true, text: "calls may fail until both sides have the new one" };
  return { fail: false, text: "no call fails" };
}
