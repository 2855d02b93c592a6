import { startTestApi, type TestApi } from "../../cloud/api/test-api.ts";
import { createTestStack, type TestStack } from "./stack.ts";

/** A throw-away stack of the program's own parts at the edge, on an emulator of its own. */
export interface EdgeStack extends AsyncDisposable {
  cloud: TestApi;
  stack: TestStack;
}

/** @throws Error when no engine can be had */
export async function createEdgeStack(): Promise<EdgeStack> {
  const cloud = await startTestApi();
  const stack = await createTestStack({
    CLOUDFLARE_BASE_URL: `${cloud.origin}/client/v4`,
    CLOUDFLARE_API_TOKEN: String(cloud.cloudflare.apiToken),
  });
  return {
    cloud,
    stack,
    async [Symbol.asyncDispose]() {
      await stack[Symbol.asyncDispose]();
      await cloud.close();
    },
  };
}
