import type { ListedConnection } from "../connections/list.ts";
import { Layout } from "./layout.tsx";
import { dayInWords } from "./moment.tsx";

export interface ConnectProps {
  connection: ListedConnection;
  /** Where a person finds a token to paste; undefined for one who is sent to the upstream. */
  where: string | undefined;
  /** Path on the broker to go to afterwards. */
  returnTo: string;
  /** What went wrong just now, in a sentence. */
  problem?: string;
}

/** One connection: what there is, how to connect or connect anew, and how to end it. */
export function ConnectPage({ connection, where, returnTo, problem }: ConnectProps) {
  const { service, title, status } = connection;
  const made = status === "connected" || status === "broken";
  return (
    <Layout title={made ? `Your ${title} account` : `Connect your ${title} account`}>
      {problem && (
        <p class="warning" role="alert">
          {problem}
        </p>
      )}
      <p>{says(connection)}</p>
      <form method="post" action={`/auth/${service}`}>
        <input type="hidden" name="return" value={returnTo} />
        {where === undefined ? (
          <p>
            {title} asks you next whether you allow it. What you use here then acts in {title} as you.
          </p>
        ) : (
          <>
            <p>
              {where} It is checked with {title}, kept encrypted, and never shown again.
            </p>
            <label class="field">
              Token
              <input type="password" name="token" required autocomplete="off" spellcheck={false} />
            </label>
          </>
        )}
        <div class="actions">
          <button class="main" type="submit">
            {made ? "Connect again" : `Connect ${title}`}
          </button>
        </div>
      </form>
      {made && (
        <form method="post" action={`/auth/${service}/disconnect`}>
          <input type="hidden" name="return" value={returnTo} />
          <div class="actions">
            <button type="submit">Disconnect</button>
          </div>
          {where !== undefined && <small>The token itself stays good until you delete it in {title}.</small>}
        </form>
      )}
      <p>
        <a href="/">Your own page</a>
      </p>
    </Layout>
  );
}

function says({ title, status, account, connectedAt }: ListedConnection): string {
  if (status === "none") return `Your ${title} account is not connected.`;
  if (status === "shared") return `Until you connect your own, the organisation's ${title} account is used.`;
  const as = account === undefined ? "" : ` as ${account}`;
  if (status === "broken") return `${title} no longer takes what you connected${as}. Connect again to go on.`;
  return `You are connected${as} since ${dayInWords(connectedAt! * 1000)}.`;
}
