export { createService, type Service, type ServiceEnv } from "./service.ts";
export { type RawTool, type Tool, type ToolContext, ToolError, toolsFor } from "./tool.ts";
export { type UpstreamCall, UpstreamClient, UpstreamError } from "./upstream.ts";
