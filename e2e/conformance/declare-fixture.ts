import { catalogue, type ServiceName } from "@hybrid-mcp/catalogue";
import type { CheckoutCopy } from "../support/checkout-copy.ts";

/** Port on loopback and in its container: next to the others', and nobody else's. */
export const FIXTURE_PORT = 8086;

/** Flags of a stack in which the fixture is the only service. */
export const ONLY_FIXTURE = Object.fromEntries(
  (Object.keys(catalogue) as ServiceName[]).map((name) => [`services.${name}.enabled`, false]),
);

/** Declares the fixture service in a copy of the checkout, in every place where a service is declared. */
export function declareFixture({ edit }: CheckoutCopy): void {
  const addTo = (file: string, where: string, what: string) => edit(file, where, `${where}\n${what}`);
  addTo(
    "packages/catalogue/catalogue.ts",
    "export const catalogue = {",
    `fixture: {
      title: "Fixture",
      subdomain: "fixture-mcp",
      localPort: ${FIXTURE_PORT},
      containerPort: ${FIXTURE_PORT},
      placements: ["workers", "droplet"],
      scopes: [{ name: "fixture:use", description: "Call the tools of the conformance scenarios" }],
    },`,
  );
  addTo(
    "infra/bundle.ts",
    "const folders: Record<ServiceName | PlatformName, string> = {",
    'fixture: "e2e/fixture-service",',
  );
  addTo(
    "infra/upstreams.ts",
    "const upstreams: Record<ServiceName, Upstream> = {",
    // It calls nobody.
    'fixture: { defaultUrl: "http://localhost", urlBinding: "FIXTURE_API_URL" },',
  );
  addTo("infra/config.ts", 'coda: service("coda").prefault({}),', 'fixture: service("fixture").prefault({}),');
  addTo("Pulumi.local.yaml", "    policy:", '      - { people: [github:ada], scopes: ["fixture:use"] }');
}
