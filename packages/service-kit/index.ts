export { createService, type Service, type ServiceEnv } from "./service.ts";
export { type Tool, type ToolContext, ToolError, toolsFor } from "./tool.ts";
export { UpstreamClient, UpstreamError } from "./upstream.ts";
