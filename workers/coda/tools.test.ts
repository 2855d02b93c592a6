import { afterAll, beforeAll } from "vitest";
import { createCodaStandIn } from "../../local/standins/coda/stand-in.ts";
import { checkTools } from "../testing/check-tools.ts";
import { ServiceHarness } from "../testing/service-harness.ts";
import { tools } from "./tools.ts";

const doc = "pT7kXw2LmQ";

let harness: ServiceHarness;
beforeAll(async () => {
  harness = await ServiceHarness.start({
    service: "coda",
    folder: import.meta.dirname,
    standIn: createCodaStandIn({
      tokens: [{ token: "coda-token", loginId: "ada@example.com", name: "Ada" }],
      log: () => {},
    }),
    basePath: "/apis/v1",
    urlBinding: "CODA_API_URL",
    token: "coda-token",
    connection: (apiUrl) => ({ coda: { apiUrl } }),
  });
});
afterAll(() => harness?.close());

checkTools(
  "coda",
  tools,
  {
    list_docs: {},
    list_tables: { doc },
    list_columns: { doc, table: "Tasks" },
    list_rows: { doc, table: "Tasks" },
    upsert_rows: { doc, table: "People", rows: [{ Name: "Kim" }] },
  },
  () => harness,
);
