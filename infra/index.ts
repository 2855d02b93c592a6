import { deployBroker } from "./broker/broker.ts";
import { BrokerSecrets } from "./broker/secrets.ts";
import { enabledServices, loadConfig } from "./config.ts";
import { deployDroplet } from "./droplet/droplet.ts";
import { firecrawlEngineRules } from "./droplet/firecrawl-engine.ts";
import { sshRule } from "./droplet/ssh.ts";
import { Storage } from "./edge/storage.ts";
import { Tunnel } from "./edge/tunnel.ts";
import { deployGateway } from "./gateway/gateway.ts";
import { keptHere, refuseToReplaceKept } from "./kept-before.ts";
import { lastEngine } from "./last-outputs.ts";
import { PolicyInput } from "./policy-input.ts";
import { deployProtected } from "./protected.ts";
import { refuseToKeepLess, retentionOf } from "./retention.ts";
import { deployService, describeService } from "./service.ts";
import { Settings } from "./settings.ts";
import { deployTraffic } from "./traffic.ts";

// Of each resource Pulumi takes a stack trace, and its host looks for source maps of it. Node runs this very text, so that there
// are none to find; it took a fifth of a run.
Reflect.deleteProperty(Error, "prepareStackTrace");

const config = loadConfig();
await refuseToReplaceKept(config);
await refuseToKeepLess(config);
new PolicyInput(config);

const secrets = new BrokerSecrets(config);
const storage = new Storage(config);
const tunnel = new Tunnel(config);
const broker = await deployBroker(config, { storage, tunnel, secrets });
const gateway = await deployGateway(config, { broker, tunnel });
const droplet = deployDroplet(config, tunnel);
const { engineToken, sshToken } = deployProtected(config, tunnel);

const deployed = await Promise.all(
  enabledServices(config).map((service) =>
    deployService(service, { config, broker, secret: secrets.ofService[service], droplet, engineToken }),
  ),
);
const rules = [sshRule(config) ?? [], droplet?.n8n?.rules ?? [], firecrawlEngineRules(config)].flat();
const containersOn = droplet?.host.connection ?? lastEngine();
deployTraffic({ config, broker, tunnel, services: deployed, engine: containersOn, rules });
const workers = [broker, gateway, ...deployed].map(({ worker }) => worker.script);
const containers = [...deployed.map(({ container }) => container), droplet?.n8n?.backup].flatMap(
  (each) => each?.container ?? [],
);
new Settings(config, [...workers, ...containers]);

/** Every service with its URL and where it is placed. */
export const services = Object.fromEntries(
  deployed.map((service) => [service.service, describeService(config, service)]),
);
/** n8n, where it runs on the droplet. */
export const n8n = droplet?.n8n?.described ?? null;
/** One URL for every server. */
export const gatewayUrl = `${gateway.url}/mcp`;
/** Where people sign in, see who has access to what, and connect their accounts. */
export const authUrl = broker.url;
/** Versions of what stands at the edge for ever. */
export const versions = { "oauth-broker": broker.version, "mcp-gateway": gateway.version };
/** What each product authenticates with at the broker. */
export const productSecrets = secrets.ofProduct;
/** With what CI gets to the droplet's SSH server through the tunnel. */
export const sshServiceToken = sshToken ?? null;
export const tunnelId = tunnel.id;
/** How commands reach the Docker Engine that the containers run on. */
export const engine = droplet?.host.connection ?? null;
/** What the backups are encrypted with: keep it in a second place, without it they are lost. */
export const backupPassphrase = droplet?.n8n?.backup.passphrase ?? null;
/** How much is kept of what is deleted by its age: the next update refuses to keep less, unless that is allowed. */
export const retention = retentionOf(config);
export const dropletAddress = droplet?.host.address ?? null;
export const sessionsNamespaceId = storage.sessions.id;
export const auditDatabaseId = storage.audit.id;
/** What has data in it: the next update does not replace it unasked. */
export const kept = keptHere(config);
