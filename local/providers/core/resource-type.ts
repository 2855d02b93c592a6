/** A bag of Pulumi properties: plain JSON, with {@link UNKNOWN} where a preview does not know a value yet. */
export type Properties = Record<string, unknown>;

/** How one input property of a resource behaves; decides between update, replacement and no change. */
export interface InputRule {
  /** The program must give it. */
  required?: true;
  /** A change makes a new resource. */
  replaces?: true;
  /** The API chooses a value where the program gives none; leaving it out is then never a change. */
  computed?: true;
  /** What the API (or the official provider) takes where the program gives nothing. */
  default?: unknown;
  /** The API never tells it (secrets, content): it is kept from the state. */
  unread?: true;
  /** A list whose order means nothing. */
  set?: true;
  /** Tells whether the API's value is the same as the program's although it is written differently. */
  same?: (wanted: unknown, actual: unknown, inputs: Properties) => boolean;
}

/** What every operation gets besides its own arguments. */
export interface OperationContext {
  /** Provider settings from the program (`new docker.Provider("x", {host})`), over the environment. */
  config: Properties;
  /** Aborted when the engine cancels (Ctrl-C). */
  signal: AbortSignal;
  /** From `customTimeouts`, in seconds; 0 when the program gives none. */
  timeoutSeconds: number;
}

export interface Created {
  id: string;
  outputs: Properties;
}

/**
 * One resource type: which inputs it has, and how to create, read, change and delete it. Outputs are merged over the
 * inputs to make the state. Functions throw an `Error` whose message is one sentence for people.
 */
export interface ResourceType {
  inputs: Record<string, InputRule>;
  /** Properties that only the API sets: unknown in the preview of a creation. */
  outputs: string[];
  /** Those of `outputs` (or computed inputs) that an update may change: unknown in the preview of an update. */
  volatile?: string[];
  /** The old one has to go before the new one can come (same name). */
  deleteBeforeReplace?: true;
  /** Whether the engine makes a name `<resource>-<random>` when the program gives none, as the official provider does. */
  autoName?: true;
  /** Problems of the inputs besides missing ones; unknown values may be among them. */
  check?(inputs: Properties): { property: string; reason: string }[];
  create(inputs: Properties, context: OperationContext): Promise<Created>;
  /**
   * The resource as the API has it now, or undefined when it is gone. `state` is what is known so far: the last state,
   * or the inputs of a creation that was cut off, or what `importId` got out of the id. Outputs that are left out stay
   * as they are known; an output that is there as undefined is unset.
   */
  read(id: string, state: Properties, context: OperationContext): Promise<Created | undefined>;
  /** Absent where every change replaces. */
  update?(id: string, inputs: Properties, state: Properties, context: OperationContext): Promise<Properties>;
  /** Deleting what is gone already is no error. */
  delete(id: string, state: Properties, context: OperationContext): Promise<void>;
  /**
   * Splits the official import id into the id and the properties that `read` needs. Default: the id is the import id.
   * @throws Error naming the format when it does not fit.
   */
  importId?(importId: string): { id: string; state: Properties };
  /** Finds what `create` would collide with, and answers its import id. */
  lookup?(inputs: Properties, context: OperationContext): Promise<string | undefined>;
  /**
   * Takes away what a `create` that was cut off has made.
   * @returns false, and does nothing, when it had been about to succeed
   */
  discardUnfinished?(id: string, inputs: Properties, context: OperationContext): Promise<boolean>;
}

/** A data source (`get…` function). */
export type DataSource = (args: Properties, context: OperationContext) => Promise<Properties>;

export interface ProviderDefinition {
  /** Package name, e.g. `cloudflare`. */
  name: string;
  version: string;
  resources: Record<string, ResourceType>;
  dataSources?: Record<string, DataSource>;
}

/** A resource that exists but did not become ready: the engine keeps it in the state and fails the update. */
export class InitFailure extends Error {
  readonly id: string;
  readonly outputs: Properties;

  constructor(message: string, id: string, outputs: Properties) {
    super(message);
    this.id = id;
    this.outputs = outputs;
  }
}
