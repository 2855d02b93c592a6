import { Hono } from "hono";
import type { BrokerEnv } from "../config.ts";
import { resumeTransaction } from "../sign-in/transaction.ts";
import { finishConnection } from "./connections.tsx";
import { finishSignIn } from "./sign-in.tsx";

/** The way back from a provider: what the redirect belongs to is in the state's own record, not in the URL. */
export const callbackRoutes = new Hono<{ Bindings: BrokerEnv }>();

callbackRoutes.get("/callback/:name", async (c) => {
  const transaction = await resumeTransaction(c, c.req.param("name"));
  return transaction.purpose === "connection" ? finishConnection(c, transaction) : finishSignIn(c, transaction);
});
