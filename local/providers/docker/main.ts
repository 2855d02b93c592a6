import { sdkVersion } from "../core/sdk-version.ts";
import { serve } from "../core/serve.ts";
import { provider } from "./provider.ts";

await serve({ ...provider, version: sdkVersion("docker") });
