import { createService, type ServiceEnv } from "@hybrid-mcp/service-kit";
import { FIXTURE_SCOPE } from "./fixture-tool.ts";
import { registerPrompts } from "./prompts.ts";
import { requestState } from "./request-state.ts";
import { registerResources } from "./resources.ts";
import { contentTools } from "./tools/content.ts";
import { diagnosticTools } from "./tools/diagnostics.ts";
import { questionTools } from "./tools/questions.ts";

/**
 * A service with what the scenarios of the MCP conformance suite call, built as every other one, so that they test the
 * service kit. It is in no catalogue: the test run declares it.
 */
export default createService<ServiceEnv, undefined>({
  name: "fixture",
  title: "Fixture",
  instructions: "The conformance scenarios know what to do.",
  scopes: [{ name: FIXTURE_SCOPE }],
  tools: [...contentTools, ...questionTools, ...diagnosticTools],
  requestState,
  upstream: () => undefined,
  extend(mcp) {
    registerPrompts(mcp);
    registerResources(mcp);
    mcp.server.registerCapabilities({ logging: {} });
  },
});
