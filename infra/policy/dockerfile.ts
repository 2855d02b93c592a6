import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Dockerfile, DockerfileParser, type From, type Instruction, ModifiableInstruction } from "dockerfile-ast";
import { fields } from "./resource.ts";

/** Where paths of the state begin: the program's folder. */
const PROGRAM = join(import.meta.dirname, "..");

/** Reads a file, by its path in the program's folder. @returns undefined where there is none */
export type ReadFile = (path: string) => string | undefined;

export const readFile: ReadFile = (path) => {
  try {
    return readFileSync(join(PROGRAM, path), "utf8");
  } catch {
    return undefined;
  }
};

/**
 * The Dockerfile of a build (https://docs.docker.com/reference/dockerfile/).
 *
 * @param build what an image's resource says of it
 * @returns undefined where it is not here, as that of a remote context
 */
export function dockerfileOf(build: unknown, read: ReadFile): Dockerfile | undefined {
  const { context = ".", dockerfile } = fields(build);
  if (typeof context !== "string") return undefined;
  const name = typeof dockerfile === "string" && dockerfile !== "" ? dockerfile : "Dockerfile";
  // One type of resource knows the file by its place in the context, the other by its place in the program.
  const text = read(join(context, name)) ?? read(name);
  return text === undefined ? undefined : DockerfileParser.parse(text);
}

/** Whether the image of a stage has a health check: its own last word on it, or that of the stage that it begins with. */
export function isChecked(dockerfile: Dockerfile, target: unknown): boolean {
  const stages = dockerfile.getFROMs();
  const ask = (stage: From | undefined): boolean => {
    if (!stage) return false;
    const checks = dockerfile.getContainingImage(stage.getRange().start)?.getHEALTHCHECKs() ?? [];
    if (checks.length > 0) return checks.at(-1)!.getSubcommand()?.getValue().toUpperCase() !== "NONE";
    const earlier = stages.slice(0, stages.indexOf(stage));
    return ask(earlier.findLast((each) => isSameName(each.getBuildStage(), stage.getImage())));
  };
  return ask(stages.find((stage) => target && isSameName(stage.getBuildStage(), target)) ?? stages.at(-1));
}

/**
 * What a build takes from registries by itself: what its stages begin with, what they copy from or mount, and what reads the
 * Dockerfile.
 *
 * @param args names of the build's own arguments, whose values are looked at elsewhere
 * @returns names of images; a variable that nothing fills stays in them
 */
export function imagesIn(dockerfile: Dockerfile, args: string[]): string[] {
  const stages = dockerfile.getFROMs();
  const isStage = (name: string) =>
    isSameName(name, "scratch") || name in stages || stages.some((stage) => isSameName(stage.getBuildStage(), name));
  const frontends = dockerfile.getDirectives().filter((directive) => directive.getName() === "syntax");
  const taken = dockerfile.getInstructions().flatMap((instruction) => {
    const name = takenBy(instruction);
    if (name === undefined || isStage(name)) return [];
    const variables = instruction.getVariables().filter((variable) => name.includes(variable.toString()));
    if (variables.some((variable) => args.includes(variable.getName()))) return [];
    const { line } = instruction.getRange().start;
    return variables.reduce(
      (text, variable) =>
        text.replace(variable.toString(), (written) => dockerfile.resolveVariable(variable.getName(), line) ?? written),
      name,
    );
  });
  return [...frontends.map((directive) => directive.getValue()), ...taken];
}

/** The image or stage that an instruction takes something from, if there is one. */
function takenBy(instruction: Instruction): string | undefined {
  if (!(instruction instanceof ModifiableInstruction)) return undefined;
  if (instruction.getKeyword() === "FROM") return (instruction as From).getImage() ?? undefined;
  for (const flag of instruction.getFlags()) {
    const value = flag.getValue() ?? "";
    if (flag.getName() === "from") return value;
    if (flag.getName() === "mount") return /(?:^|,)from=([^,]+)/.exec(value)?.[1];
  }
  return undefined;
}

const isSameName = (one: unknown, other: unknown) =>
  typeof one === "string" && typeof other === "string" && one.toLowerCase() === other.toLowerCase();
