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
  // A stage has a name, or is told by its number.
  const isStage = (name: string) =>
    isSameName(name, "scratch") ||
    stages.some((stage, number) => isSameName(stage.getBuildStage(), name) || name === String(number));
  const frontends = dockerfile.getDirectives().filter((directive) => directive.getName() === "syntax");
  const taken = dockerfile.getInstructions().flatMap((instruction) => {
    const { line } = instruction.getRange().start;
    return takenBy(instruction).flatMap((name) => {
      if (isStage(name)) return [];
      const variables = instruction.getVariables().filter((variable) => name.includes(variable.toString()));
      if (variables.some((variable) => args.includes(variable.getName()))) return [];
      return variables.reduce(
        (text, variable) =>
          text.replace(
            variable.toString(),
            (written) => dockerfile.resolveVariable(variable.getName(), line) ?? written,
          ),
        name,
      );
    });
  });
  return [...frontends.map((directive) => directive.getValue()), ...taken];
}

/** The images or stages that an instruction takes something from. */
function takenBy(instruction: Instruction): string[] {
  if (!(instruction instanceof ModifiableInstruction)) return [];
  if (instruction.getKeyword() === "FROM") return [(instruction as From).getImage() ?? ""];
  return instruction.getFlags().flatMap((flag) => {
    const value = flag.getValue() ?? "";
    if (flag.getName() === "from") return [value];
    return flag.getName() === "mount" ? (/(?:^|,)from=([^,]+)/.exec(value)?.slice(1) ?? []) : [];
  });
}

const isSameName = (one: unknown, other: unknown) =>
  typeof one === "string" && typeof other === "string" && one.toLowerCase() === other.toLowerCase();
