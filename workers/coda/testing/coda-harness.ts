import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { judged } from "../../../local/standins/coda/judged.ts";
import { type CodaStandInOptions, createCodaStandIn } from "../../../local/standins/coda/stand-in.ts";
import { ServiceHarness } from "../../testing/service-harness.ts";

/** The seeded doc. */
export const DOC = "pT7kXw2LmQ";

/**
 * The service in workerd beside a stand-in of Coda, for the tests of one file. Every request of the service and every answer
 * of the stand-in is judged by Coda's published description; what is not as described fails the file.
 *
 * @returns gives the harness, once it is started
 */
export function codaHarness(options: Partial<CodaStandInOptions> = {}): () => ServiceHarness {
  let harness: ServiceHarness | undefined;
  const standIn = judged(
    createCodaStandIn({
      tokens: [
        { token: "coda-token", loginId: "ada@example.com", name: "Ada Lovelace" },
        { token: "bob-token", loginId: "bob@example.com", name: "Bob Brandt" },
      ],
      log: () => {},
      ...options,
    }),
  );
  beforeAll(async () => {
    harness = await ServiceHarness.start({
      service: "coda",
      folder: join(import.meta.dirname, ".."),
      standIn,
      basePath: "/apis/v1",
      urlBinding: "CODA_API_URL",
      token: "coda-token",
      connection: (apiUrl) => ({ coda: { apiUrl } }),
    });
  });
  afterAll(async () => {
    await harness?.close();
    expect(standIn.problems).toEqual([]);
  });
  return () => harness!;
}
