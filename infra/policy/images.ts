import { fields, type Inspected, types, UNKNOWN } from "./resource.ts";

const PINNED = /@sha256:[0-9a-f]{64}$/;
const IMAGE_ID = /^sha256:[0-9a-f]{64}$/;

const ADVICE =
  "Pin it by its digest, <name>:<tag>@sha256:… (infra/droplet/images.ts, or config key hybrid-mcp:droplet.images): a tag can be given to other bytes at any time.";

/**
 * Images that may be other bytes tomorrow. Good are: a digest; an id; what this stack builds, from good ones; and what the config
 * says was built on that very engine (`droplet.imagesAreLocal`), which has no digest because no registry has it.
 *
 * @param local names of images that the config says are such
 */
export function unpinnedImages(resources: Inspected[], local: string[]): [Inspected, string][] {
  const images = resources.filter(({ type }) => type === types.image);
  const built = images.filter(({ props }) => props.build !== undefined).map(({ props }) => props.name);
  const isGood = (name: unknown) =>
    name === UNKNOWN || PINNED.test(String(name)) || built.includes(name) || local.includes(String(name));

  const found: [Inspected, string][] = [];
  for (const image of images) {
    const { name, build } = image.props;
    if (build === undefined) {
      if (!isGood(name)) found.push([image, `It is ${String(name)}. ${ADVICE}`]);
      continue;
    }
    for (const [arg, value] of Object.entries(fields(fields(build).buildArgs))) {
      // What is no name of an image, as a port.
      if (typeof value === "string" && /^\d*$/.test(value)) continue;
      if (!isGood(value)) found.push([image, `It is built with ${arg} ${String(value)}. ${ADVICE}`]);
    }
  }
  for (const container of resources.filter(({ type }) => type === types.container)) {
    const { image } = container.props;
    if (isGood(image) || IMAGE_ID.test(String(image))) continue;
    found.push([container, `Its image is ${String(image)}. ${ADVICE}`]);
  }
  return found;
}
