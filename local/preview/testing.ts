import type { DigestStep } from "./digest.ts";

/** URN of a resource, as the tests of previews name one. */
export const urnOf = (type: string, name: string) => `urn:pulumi:dev::hybrid-mcp::${type}::${name}`;

/** A step of a preview: what there is before and after is the same, but for what is given. */
export function step(op: string, type: string, name: string, more: Partial<DigestStep> = {}): DigestStep {
  const state = { urn: urnOf(type, name), type, custom: true };
  return {
    op,
    urn: state.urn,
    ...(op !== "create" && { oldState: state }),
    ...(op !== "delete" && { newState: state }),
    ...more,
  };
}
