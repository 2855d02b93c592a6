import { catalogue } from "@hybrid-mcp/catalogue";
import { createService, type ServiceEnv } from "@hybrid-mcp/service-kit";
import { CodaApi } from "./api.ts";
import { tools } from "./tools.ts";

interface Env extends ServiceEnv {
  CODA_API_URL: string;
}

export default createService<Env, CodaApi>({
  name: "coda",
  title: catalogue.coda.title,
  instructions:
    "Coda docs hold tables. Find a doc with list_docs, its tables with list_tables and their columns with list_columns; read rows with list_rows, add or change them with upsert_rows.",
  scopes: catalogue.coda.scopes,
  tools,
  upstream: (env, call) => new CodaApi(env.CODA_API_URL, call),
});
