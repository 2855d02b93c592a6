import type { InputRule, Properties, ResourceType } from "./resource-type.ts";
import { covers, equal, hasUnknown, isEmpty, sorted } from "./values.ts";

export interface Difference {
  /** Inputs that differ. */
  changed: string[];
  /** Those of them that need a new resource. */
  replaces: string[];
}

/** Inputs with the defaults of the type filled in. */
export function withDefaults(type: ResourceType, inputs: Properties): Properties {
  const filled = { ...inputs };
  for (const [key, rule] of Object.entries(type.inputs)) {
    if (rule.default !== undefined && filled[key] === undefined) filled[key] = rule.default;
  }
  return filled;
}

/**
 * What a program's inputs change, seen from the last state (so that drift found by a refresh is a change too) and from
 * the last inputs (so that a value taken away inside an object is one, although the API still has it).
 * @param ignored - paths from `ignoreChanges`
 */
export function difference(
  type: ResourceType,
  state: Properties,
  oldInputs: Properties,
  news: Properties,
  ignored: string[] = [],
): Difference {
  const skip = new Set(ignored.map((path) => path.split(/[.[]/)[0]));
  const changed = Object.entries(type.inputs)
    .filter(([key, rule]) => !skip.has(key) && differs(rule, state[key], oldInputs[key], news[key], news))
    .map(([key]) => key);
  const replaces = changed.filter((key) => type.inputs[key]?.replaces || !type.update);
  return { changed, replaces };
}

function differs(rule: InputRule, actual: unknown, before: unknown, given: unknown, news: Properties): boolean {
  const wanted = given === undefined || given === null ? rule.default : given;
  if (hasUnknown(wanted)) return true;
  if (wanted === undefined) return !rule.computed && !isEmpty(actual);
  if (same(rule, wanted, actual, news)) {
    // Taken away inside an object: the API still has it, so only the last inputs tell.
    return (
      before !== undefined && given !== undefined && !equal(before, given) && !sameExactly(rule, wanted, actual, news)
    );
  }
  return true;
}

function same(rule: InputRule, wanted: unknown, actual: unknown, inputs: Properties): boolean {
  if (rule.same?.(wanted, actual, inputs)) return true;
  return rule.set ? covers(sorted(actual), sorted(wanted)) : covers(actual, wanted);
}

function sameExactly(rule: InputRule, wanted: unknown, actual: unknown, inputs: Properties): boolean {
  if (rule.same?.(wanted, actual, inputs)) return true;
  return rule.set ? equal(sorted(actual), sorted(wanted)) : equal(actual, wanted);
}

/**
 * Inputs as they would have to be for the program to get what the API has now: for imports, and so that a preview
 * after a refresh shows what drifted.
 */
export function inputsFromState(type: ResourceType, state: Properties, oldInputs: Properties): Properties {
  const inputs: Properties = {};
  for (const [key, rule] of Object.entries(type.inputs)) {
    const actual = state[key];
    const before = oldInputs[key];
    if (before !== undefined && (rule.unread || same(rule, before, actual, oldInputs))) inputs[key] = before;
    else if (before !== undefined && !isEmpty(actual)) inputs[key] = actual;
    else if (rule.unread || isEmpty(actual)) continue;
    else if (rule.required || (!rule.computed && !equal(actual, rule.default))) inputs[key] = actual;
  }
  return inputs;
}
