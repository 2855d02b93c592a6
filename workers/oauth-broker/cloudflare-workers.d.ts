/** The part of the runtime's own module that the broker uses; its full types would replace Node's globals everywhere. */
declare module "cloudflare:workers" {
  /** https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/rpc/ */
  export abstract class WorkerEntrypoint<Env> {
    protected readonly env: Env;
    protected readonly ctx: { waitUntil(promise: Promise<unknown>): void };
    fetch?(request: Request): Response | Promise<Response>;
  }
}
