import type { BrokerConfig } from "../config.ts";
import type { Matchers } from "../policy.ts";
import { Layout, type Navigation } from "./layout.tsx";

/** The policy in force, for administrators. It is changed in the stack's config, not here. */
export function PolicyPage({ nav, config }: { nav: Navigation; config: BrokerConfig }) {
  const administrators = inWords(config.administrators ?? {});
  return (
    <Layout title="The policy in force" nav={nav}>
      <p>
        What nobody is named for is closed. A later scope of a service implies the earlier ones. The policy is part of
        the stack's config: change it there.
      </p>
      {config.policy.length === 0 ? (
        <p class="warning">There is no rule: nobody may do anything.</p>
      ) : (
        <div class="panel scroll">
          <table class="stacked">
            <thead>
              <tr>
                <th scope="col">Who</th>
                <th scope="col">May</th>
              </tr>
            </thead>
            <tbody>
              {config.policy.map((rule) => (
                <tr>
                  <td class="whole">
                    <Lines of={inWords(rule)} none="nobody" />
                  </td>
                  <td class="whole">
                    {rule.scopes.map((scope) => (
                      <>
                        <code>{scope}</code>{" "}
                      </>
                    ))}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <h2>Administrators</h2>
      <Lines of={administrators} none="nobody" />
      <h2>How long things are kept</h2>
      <p>
        Audit trail: {config.auditRetentionDays} days. Access that is not used ends after {config.grantIdleDays} days.
      </p>
    </Layout>
  );
}

function Lines({ of: lines, none }: { of: string[]; none: string }) {
  return <>{lines.length === 0 ? none : lines.map((line) => <div>{line}</div>)}</>;
}

function inWords({ people = [], githubOrganizations = [], githubTeams = [], emailDomains = [] }: Matchers): string[] {
  return [
    ...people,
    ...githubOrganizations.map((name) => `GitHub organisation ${name}`),
    ...githubTeams.map((name) => `GitHub team ${name}`),
    ...emailDomains.map((domain) => `anybody @${domain}`),
  ];
}
