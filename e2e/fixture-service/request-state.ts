import { createRequestStateCodec } from "@modelcontextprotocol/server";

/**
 * Seals what a tool hands to the client between two rounds of questions. Every copy of the service has the same key: the
 * next round may reach another one.
 */
export const requestState = createRequestStateCodec<{ round: number }>({
  key: "a key of the fixture that protects nothing",
});
