import type { Person } from "@hybrid-mcp/service-kit/broker-contract";
import type { ListedConnection } from "../connections/list.ts";
import type { Grant } from "../people/grants.ts";
import type { Session } from "../session.ts";
import { ChosenHost, ChosenName } from "./chosen-name.tsx";
import { Layout, type Navigation } from "./layout.tsx";
import { Moment } from "./moment.tsx";

/** A grant as its person reads it. */
export interface ShownGrant extends Grant {
  serviceTitle: string;
  /** What it allows, in words; `closed`: the policy does not allow it now. */
  scopes: { name: string; description: string; closed: boolean }[];
  /** Unix time in milliseconds; undefined: never since. */
  lastUsed?: number;
}

export interface HomeProps {
  nav: Navigation;
  person: Person;
  /** The accounts that are linked, in words, e.g. `GitHub`. */
  accounts: string[];
  /** The policy opens nothing to this person. */
  mayDoNothing: boolean;
  connections: ListedConnection[];
  grants: ShownGrant[];
  sessions: Session[];
  ownSession: string | undefined;
  /** Days after which a grant ends that is not used. */
  grantIdleDays: number;
  /** What has just been done. */
  notice: string | undefined;
}

/** Everything of a person in one place: connections, who may act for them, and where they are signed in. */
export function HomePage(props: HomeProps) {
  const { nav, person, accounts, mayDoNothing, connections, grants, sessions, ownSession, grantIdleDays, notice } =
    props;
  return (
    <Layout title="Your access" nav={nav}>
      {notice && (
        <p class="notice" role="status">
          {notice}
        </p>
      )}
      <p class="quiet">
        You are signed in as <strong>{person.name}</strong> ({accounts.join(" and ")}
        {person.emails.length > 0 && `, ${person.emails.join(", ")}`}).
      </p>
      {mayDoNothing && (
        <p class="warning">
          <strong>Nothing on this platform is open to you yet.</strong> Ask whoever runs it to add you to the policy, as{" "}
          {[...(person.login ? [`github:${person.login}`] : []), ...person.emails].join(" or ")}.
        </p>
      )}

      <h2 id="connections">Connections</h2>
      <p class="quiet">Your own accounts at other services, which the platform uses when it acts for you.</p>
      {connections.length === 0 ? (
        <p>There is nothing that you could connect.</p>
      ) : (
        <ul class="cards" aria-labelledby="connections">
          {connections.map((connection) => (
            <ConnectionItem {...connection} />
          ))}
        </ul>
      )}

      <h2 id="grants">Programs with access</h2>
      <p class="quiet">
        What you have allowed programs to do in your name. Access that is not used for {grantIdleDays} days ends by
        itself.
      </p>
      {grants.length === 0 ? (
        <p>No program has access.</p>
      ) : (
        <ul class="cards" aria-labelledby="grants">
          {grants.map((grant) => (
            <GrantItem {...grant} />
          ))}
        </ul>
      )}

      <h2 id="sessions">Where you are signed in</h2>
      <p class="quiet">A browser that is not used for a day is signed out. Its last use is known to the hour.</p>
      <ul class="cards" aria-labelledby="sessions">
        {sessions.map(({ id, browser, createdAt, lastUsed }) => (
          <li>
            <div>
              <h3>
                {browser} {id === ownSession && <span class="tag good">this browser</span>}
              </h3>
              <p>
                <small>
                  Since <Moment at={createdAt * 1000} />, last used <Moment at={lastUsed * 1000} />
                </small>
              </p>
            </div>
            {id !== ownSession && (
              <form method="post" action={`/sessions/${id}/end`}>
                <button class="small" type="submit" aria-label={`Sign out ${browser}`}>
                  Sign out
                </button>
              </form>
            )}
          </li>
        ))}
      </ul>
      {sessions.length > 1 && (
        <form class="actions" method="post" action="/sessions/end-others" style="margin-top: .75rem">
          <button class="small" type="submit">
            Sign out everywhere else
          </button>
        </form>
      )}
    </Layout>
  );
}

const STATUS = {
  connected: { tag: "good", text: "connected" },
  broken: { tag: "bad", text: "does not work any more" },
  shared: { tag: "", text: "the organisation's account" },
  none: { tag: "", text: "not connected" },
};

function ConnectionItem({ service, title, status, account, connectedAt }: ListedConnection) {
  const own = status === "connected" || status === "broken";
  const action = own ? "Reconnect" : status === "shared" ? "Use your own" : "Connect";
  return (
    <li>
      <div>
        <h3>
          {title} <span class={`tag ${STATUS[status].tag}`}>{STATUS[status].text}</span>
        </h3>
        {own && (
          <p>
            <small>
              {account && `As ${account}`}
              {account && connectedAt && ", "}
              {connectedAt && (
                <>
                  {account ? "since" : "Since"} <Moment at={connectedAt * 1000} />
                </>
              )}
            </small>
          </p>
        )}
      </div>
      <div class="actions">
        <a
          class={`button small${status === "broken" ? " main" : ""}`}
          href={`/auth/${service}?return=/`}
          aria-label={`${action} ${title}`}
        >
          {action}
        </a>
        {own && (
          <form method="post" action={`/auth/${service}/disconnect`}>
            <input type="hidden" name="return" value="/" />
            <button class="small" type="submit" aria-label={`Disconnect ${title}`}>
              Disconnect
            </button>
          </form>
        )}
      </div>
    </li>
  );
}

function GrantItem({ id, clientName, host, serviceTitle, scopes, createdAt, lastUsed }: ShownGrant) {
  return (
    <li>
      <div>
        <h3>
          <ChosenName name={clientName} /> <span class="tag">{serviceTitle}</span>
        </h3>
        <ul>
          {scopes.map(({ name, description, closed }) => (
            <li>
              {closed ? <s>{description}</s> : description} <small>{name}</small>{" "}
              {closed && <small>(the policy does not allow it now)</small>}
            </li>
          ))}
        </ul>
        <p>
          <small>
            Access goes to <ChosenHost host={host} />. Since <Moment at={createdAt * 1000} />,{" "}
            {lastUsed ? (
              <>
                last used <Moment at={lastUsed} />
              </>
            ) : (
              "not used yet"
            )}
            . <a href={`/activity?grant=${id}`}>What it did</a>
          </small>
        </p>
      </div>
      <form method="post" action={`/grants/${id}/revoke`}>
        <button class="small" type="submit" aria-label={`Revoke the access of ${clientName} to ${serviceTitle}`}>
          Revoke
        </button>
      </form>
    </li>
  );
}
