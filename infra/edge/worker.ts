import type { PlatformName, ServiceName } from "@hybrid-mcp/catalogue";
import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { type Bundle, statePath } from "../bundle.ts";
import { COMPATIBILITY_DATE, FLAGS_ON_WORKERS } from "../compatibility.ts";
import type { Config } from "../config.ts";
import { uploadHooks } from "./upload.ts";

type Binding = cloudflare.types.input.WorkersScriptBinding;

export interface WorkerArgs {
  config: Config;
  bundle: Bundle;
  /** Plain-text bindings. */
  vars: Record<string, pulumi.Input<string>>;
  /** Secret bindings: never readable again, neither in the dashboard nor over the API. */
  secrets: Record<string, pulumi.Input<string>>;
  /** Bindings to anything else. */
  bindings: (Binding & { name: string })[];
  /** Durable Object classes. */
  migrations?: cloudflare.types.input.WorkersScriptMigrations;
  /** Steps around an upload. */
  hooks?: pulumi.ResourceHookBinding;
  /** Of a Worker that keeps something: deleting a script deletes what its Durable Objects have stored. */
  protect?: boolean;
}

/**
 * A Worker, at `<script>.<subdomain>.workers.dev`. A service's is always deployed, whatever the placement: an idle Worker
 * costs nothing, and the gate of a flip asks it there before the route moves.
 */
export class Worker extends pulumi.ComponentResource {
  readonly scriptName: string;
  readonly script: cloudflare.WorkersScript;
  /** Its own origin, past every route. */
  readonly url: string;

  constructor(name: ServiceName | PlatformName, args: WorkerArgs) {
    super("hybrid-mcp:edge:Worker", name);
    const { config, bundle, vars, secrets, migrations, protect = false } = args;
    const { accountId, workersSubdomain } = config.cloudflare;
    this.scriptName = `${config.name}-${name}`;
    this.url = `https://${this.scriptName}.${workersSubdomain}.workers.dev`;

    const bindings = [
      ...Object.entries(vars).map(([name, text]) => ({ name, type: "plain_text", text })),
      ...Object.entries(secrets).map(([name, text]) => ({ name, type: "secret_text", text: pulumi.secret(text) })),
      ...args.bindings,
    ];
    this.script = new cloudflare.WorkersScript(
      `${name}-script`,
      {
        accountId,
        scriptName: this.scriptName,
        mainModule: "worker.js",
        contentFile: statePath(bundle.path),
        contentSha256: bundle.sha256,
        // In the order of names: the provider takes another order for a change.
        bindings: bindings.sort((a, b) => (a.name < b.name ? -1 : 1)),
        compatibilityDate: COMPATIBILITY_DATE,
        compatibilityFlags: FLAGS_ON_WORKERS,
        ...(migrations && { migrations }),
        observability: { enabled: true },
      },
      { parent: this, protect, hooks: together(args.hooks ?? {}, uploadHooks(config, name, bundle)) },
    );
    new cloudflare.WorkersScriptSubdomain(
      `${name}-workers-dev`,
      { accountId, scriptName: this.script.scriptName, enabled: true, previewsEnabled: false },
      { parent: this },
    );
    this.registerOutputs();
  }
}

/** The steps of two, one's before the other's. */
function together(first: pulumi.ResourceHookBinding, then: pulumi.ResourceHookBinding): pulumi.ResourceHookBinding {
  return {
    beforeCreate: [...(first.beforeCreate ?? []), ...(then.beforeCreate ?? [])],
    beforeUpdate: [...(first.beforeUpdate ?? []), ...(then.beforeUpdate ?? [])],
    afterCreate: [...(first.afterCreate ?? []), ...(then.afterCreate ?? [])],
    afterUpdate: [...(first.afterUpdate ?? []), ...(then.afterUpdate ?? [])],
    onError: [...(first.onError ?? []), ...(then.onError ?? [])],
  };
}
