import type { ScriptBinding } from "../../contracts.ts";
import { type Fields, isFields } from "./body.ts";
import { ApiError } from "./envelope.ts";
import { hexId } from "./identifiers.ts";
import type { DurableObjectClass, Script } from "./records.ts";

/** The Durable Object classes of a script and the tag of its last migration. */
export interface MigrationState {
  classes: DurableObjectClass[];
  migrationTag: string | undefined;
}

/**
 * Applies `metadata.migrations` (Workers docs, "Durable Objects migrations"): one step, or several in `steps`, guarded by
 * `old_tag`, which must be the tag of the last migration.
 * @throws {ApiError} 412, code 10079, if the tags do not fit; 400, code 10074, for a step that cannot be applied
 */
export function applyMigrations(migrations: unknown, before: Script | undefined): MigrationState {
  const state = { classes: before?.classes ?? [], migrationTag: before?.migrationTag };
  if (migrations === undefined || migrations === null) return state;
  if (!isFields(migrations)) throw new ApiError(400, 10021, "metadata.migrations must be an object.");
  const oldTag = migrations.old_tag || undefined;
  if (oldTag !== state.migrationTag) {
    const has = state.migrationTag === undefined ? "none" : `'${state.migrationTag}'`;
    const asked = oldTag === undefined ? "none" : `'${String(oldTag)}'`;
    throw new ApiError(412, 10079, `Migration tag precondition failed; expected tag is ${has} but got ${asked}`);
  }
  const steps = Array.isArray(migrations.steps) ? migrations.steps.filter(isFields) : [migrations];
  const classes = steps.reduce<DurableObjectClass[]>(applyStep, state.classes);
  return { classes, migrationTag: typeof migrations.new_tag === "string" ? migrations.new_tag : state.migrationTag };
}

/** @throws {ApiError} 400, code 10074, if a binding still names a class that a migration has deleted */
export function refuseBoundDeletion(
  before: Script | undefined,
  state: MigrationState,
  bindings: ScriptBinding[],
): void {
  for (const { name } of before?.classes ?? []) {
    const bound = bindings.some(
      (one) => one.type === "durable_object_namespace" && !one.script_name && one.class_name === name,
    );
    if (bound && !state.classes.some((one) => one.name === name)) {
      throw refused(
        `Cannot apply deleted_classes migration to class '${name}' without also removing the binding that references it`,
      );
    }
  }
}

function applyStep(before: DurableObjectClass[], step: Fields): DurableObjectClass[] {
  let classes = before;
  const add = (name: string, sqlite: boolean) => {
    if (classes.some((one) => one.name === name)) {
      const kind = sqlite ? "new-sqlite-class" : "new-class";
      throw refused(
        `Cannot apply ${kind} migration to class '${name}' that is already depended on by existing Durable Objects`,
      );
    }
    classes = [...classes, { name, sqlite, namespaceId: hexId() }];
  };
  const existing = (name: string, kind: string): DurableObjectClass => {
    const found = classes.find((one) => one.name === name);
    if (!found) throw refused(`Cannot apply ${kind} migration to non-existent class '${name}'`);
    return found;
  };
  if (Array.isArray(step.transferred_classes) && step.transferred_classes.length > 0) {
    throw refused("Transferring Durable Object classes between scripts is not possible here");
  }
  for (const name of names(step.new_sqlite_classes)) add(name, true);
  for (const name of names(step.new_classes)) add(name, false);
  for (const entry of Array.isArray(step.renamed_classes) ? step.renamed_classes.filter(isFields) : []) {
    const renamed = existing(String(entry.from), "renamed-class");
    if (classes.some((one) => one.name === entry.to))
      throw refused(`Cannot rename a class to '${String(entry.to)}', which exists`);
    classes = classes.map((one) => (one === renamed ? { ...renamed, name: String(entry.to) } : one));
  }
  for (const name of names(step.deleted_classes)) {
    const deleted = existing(name, "deleted-class");
    classes = classes.filter((one) => one !== deleted);
  }
  return classes;
}

function names(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((name) => typeof name === "string") : [];
}

function refused(message: string): ApiError {
  return new ApiError(400, 10074, message);
}
