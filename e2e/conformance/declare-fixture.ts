import { catalogue, type ServiceName } from "@hybrid-mcp/catalogue";
import type { CheckoutCopy } from "../support/checkout-copy.ts";

/** The fixture as a service of its own, and once more for the gateway, which puts the service's name before each tool. */
export const FIXTURES = {
  fixture: { folder: "e2e/fixture-service", port: 8086 },
  test: { folder: "e2e/test-service", port: 8087 },
} as const;

export type FixtureName = keyof typeof FIXTURES;

/** Flags of a stack in which the fixtures are the only services. */
export const ONLY_FIXTURES = Object.fromEntries(
  (Object.keys(catalogue) as ServiceName[]).map((name) => [`services.${name}.enabled`, false]),
);

/** Declares the fixtures in a copy of the checkout, in every place where a service is declared. */
export function declareFixtures(copy: CheckoutCopy): void {
  declare(copy, "fixture");
  // Behind the gateway the tool `simple_text` of the service `test` is what the suite calls, `test_simple_text`.
  copy.duplicate(FIXTURES.fixture.folder, FIXTURES.test.folder);
  copy.edit(`${FIXTURES.test.folder}/worker.ts`, 'name: "fixture"', 'name: "test"');
  copy.edit(
    `${FIXTURES.test.folder}/worker.ts`,
    "tools: [...contentTools, ...questionTools, ...diagnosticTools],",
    `tools: [...contentTools, ...questionTools, ...diagnosticTools].map((tool) => ({
      ...tool,
      name: tool.name.replace(/^test_/, ""),
    })),`,
  );
  copy.edit(`${FIXTURES.test.folder}/fixture-tool.ts`, '"fixture:use"', '"test:use"');
  // Before the other one, so that its prompts and resources are the gateway's.
  declare(copy, "test");
}

function declare({ edit }: CheckoutCopy, name: FixtureName): void {
  const { folder, port } = FIXTURES[name];
  const addTo = (file: string, where: string, what: string) => edit(file, where, `${where}\n${what}`);
  addTo(
    "packages/catalogue/catalogue.ts",
    "export const catalogue = {",
    `${name}: {
      title: "Fixture",
      subdomain: "${name}-mcp",
      localPort: ${port},
      containerPort: ${port},
      placements: ["workers", "droplet"],
      scopes: [{ name: "${name}:use", description: "Call the tools of the conformance scenarios" }],
    },`,
  );
  addTo("infra/bundle.ts", "const folders: Record<BundleName, string> = {", `${name}: "${folder}",`);
  addTo(
    "infra/upstreams.ts",
    "const upstreams: Record<ServiceName, Upstream> = {",
    // It calls nobody.
    `${name}: { defaultUrl: "http://localhost", urlBinding: "FIXTURE_API_URL" },`,
  );
  addTo("infra/config-schema.ts", 'coda: service("coda").prefault({}),', `${name}: service("${name}").prefault({}),`);
  addTo(
    "infra/service-tools.ts",
    "export const serviceTools: Record<ServiceName, ServiceTools> = {",
    // Which ones there are the service knows; the program has to know that its scope is needed.
    `${name}: { tools: [{ name: "any", scope: "${name}:use", readOnly: true } as never] },`,
  );
  addTo("Pulumi.local.yaml", "    policy:", `      - { people: [github:ada], scopes: ["${name}:use"] }`);
}
