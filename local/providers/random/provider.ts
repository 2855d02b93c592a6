import type { ProviderDefinition } from "../core/resource-type.ts";
import { resources } from "./random.ts";

/** Stands in for the official `random` plugin. */
export const provider: Omit<ProviderDefinition, "version"> = { name: "random", resources };
