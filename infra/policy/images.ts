import { dockerfileOf, imagesIn, type ReadFile, readFile } from "./dockerfile.ts";
import { fields, type Inspected, types, UNKNOWN } from "./resource.ts";

const PINNED = /@sha256:[0-9a-f]{64}$/;
const IMAGE_ID = /^sha256:[0-9a-f]{64}$/;

const ADVICE =
  "Pin it by its digest, <name>:<tag>@sha256:… (infra/droplet/images.ts, or config key hybrid-mcp:droplet.images): a tag can be given to other bytes at any time.";
const ELSEWHERE =
  "hybrid-mcp:droplet.imagesAreLocal lets it pass on a Docker Engine of this machine only (droplet.dockerHost: unix://…). Pin it by its digest, <name>:<tag>@sha256:…, or build it in this stack.";

/** What the config says about images without a digest. */
interface LocalImages {
  /** Names of those that were made on the very engine that runs them: no registry has them (`droplet.imagesAreLocal`). */
  localImages: string[];
  /** Whether that engine is on this machine, where somebody can have made them. */
  engineIsLocal: boolean;
}

/**
 * Images that may be other bytes tomorrow. Good are: a digest; an id; what this stack builds, from good ones; and what the config
 * says was made on that very engine.
 */
export function unpinnedImages(
  resources: Inspected[],
  { localImages, engineIsLocal }: LocalImages,
  read: ReadFile = readFile,
): [Inspected, string][] {
  const built = resources.filter(({ type, props }) => isImage(type) && props.build !== undefined).map(nameOf);
  const problem = (name: unknown) => {
    if (name === UNKNOWN || PINNED.test(String(name)) || built.includes(name)) return undefined;
    if (!localImages.includes(String(name))) return ADVICE;
    return engineIsLocal ? undefined : ELSEWHERE;
  };
  return resources.flatMap((resource) =>
    imagesOf(resource, read).flatMap(([what, name]): [Inspected, string][] => {
      const advice = problem(name);
      return advice === undefined ? [] : [[resource, `${what} ${String(name)}. ${advice}`]];
    }),
  );
}

/** An image, and how a resource comes to it. */
type Taken = [how: string, name: unknown];

/** The images that a resource is, runs or is built on. */
function imagesOf(resource: Inspected, read: ReadFile): Taken[] {
  const { type, props } = resource;
  switch (type) {
    case types.container:
      return IMAGE_ID.test(String(props.image)) ? [] : [["Its image is", props.image]];
    case types.swarmService:
      return [["Its image is", fields(fields(props.taskSpec).containerSpec).image]];
    case types.image:
    case types.builtImage:
      return props.build === undefined ? [["It is", nameOf(resource)]] : builtOn(props.build, read);
    default:
      return [];
  }
}

function builtOn(build: unknown, read: ReadFile): Taken[] {
  const { buildArgs, args, context = "." } = fields(build);
  const given = Object.entries(fields(buildArgs ?? args));
  const images = given
    .filter(([, value]) => !isNumber(value))
    .map(([arg, value]): Taken => [`It is built with ${arg}`, value]);
  const dockerfile = dockerfileOf(build, read);
  if (!dockerfile) return [...images, ["Its Dockerfile is not found in", context]];
  const names = given.map(([arg]) => arg);
  return [...images, ...imagesIn(dockerfile, names).map((name): Taken => ["Its Dockerfile takes", name])];
}

const isImage = (type: string) => type === types.image || type === types.builtImage;
const nameOf = ({ type, props }: Inspected) => (type === types.builtImage ? props.imageName : props.name);
/** What is no name of an image, as a port. */
const isNumber = (value: unknown) => typeof value === "string" && /^\d*$/.test(value);
