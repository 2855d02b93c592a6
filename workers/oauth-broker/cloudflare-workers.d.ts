/** The part of the runtime's own module that the broker uses; its full types would replace Node's globals everywhere. */
declare module "cloudflare:workers" {
  /** https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/rpc/ */
  export abstract class WorkerEntrypoint<Env> {
    constructor(ctx: WorkerContext, env: Env);
    protected readonly env: Env;
    protected readonly ctx: WorkerContext;
    fetch?(request: Request): Response | Promise<Response>;
  }

  /** https://developers.cloudflare.com/durable-objects/api/base/ */
  export abstract class DurableObject<Env> {
    constructor(ctx: DurableObjectState, env: Env);
    protected readonly env: Env;
    protected readonly ctx: DurableObjectState;
  }

  interface WorkerContext {
    waitUntil(promise: Promise<unknown>): void;
  }

  interface DurableObjectState {
    readonly storage: {
      get<Value>(key: string): Promise<Value | undefined>;
      put(key: string, value: unknown): Promise<void>;
      deleteAll(): Promise<void>;
    };
    waitUntil(promise: Promise<unknown>): void;
  }

  /** Lets work of the current request go on after its answer. https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil */
  export function waitUntil(promise: Promise<unknown>): void;
}
