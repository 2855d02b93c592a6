import type { ConsentDescription } from "@cloudflare/workers-oauth-provider";
import type { Scope } from "@hybrid-mcp/catalogue";
import type { Person } from "@hybrid-mcp/service-kit/broker-contract";
import { Layout } from "./layout.tsx";

export interface ConsentProps {
  details: ConsentDescription;
  service: string;
  person: Person;
  /** What the client asked for and the person may give. */
  scopes: readonly Scope[];
  handle: string;
}

/** Shows who asks for what, and where the access goes; a person may untick scopes. */
export function ConsentPage({ details, service, person, scopes, handle }: ConsentProps) {
  return (
    <Layout title={`Allow ${details.clientName} to use ${service} for you?`}>
      <p>
        {details.clientDomain ? (
          <>
            It is published by <strong>{details.clientDomain}</strong>.
          </>
        ) : (
          "It registered itself; its name is not verified."
        )}{" "}
        Access is sent to <strong>{details.redirectHost}</strong>.
      </p>
      {details.redirectIsLoopback && (
        <p class="warning">
          <strong>That is a program on your computer.</strong> Go on only if you have just started signing in from it.
        </p>
      )}
      <form method="post">
        <input type="hidden" name="handle" value={handle} />
        <fieldset>
          <legend>It may</legend>
          {scopes.map(({ name, description }) => (
            <label>
              <input type="checkbox" name="scope" value={name} checked />
              <span>
                {description}
                <br />
                <small>{name}</small>
              </span>
            </label>
          ))}
        </fieldset>
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
