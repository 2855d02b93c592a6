import { catalogue } from "@hybrid-mcp/catalogue";
import { createService, type ServiceEnv } from "@hybrid-mcp/service-kit";
import { CodaApi } from "./api.ts";
import { listDocs } from "./tools/docs.ts";
import { listRows } from "./tools/rows.ts";

interface Env extends ServiceEnv {
  CODA_API_URL: string;
  CODA_API_TOKEN: string;
}

export default createService<Env, CodaApi>({
  name: "coda",
  title: catalogue.coda.title,
  instructions: "Coda docs hold tables. Find a doc with list_docs, then read a table's rows with list_rows.",
  scopes: catalogue.coda.scopes,
  tools: [listDocs, listRows],
  upstream: (env) => new CodaApi(env.CODA_API_URL, env.CODA_API_TOKEN),
});
