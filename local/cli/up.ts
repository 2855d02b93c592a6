import { parseArgs } from "node:util";
import { allowing } from "../preview/preview-stack.ts";
import { checkConfig } from "./check-config.ts";
import { losingData } from "./losing-data.ts";
import { exclusively, startSession } from "./session.ts";
import { LocalStack, wantsN8n } from "./stack.ts";
import { deployed, update as updateAll } from "./update.ts";
import { runCommand, say, UserError } from "./user-error.ts";

const USAGE = "Usage: npm run up -- [--install-docker | --no-docker] [--port-offset N] [--allow-data-loss <resource>]…";

await runCommand(async () => {
  const options = parse();
  const { allowDataLoss } = options;
  const over = allowing(allowDataLoss, {}, allowDataLoss.length > 0 ? new LocalStack().settings.allowDataLoss : []);
  const stack = new LocalStack(undefined, { over });
  stack.create();
  await exclusively(stack, async () => {
    checkConfig(stack);
    if (options.portOffset !== undefined) stack.setFlag(["local", "portOffset"], options.portOffset);
    const update = allowDataLoss.length > 0 ? await losingData(stack, allowDataLoss) : updateAll;
    const session = await startSession(stack, options);
    if ((await update(session)) !== 0) {
      throw new UserError("The stack is not up; what failed is above. `npm run up` goes on from here.");
    }
    say("");
    const { services, authUrl, gatewayUrl, n8n } = await deployed(session);
    for (const [name, service] of Object.entries(services)) {
      say(`${service.title} (on ${service.placement}):  ${service.url}`);
      say(`  move it: npm run flip -- ${name} ${service.placement === "workers" ? "droplet" : "workers"}`);
      if (name === "firecrawl") say(`  a page to scrape: http://127.0.0.1:${stack.ports.standIns}/firecrawl/site/`);
    }
    if (n8n) {
      say(`n8n ${n8n.version} (on droplet):  ${n8n.url}`);
      say("  whoever opens it first makes the owner's account; its MCP: Settings, Instance-level MCP");
    }
    for (const { key, flag, tracked } of stack.overrides) {
      say(`${key} is ${shown(flag)} by ${setBy(key)}; Pulumi.local.yaml says ${shown(tracked)}.`);
    }
    say("");
    say(`All of them under one URL:  ${gatewayUrl}`);
    say("Add a URL to any MCP client; it asks you to sign in (here: choose a person, without a password).");
    say(`Who has access to what, connections and the audit trail: ${authUrl}`);
    if (stack.identity.containers === "processes") {
      say("");
      say("No Docker Engine is used: what is placed on the droplet runs as plain processes.");
      if (wantsN8n(stack)) say("n8n is left out: it needs containers.");
      say("To have containers: npm run up -- --install-docker (Debian and Ubuntu), or start Docker and run it again.");
    }
  });
});

/** How a flag came to be, for people. */
function setBy(key: string): string {
  if (/^services\.\w+\.placement$/.test(key)) return "your flip";
  return key === "local.portOffset" ? "your --port-offset" : "a flag in .local/flags.yaml";
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function parse() {
  try {
    const { values } = parseArgs({
      options: {
        "install-docker": { type: "boolean" },
        "no-docker": { type: "boolean" },
        "port-offset": { type: "string" },
        "allow-data-loss": { type: "string", multiple: true, default: [] },
      },
    });
    const offset = values["port-offset"];
    const portOffset = offset === undefined ? undefined : Number(offset);
    if (portOffset !== undefined && !(Number.isInteger(portOffset) && portOffset >= 0 && portOffset <= 50_000)) {
      throw new Error(`--port-offset must be a whole number from 0 to 50000, not ${offset}`);
    }
    return {
      installDocker: values["install-docker"],
      noDocker: values["no-docker"],
      portOffset,
      allowDataLoss: values["allow-data-loss"],
    };
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n${USAGE}`);
  }
}
