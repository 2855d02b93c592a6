import type { ConsentDescription } from "@cloudflare/workers-oauth-provider";
import type { Scope } from "@hybrid-mcp/catalogue";
import type { Person } from "@hybrid-mcp/service-kit/broker-contract";
import { ChosenHost, ChosenName, chosenName } from "./chosen-name.tsx";
import { Layout } from "./layout.tsx";

export interface ConsentProps {
  details: ConsentDescription;
  service: string;
  person: Person;
  /** What the client asked for or has already, and the person may give. */
  scopes: readonly Scope[];
  /** The service that a scope is of, for people. */
  titleOf(scope: string): string;
  /** Names of the scopes that the client has already; undefined when it has no access yet. */
  before: readonly string[] | undefined;
  /** Whether the person may say that they do not want to be asked again. */
  mayRemember: boolean;
  handle: string;
}

/** Shows who asks for what, and where the access goes; a person may untick scopes. */
export function ConsentPage({ details, service, person, scopes, titleOf, before, mayRemember, handle }: ConsentProps) {
  const groups = Object.entries(Object.groupBy(scopes, ({ name }) => titleOf(name)));
  return (
    <Layout
      title={`Allow ${chosenName(details.clientName)} to use ${service} for you?`}
      heading={
        <>
          Allow <ChosenName name={details.clientName} /> to use {service} for you?
        </>
      }
    >
      <p>
        {details.clientDomain ? (
          <>
            It is published by{" "}
            <strong>
              <ChosenHost host={details.clientDomain} />
            </strong>
            .
          </>
        ) : (
          "It registered itself; its name is not verified."
        )}{" "}
        Access is sent to{" "}
        <strong>
          <ChosenHost host={details.redirectHost} />
        </strong>
        .
      </p>
      {details.redirectIsLoopback && (
        <p class="warning">
          <strong>That is a program on your computer.</strong> Go on only if you have just started signing in from it.
        </p>
      )}
      {before && <p>It has access already. What you allow here takes the place of that.</p>}
      <form method="post">
        <input type="hidden" name="handle" value={handle} />
        <fieldset>
          <legend>It may</legend>
          {groups.map(([title, own]) => (
            <>
              {groups.length > 1 && <h2>{title}</h2>}
              {own!.map(({ name, description }) => (
                <label>
                  <input type="checkbox" name="scope" value={name} checked />
                  <span>
                    {description} {before && !before.includes(name) && <strong class="tag note">new</strong>}
                    <br />
                    <small>{name}</small>
                  </span>
                </label>
              ))}
            </>
          ))}
        </fieldset>
        {mayRemember && (
          <label>
            <input type="checkbox" name="remember" value="on" />
            <span>Do not ask again for this on this browser for 30 days</span>
          </label>
        )}
        <div class="actions">
          <button class="main" type="submit" name="decision" value="approve">
            Allow
          </button>
          <button type="submit" name="decision" value="deny">
            Deny
          </button>
        </div>
        <small>You are signed in as {person.name}.</small>
      </form>
    </Layout>
  );
}
