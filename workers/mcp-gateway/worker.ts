import { app } from "./app.tsx";
import type { GatewayEnv } from "./config.ts";

export default {
  fetch: (request: Request, env: GatewayEnv, ctx: object) => app.fetch(request, env, ctx as never),
};
