import { CodaError } from "./error.ts";

/**
 * Reads a boolean query parameter.
 * @returns undefined when it is not given
 * @throws {CodaError} 400 for anything but `true` and `false`
 */
export function booleanParameter(query: URLSearchParams, name: string): boolean | undefined {
  const value = choiceParameter(query, name, ["true", "false"]);
  return value === undefined ? undefined : value === "true";
}

/**
 * Reads a query parameter that has a fixed set of values.
 * @returns undefined when it is not given
 * @throws {CodaError} 400 for any other value
 */
export function choiceParameter<T extends string>(
  query: URLSearchParams,
  name: string,
  choices: readonly T[],
): T | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  const choice = choices.find((each) => each === value);
  if (choice === undefined) throw new CodaError(400, `${name} must be one of ${choices.join(", ")}, not "${value}".`);
  return choice;
}
