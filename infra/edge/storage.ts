import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config.ts";
import { kept } from "../stateful.ts";

/** What the edge keeps: KV for sessions, grants and tokens, D1 for the audit trail. Protected: a `destroy` keeps them. */
export class Storage extends pulumi.ComponentResource {
  readonly sessions: cloudflare.WorkersKvNamespace;
  readonly audit: cloudflare.D1Database;

  constructor(config: Config) {
    super("hybrid-mcp:edge:Storage", "storage");
    const { accountId } = config.cloudflare;
    this.sessions = new cloudflare.WorkersKvNamespace(
      "sessions",
      { accountId, title: `${config.name}-sessions` },
      { parent: this, ...kept(config, "sessions") },
    );
    this.audit = new cloudflare.D1Database(
      "audit",
      { accountId, name: `${config.name}-audit` },
      { parent: this, ...kept(config, "audit") },
    );
    this.registerOutputs();
  }
}
